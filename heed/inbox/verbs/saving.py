"""Conditions kept as views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import Team, User
from heed.accounts.rights import NotAllowed, need
from heed.inbox.conditions import parse
from heed.inbox.models import SavedView
from heed.inbox.reach.saved import may_change, saved_views
from heed.inbox.reach.views import ORDERS
from heed.inbox.verbs.refusals import CannotTend

MOST_VIEWS = 50
"""Of one person."""


def keep_view(
    user: User,
    name: str,
    condition: str,
    *,
    order: str = "newest",
    shared: bool = False,
    team: Team | None = None,
) -> SavedView:
    """Keep a condition under a name: for oneself, or shared with a team or with everybody. Raises
    `BadCondition`, `CannotTend`, and `NotAllowed` where sharing is not permitted."""
    if SavedView.objects.filter(owner=user).count() >= MOST_VIEWS:
        raise CannotTend(_("You have %(most)d views already. Remove one first.") % {"most": MOST_VIEWS})
    view = SavedView(owner=user, position=_last_position(user) + 1)
    return _written(view, user, name, condition, order, shared, team)


def change_view(
    view: SavedView,
    user: User,
    *,
    name: str,
    condition: str,
    order: str = "newest",
    shared: bool = False,
    team: Team | None = None,
) -> SavedView:
    """Change a view of one's own, or with the permission to share, a shared one. Raises as `keep_view`."""
    _may(user, view)
    return _written(view, user, name, condition, order, shared, team)


@transaction.atomic
def drop_view(view: SavedView, user: User) -> None:
    """Remove a view; its tickets stay as they are. Raises `NotAllowed`."""
    _may(user, view)
    if view.shared:
        audit.record(user, "removed", view, **_told(view))
    view.delete()


@transaction.atomic
def arrange_views(user: User, order: Sequence[int]) -> None:
    """Put the views one may change into this order; those not named keep their place behind them."""
    views = [view for view in saved_views(user) if may_change(user, view)]
    places = {pk: place for place, pk in enumerate(order)}
    views.sort(key=lambda view: places.get(view.pk, len(places)))
    moved = [(place, view) for place, view in enumerate(views) if view.position != place]
    for place, view in moved:
        SavedView.objects.filter(pk=view.pk).update(position=place)
    if any(view.shared for _place, view in moved):
        audit.record(user, "changed", "savedview", position=[view.name for view in views if view.shared])


def _written(
    view: SavedView, user: User, name: str, condition: str, order: str, shared: bool, team: Team | None
) -> SavedView:
    if shared != view.shared or team != view.team:
        need(user, "share")
    if team is not None and not (user.rights.where("share").everywhere or team.members.contains(user)):
        raise NotAllowed("share")
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise CannotTend(_("Give the view a name of up to %(most)d letters.") % {"most": _LONGEST_NAME})
    if order not in ORDERS:
        raise CannotTend(_("There is no such order."))
    parse(condition).check(user)
    stood = SavedView.objects.filter(pk=view.pk).select_related("team").first()
    before = _told(stood) if stood else {}
    view.name, view.condition, view.order = name, condition.strip(), order
    view.shared, view.team = shared or team is not None, team
    try:
        with transaction.atomic():
            view.save()
            if view.shared or before.get("shared"):
                audit.kept(user, view, before, _told(view))
    except IntegrityError as error:
        raise CannotTend(_("You have a view called “%(name)s” already.") % {"name": name}) from error
    return view


def _told(view: SavedView) -> dict[str, Any]:
    """What the audit tells of a view that is shared. What somebody keeps alone is nobody else's business."""
    team = view.team.name if view.team else ""
    return {"name": view.name, "condition": view.condition, "shared": view.shared, "team": team}


_LONGEST_NAME = 60


def _may(user: User, view: SavedView) -> None:
    if not may_change(user, view):
        raise NotAllowed("share")


def _last_position(user: User) -> int:
    found: int | None = SavedView.objects.filter(owner=user).aggregate(last=Max("position"))["last"]
    return -1 if found is None else found
