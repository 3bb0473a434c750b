"""The views people keep, and how many tickets each holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from django.db import OperationalError

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed
from heed.inbox.conditions import BadCondition, parse
from heed.inbox.models import SavedView
from heed.inbox.reach.lists import count
from heed.inbox.reach.refusals import NoSuchView
from heed.inbox.reach.seeing import signed_in
from heed.lib.rows import Joined

log = logging.getLogger("heed.views")

_FRESH = 20.0
"""Seconds for which a count is good enough."""
_MOST_KEPT = 5000
_counts: dict[tuple[int, int, str], tuple[float, int]] = {}
"""By person and view: when it was counted, and how many there were. Each process keeps its own."""


def saved_views(user: User) -> list[SavedView]:
    """One's own views, and those shared with one's teams or with everybody, in their order."""
    signed_in(user)
    return _VIEWS.read(f"WHERE {_VISIBLE} {_IN_ORDER}", [user.pk, user.pk])


def saved_view(user: User, pk: int) -> SavedView:
    """One of them. Raises `NoSuchView`."""
    signed_in(user)
    found = _VIEWS.first(f"WHERE {_VISIBLE} AND inbox_savedview.id = %s", [user.pk, user.pk, pk])
    if found is None:
        raise NoSuchView(str(pk))
    return found


_VIEWS = Joined(SavedView, "owner", "team")
_IN_ORDER = "ORDER BY inbox_savedview.position, inbox_savedview.id"
_VISIBLE = """(inbox_savedview.owner_id = %s OR inbox_savedview.shared AND (inbox_savedview.team_id IS NULL
    OR inbox_savedview.team_id IN (SELECT team_id FROM accounts_membership WHERE user_id = %s)))"""


def may_change(user: User, view: SavedView) -> bool:
    """Its owner may; a shared one, also whoever may share."""
    return view.owner_id == user.pk or (view.shared and user.rights.may("share"))


def gone_from(user: User, view: SavedView) -> BadCondition | None:
    """What a view names that is not there for this person, or not any more: it opens, and that is said."""
    try:
        parse(view.condition).check(user)
    except BadCondition as gone:
        return gone
    return None


def counted(user: User, views: Iterable[SavedView]) -> dict[int, int]:
    """How many tickets these views held when they were last counted: nothing is counted now."""
    return {view.pk: kept[1] for view in views if (kept := _counts.get(_key(user, view)))}


def count_views(user: User, views: Iterable[SavedView]) -> dict[int, int]:
    """How many tickets these views hold, up to `counters.MOST_COUNTED`, counted at most every few seconds.
    One that cannot be understood any more, or not be counted, holds none."""
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


def _count(user: User, view: SavedView) -> int:
    try:
        return count(user, "all", parse(view.condition))
    except BadCondition:
        return 0
    except (NotAllowed, OperationalError):
        raise
    except Exception:  # the lists of everybody who sees it are shown without its number
        log.exception("view %s cannot be counted", view.pk)
        return 0


def _key(user: User, view: SavedView) -> tuple[int, int, str]:
    return user.pk, view.pk, view.condition
