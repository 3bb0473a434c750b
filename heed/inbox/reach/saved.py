"""The views people keep, and how many tickets each holds."""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from heed.accounts.models import User
from heed.inbox.conditions import BadCondition, parse
from heed.inbox.models import SavedView
from heed.inbox.reach.lists import count
from heed.inbox.reach.refusals import NoSuchView
from heed.inbox.reach.seeing import signed_in

_FRESH = 20.0
"""Seconds for which a count is good enough."""
_MOST_KEPT = 5000
_counts: dict[tuple[int, int, str], tuple[float, int]] = {}
"""By person and view: when it was counted, and how many there were. Each process keeps its own."""


def saved_views(user: User) -> list[SavedView]:
    """One's own views, and those shared with one's teams or with everybody, in their order."""
    return list(_visible(user).order_by("position", "pk"))


def saved_view(user: User, pk: int) -> SavedView:
    """One of them. Raises `NoSuchView`."""
    found = _visible(user).filter(pk=pk).first()
    if found is None:
        raise NoSuchView(str(pk))
    return found


def may_change(user: User, view: SavedView) -> bool:
    """Its owner may; a shared one, also whoever may share."""
    return view.owner_id == user.pk or (view.shared and user.rights.may("share"))


def counted(user: User, views: Iterable[SavedView]) -> dict[int, int]:
    """How many tickets these views held when they were last counted: nothing is counted now."""
    return {view.pk: kept[1] for view in views if (kept := _counts.get(_key(user, view)))}


def count_views(user: User, views: Iterable[SavedView]) -> dict[int, int]:
    """How many tickets these views hold, up to `lists.MOST_COUNTED`, counted at most every few seconds.
    One that cannot be understood any more holds none."""
    if len(_counts) > _MOST_KEPT:
        _counts.clear()
    found = {}
    for view in views:
        at, number = _counts.get(_key(user, view), (0.0, 0))
        if not at or time.monotonic() - at > _FRESH:
            number = _count(user, view)
            _counts[_key(user, view)] = time.monotonic(), number
        found[view.pk] = number
    return found


def _visible(user: User) -> QuerySet[SavedView]:
    signed_in(user)
    rows = SavedView.objects.select_related("owner", "team")
    shared = Q(shared=True) & (Q(team=None) | Q(team__memberships__user=user))
    return rows.filter(Q(owner=user) | shared).distinct()


def _count(user: User, view: SavedView) -> int:
    try:
        return count(user, "all", parse(view.condition))
    except BadCondition:
        return 0


def _key(user: User, view: SavedView) -> tuple[int, int, str]:
    return user.pk, view.pk, view.condition
