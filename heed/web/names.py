"""What people are called, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from heed.inbox.models.people import NAMELESS


def as_read(kept: str, *, named: bool | None = None) -> str:
    """A name as it is kept (`Identity.called`), for whoever reads it. `named`: the network told it; where
    that is not known any more, it did not if there is a digit in it, as there is in ids."""
    if not kept:
        return gettext("Unknown person")
    if not named and (nameless := NAMELESS.fullmatch(kept)):
        end = nameless[1]
        if named is False or any(map(str.isdigit, end)):
            return gettext("Customer {end}").format(end=end)
    # The chat keeps a nameless visitor in English, with the page they wrote on.
    word, dot, page = kept.partition(" · ")
    return gettext("Visitor") + dot + page if word == "Visitor" else kept
