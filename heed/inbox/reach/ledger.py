"""Deliveries, and how far the log has come."""

from __future__ import annotations

from django.db import connection

from heed.accounts.models import User
from heed.inbox.models import (
    Delivery,
)
from heed.inbox.reach.pages import Page
from heed.inbox.reach.refusals import BadCursor, NoSuchDelivery
from heed.inbox.reach.seeing import may_administer


def deliveries(user: User, state: str, *, after: str = "", limit: int = 50) -> Page[Delivery]:
    """Deliveries in a state, newest first. Raises `NotAllowed`, `BadCursor`."""
    may_administer(user)
    found = Delivery.objects.filter(state=state).select_related("account").order_by("-id")
    if after:
        if not after.isdigit():
            raise BadCursor(after)
        found = found.filter(pk__lt=int(after))
    rows = list(found[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, str(rows[-1].pk) if more else "")


def delivery(user: User, delivery_id: int) -> Delivery:
    may_administer(user)
    found = Delivery.objects.select_related("account").filter(pk=delivery_id).first()
    if found is None:
        raise NoSuchDelivery(delivery_id)
    return found


def latest_event() -> int:
    """How far the log has come: a page that saw a smaller number missed something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM inbox_event")
        return cursor.fetchone()[0] or 0
