"""A mail taken apart: who, when, what is said, what hangs on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from functools import cached_property
from hashlib import sha256
from typing import cast

from heed.channels.base import Attachment, AttachmentKind
from heed.channels.email import quotes, words
from heed.channels.email.plain import Plain, plain
from heed.channels.email.subjects import is_passed_on

_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_LONGEST_ID = 200
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")


@dataclass
class Said:
    """The text of a mail: `whole`, and `fresh` without what was quoted; and the files that belong to it."""

    whole: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    files: list[tuple[str, Message]] = field(default_factory=list)
    only_quoted: set[str] = field(default_factory=set)


class Letter:
    """A mail. Nothing of it is believed: a stranger may have written every header."""

    def __init__(self, raw: bytes) -> None:
        self.message = message_from_bytes(raw)
        self._raw = raw

    @property
    def id(self) -> str:
        """Its Message-ID, or one made of its bytes where there is none that can be used."""
        found = _ID.search(words.raw_header(self.message, "Message-ID"))
        if found and len(found[1]) <= _LONGEST_ID:
            return found[1]
        return f"sha256:{sha256(self._raw).hexdigest()}"

    @cached_property
    def subject(self) -> str:
        return words.header(self.message, "Subject")[:500]

    def ids(self, *names: str) -> list[str]:
        """The Message-IDs in these headers, in order."""
        found = [id for name in names for id in _ID.findall(words.raw_header(self.message, name))]
        return list(dict.fromkeys(id for id in found if len(id) <= _LONGEST_ID))

    def said(self) -> Said:
        said = Said()
        _gather(self.message, "", said)
        if is_passed_on(self.subject):  # then what looks like a quotation is what they want to be read
            said.fresh, said.only_quoted = list(said.whole), set()
        return said

    def leaves(self) -> Iterator[tuple[str, Message]]:
        """Its parts by number, as IMAP counts them."""
        return _leaves(self.message, "")


def text_of(said: Said) -> tuple[str, str]:
    """What is new in the mail, and everything it says."""
    whole = "\n\n".join(piece for piece in said.whole if piece).strip()
    fresh = "\n\n".join(piece for piece in said.fresh if piece).strip()
    return fresh, whole


def attachments_of(said: Said, place: str) -> tuple[Attachment, ...]:
    """The files of a mail. Pictures that stand only in the quotation were sent before."""
    return tuple(
        _attachment(section, part, place)
        for section, part in said.files
        if _content_id(part) not in said.only_quoted and words.kind_of(part) not in _SIGNATURES
    )


def _leaves(part: Message, prefix: str) -> Iterator[tuple[str, Message]]:
    if _is_folder(part):
        for number, inner in enumerate(_inside(part), 1):
            yield from _leaves(inner, f"{prefix}.{number}" if prefix else str(number))
    else:
        yield prefix or "1", part


def _gather(part: Message, prefix: str, said: Said) -> None:
    if not _is_folder(part):
        _take(prefix or "1", part, said)
        return
    inside = [
        (f"{prefix}.{number}" if prefix else str(number), inner)
        for number, inner in enumerate(_inside(part), 1)
    ]
    if words.kind_of(part) == "multipart/alternative":
        _choose(inside, said)
        return
    for section, inner in inside:
        _gather(inner, section, said)


def _choose(ways: list[tuple[str, Message]], said: Said) -> None:
    """Of several ways to say the same, the plainest that says anything. Files of the others stay."""
    tried = []
    for section, way in ways:
        each = Said()
        _gather(way, section, each)
        tried.append(each)
    speaking = [each for each in tried if any(piece.strip() for piece in each.whole)]
    chosen = speaking[0] if speaking else Said()
    said.whole += chosen.whole
    said.fresh += chosen.fresh
    for each in tried:
        said.files += each.files
        said.only_quoted |= each.only_quoted


def _take(section: str, part: Message, said: Said) -> None:
    kind = words.kind_of(part)
    if kind not in ("text/plain", "text/html") or _is_file(part):
        said.files.append((section, part))
        return
    text = (
        words.decoded(words.content_of(part), words.charset_of(part))
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )
    if kind == "text/html":
        read = plain(text)
    else:
        flowed = _flowed(text, part)
        read = Plain(flowed, quotes.fresh(flowed))
    said.whole.append(read.whole)
    said.fresh.append(read.fresh)
    said.only_quoted |= read.quoted_pictures


def _flowed(text: str, part: Message) -> str:
    """Lines that a program broke (RFC 3676) are put together again."""
    if str(words.param(part, "format") or "").lower() != "flowed":
        return text.strip()
    glued = str(words.param(part, "delsp") or "").lower() == "yes"
    lines: list[list[str]] = []
    open_at = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        bare = line[depth:].removeprefix(" ")
        flows = bare.endswith(" ") and bare != "-- "
        piece = bare[:-1] if glued and flows else bare
        if open_at == depth:
            lines[-1].append(piece)
        else:
            lines.append([f"{'>' * depth} {piece}" if depth else piece])
        open_at = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in lines).strip()


def _is_folder(part: Message) -> bool:
    """Python opens mails inside mails too: to us, and to IMAP, those are one file."""
    return part.is_multipart() and words.kind_of(part).partition("/")[0] == "multipart"


def _inside(part: Message) -> list[Message]:
    return cast(list[Message], part.get_payload())


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(words.file_name(part))


def _content_id(part: Message) -> str:
    return words.raw_header(part, "Content-ID").strip().strip("<>")


def _attachment(section: str, part: Message, place: str) -> Attachment:
    mime = words.kind_of(part)
    return Attachment(
        kind=_KINDS.get(words.kind_of(part).partition("/")[0], "file"),
        url=f"media:{place}/{section}",
        name=words.file_name(part) or _usual_name(part),
        mime=mime,
        size=_size(part),
    )


_KINDS: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}


def _usual_name(part: Message) -> str:
    match words.kind_of(part):
        case "message/rfc822":
            inside = part.get_payload()
            inner = inside[0] if isinstance(inside, list) and inside else None
            subject = words.header(inner, "Subject") if isinstance(inner, Message) else ""
            return f"{subject or 'mail'}.eml"[:200]
        case "text/calendar":
            return "invitation.ics"
        case "text/html":
            return "page.html"
    return ""


def _size(part: Message) -> int | None:
    payload = words.letters_of(part)
    if payload is None:
        return None
    encoding = words.header(part, "Content-Transfer-Encoding").lower()
    letters = len(payload) - payload.count("\n") - payload.count("\r")
    padding = payload.rstrip()[-2:].count("=")
    return letters * 3 // 4 - padding if encoding == "base64" else len(payload)
