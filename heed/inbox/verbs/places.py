"""Where a name is kept that becomes another one, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext

from heed.inbox.conditions import BadCondition
from heed.inbox.models import SavedView
from heed.inbox.verbs.refusals import CannotTend


@contextmanager
def must_fit(place: str) -> Iterator[None]:
    """For the condition kept in this place, in words, to get a new name: with the old one it would go on to
    ask for what is no more. Raises `CannotTend` where it becomes too long."""
    try:
        yield
    except BadCondition as bad:
        said = gettext("With the new name this condition would be too long: %(place)s. Change that first.")
        raise CannotTend(said % {"place": place}) from bad


def place_of(view: SavedView) -> str:
    """A view in words. What somebody calls one that they keep alone is nobody else's business."""
    if view.shared:
        return gettext("the view “%(name)s”") % {"name": view.name}
    return gettext("a view of %(name)s") % {"name": view.owner.name}
