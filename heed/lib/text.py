"""Measuring and shortening what people write."""

from __future__ import annotations

from typing import Literal

import regex

Unit = Literal["chars", "utf16", "graphemes", "bytes"]

_GRAPHEME = regex.compile(r"\X")


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


def first_words(text: str, limit: int = 80) -> str:
    """The start of a text on one line, cut between words, with an ellipsis when it was cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0] + "…"


def clean(text: str) -> str:
    """A text the database can keep: PostgreSQL refuses NUL, and lone surrogates are no UTF-8."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
