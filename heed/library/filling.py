"""Placeholders of quick texts, like {first_name}."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_BLANK = re.compile(r"\{([a-z][a-z0-9_]{0,60})\}")


def fill(text: str, known: Mapping[str, str]) -> str:
    """The text with what is known in place of the placeholders. One that is not known, or of which nothing
    is known, stays as it is written: whoever sends it sees it."""
    return _BLANK.sub(lambda blank: known.get(blank[1]) or blank[0], text)


def unknown(text: str, names: Collection[str]) -> list[str]:
    """The placeholders of a text that are not among these names, in their order, each once."""
    return [name for name in dict.fromkeys(_BLANK.findall(text)) if name not in names]


def first_name(name: str) -> str:
    """What somebody is called in a greeting: "" for what is no name, such as a handle or a number."""
    word = name.strip().split(" ", 1)[0]
    return word if word[:1].isalpha() and not any(sign in word for sign in "@_0123456789.") else ""
