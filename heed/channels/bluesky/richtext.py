"""Mentions, links and tags inside a text, at byte positions as the protocol wants them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from heed.lib.text import measure

_OPENING = r"(?:^|[\s(\[{«„“\"'])"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_MENTION = re.compile(_OPENING + rf"@((?:{_LABEL}\.)+[a-zA-Z](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?)")
_LINK = re.compile(_OPENING + r"((?:https?://|www\.)[^\s<>]+)", re.IGNORECASE)
_TAG = re.compile(r"(?:^|\s)([#＃](?!\ufe0f)[^\s\u00ad\u2060\u200a-\u200d\u20e2#＃]+)")
_AFTER_A_LINK = frozenset(".,;:!?'\"«»„“”‘’…)]}،؛؟。、！？")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_MOST_OF_A_TAG = 64


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text that means something. `start` and `end` count UTF-8 bytes; `value` is the
    handle, the address or the tag."""

    kind: Literal["mention", "link", "tag"]
    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text with what it means, if anything: its DID, address or tag."""

    text: str
    kind: Literal["text", "mention", "link", "tag"] = "text"
    value: str = ""


def spans(text: str) -> list[Span]:
    """The handles, links and tags of a text, in order, never overlapping."""
    found = [
        *_spans_of(text, _LINK, "link", _trimmed_link),
        *_spans_of(text, _MENTION, "mention", str),
        *_spans_of(text, _TAG, "tag", _trimmed_tag),
    ]
    apart: list[Span] = []
    for span in sorted(found, key=lambda each: (each.start, -each.end)):
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
    return apart


def facets(found: Iterable[Span], dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a post. A handle nobody knows stays plain text."""
    made: list[dict[str, Any]] = []
    for span in found:
        feature = _feature(span, dids)
        if feature:
            made.append({"index": {"byteStart": span.start, "byteEnd": span.end}, "features": [feature]})
    return made


def segments(text: str, of_post: Iterable[Mapping[str, Any]]) -> list[Segment]:
    """A text cut at its facets. Facets that overlap, lie outside or cut a letter are left out."""
    raw = text.encode()
    cut: list[Segment] = []
    at = 0
    for start, end, kind, value in sorted(_readable(raw, of_post)):
        if start < at:
            continue
        if start > at:
            cut.append(Segment(raw[at:start].decode()))
        cut.append(Segment(raw[start:end].decode(), kind, value))
        at = end
    if at < len(raw):
        cut.append(Segment(raw[at:].decode()))
    return cut


def on_letters(raw: bytes, start: int, end: int) -> bool:
    """Whether both positions lie between letters of this UTF-8 text and enclose something."""
    return 0 <= start < end <= len(raw) and not any(
        at < len(raw) and raw[at] & 0xC0 == 0x80 for at in (start, end)
    )


def _spans_of(text: str, pattern: Any, kind: Literal["mention", "link", "tag"], trim: Any) -> list[Span]:
    found: list[Span] = []
    for match in pattern.finditer(text):
        shown = trim(match[1])
        if not shown:
            continue
        start = match.start(1) - (kind == "mention")  # the @ belongs to it
        end = match.start(1) + len(shown)
        before = len(text[:start].encode())
        size = len(text[start:end].encode())
        found.append(Span(kind, before, before + size, _value(kind, shown)))
    return found


def _value(kind: str, shown: str) -> str:
    if kind == "link":
        return shown if "://" in shown else f"https://{shown}"
    return shown[1:] if kind == "tag" else shown


def _trimmed_link(shown: str) -> str:
    """A link without the punctuation of the sentence around it; brackets stay when they pair."""
    while shown and shown[-1] in _AFTER_A_LINK:
        last = shown[-1]
        if last in _PAIRS and shown.count(_PAIRS[last]) >= shown.count(last):
            break
        shown = shown[:-1]
    return shown if _is_address(shown) else ""


def _is_address(shown: str) -> bool:
    try:
        host = urlsplit(shown if "://" in shown else f"https://{shown}").hostname or ""
    except ValueError:
        return False
    return bool(host) and ("://" in shown or host.count(".") >= 2)


def _trimmed_tag(shown: str) -> str:
    while unicodedata.category(shown[-1]).startswith("P") and len(shown) > 1:
        shown = shown[:-1]
    tag = shown[1:]
    if not tag or tag.isdigit() or measure(tag, "graphemes") > _MOST_OF_A_TAG:
        return ""
    return shown


def _feature(span: Span, dids: Mapping[str, str]) -> dict[str, str] | None:
    match span.kind:
        case "mention":
            did = dids.get(span.value)
            return {"$type": "app.bsky.richtext.facet#mention", "did": did} if did else None
        case "link":
            return {"$type": "app.bsky.richtext.facet#link", "uri": span.value}
        case "tag":
            return {"$type": "app.bsky.richtext.facet#tag", "tag": span.value}


def _readable(
    raw: bytes, of_post: Iterable[Mapping[str, Any]]
) -> Iterable[tuple[int, int, Literal["mention", "link", "tag"], str]]:
    for facet in of_post:
        try:
            start, end = int(facet["index"]["byteStart"]), int(facet["index"]["byteEnd"])
            known = [_meaning(feature) for feature in facet["features"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        meanings = [each for each in known if each]
        if meanings and on_letters(raw, start, end):
            yield start, end, *meanings[0]


def _meaning(feature: Mapping[str, Any]) -> tuple[Literal["mention", "link", "tag"], str] | None:
    match str(feature.get("$type", "")).partition("#")[2]:
        case "mention":
            return "mention", str(feature["did"])
        case "link":
            return "link", str(feature["uri"])
        case "tag":
            return "tag", str(feature["tag"])
    return None
