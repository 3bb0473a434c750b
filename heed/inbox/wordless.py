"""What stands for a message without words in lists and titles: kept in English, and read in the reader's
language."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop

from heed.lib.text import clean, first_words

PAPER_CLIP = "📎"
"""For a message that has only files."""

BY_KIND = {
    "postback": gettext_noop("Pressed a button"),
    "story_mention": gettext_noop("Mentioned you in a story"),
}
"""Where the network does not say what stood on the button, and where there is nothing but the story."""


def line_of(text: str, kind: str) -> str:
    """A message in a line of a list."""
    return first_words(clean(text), 180) or BY_KIND.get(kind, PAPER_CLIP)


def as_read(kept: str) -> str:
    """Such a line for whoever reads it."""
    return gettext(kept) if kept in BY_KIND.values() else kept
