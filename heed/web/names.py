"""What people are called, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from heed.inbox.models.people import NAMELESS


def as_read(kept: str) -> str:
    """A name as it is kept (`Identity.called`), for whoever reads it."""
    if not kept:
        return gettext("Unknown person")
    if nameless := NAMELESS.fullmatch(kept):
        return gettext("Customer {end}").format(end=nameless[1])
    # The chat keeps a nameless visitor in English, with the page they wrote on.
    word, dot, page = kept.partition(" · ")
    return gettext("Visitor") + dot + page if word == "Visitor" else kept
