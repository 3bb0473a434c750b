"""Measuring, shortening and reading what people write."""

from __future__ import annotations

import unicodedata
from typing import Literal

import regex

Unit = Literal["chars", "utf16", "graphemes", "bytes", "weighted"]
"""`weighted` is how X counts: letters of most alphabets 1, others and every emoji 2, a link 23."""

_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]")
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_LINK_WEIGHT = 23
_LINK = regex.compile(
    r"https?://[^\s]+"
    r"|(?<![\p{L}\p{N}_@#$./-])(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+"
    r"(?:com|org|net|info|biz|edu|gov|shop|store|online|site|website|app|dev|blog|news|[a-z]{2})"
    r"(?![\p{L}\p{N}_-])(?:[/?#][^\s]*)?",
    regex.IGNORECASE,
)
_AFTER_LINK = ".,!?;:'\")]}»…"


def measure(text: str, unit: Unit) -> int:
    """The length of a text in a network's own unit."""
    match unit:
        case "chars":
            return len(text)
        case "utf16":
            return len(text.encode("utf-16-le")) // 2
        case "graphemes":
            return len(_GRAPHEME.findall(text))
        case "bytes":
            return len(text.encode())
        case "weighted":
            return _weight(unicodedata.normalize("NFC", text))


def _weight(text: str) -> int:
    """The weight of a text for X. What may be a link counts as one: X knows more endings than we do."""
    total, at = 0, 0
    for link in _LINK.finditer(text):
        total += _plain_weight(text[at : link.start()]) + _LINK_WEIGHT
        at = link.start() + len(link[0].rstrip(_AFTER_LINK))
    return total + _plain_weight(text[at:])


def _plain_weight(text: str) -> int:
    return sum(map(_cluster_weight, _GRAPHEME.findall(text)))


def _cluster_weight(cluster: str) -> int:
    if _EMOJI.search(cluster) and not (len(cluster) == 1 and ord(cluster) <= _LIGHT[0][1]):
        return 2
    return sum(1 if any(low <= ord(letter) <= high for low, high in _LIGHT) else 2 for letter in cluster)


def first_words(text: str, limit: int = 80) -> str:
    """The start of a text on one line, cut between words, with an ellipsis when it was cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0] + "…"


def whole(text: str) -> int | None:
    """The number that a request names in digits and nothing else; None where there is none, or one that is
    larger than the database's."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def clean(text: str) -> str:
    """A text the database can keep: PostgreSQL refuses NUL, and lone surrogates are no UTF-8."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
