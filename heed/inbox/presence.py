"""Who looks at a ticket and who writes there: told to those who have it open, gone by itself.

And how long they worked on it: the event log gets `opened_by` when somebody begins and `left_by` when they
leave, or have done nothing for `IDLE`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from django.db import connection

from heed.accounts.models import User
from heed.inbox.models import Presence, Ticket
from heed.lib import clock, live
from heed.lib.rows import prepared

LASTS = {Presence.Doing.LOOKING: timedelta(seconds=45), Presence.Doing.TYPING: timedelta(seconds=8)}
"""For how long it is believed without being said again."""

IDLE = timedelta(minutes=5)
"""Open and idle for longer is no work."""


def others(ticket: Ticket, user: User) -> list[Presence]:
    """The colleagues who have this ticket open, those who write first."""
    here = Presence.objects.filter(ticket=ticket, until__gt=clock.now()).exclude(user=user)
    return sorted(here.select_related("user"), key=lambda each: (each.doing != "typing", each.user.name))


def come(ticket: Ticket, user: User, doing: str, *, active: bool = True) -> list[Presence]:
    """Say that somebody is here and what they do; gives back who else is. They hear of it when it is news.
    `active` says that they did something since they last said so."""
    now = clock.now()
    known = Presence.objects.filter(ticket=ticket, user=user).first()
    shown = known is not None and known.until > now and known.doing == doing
    here = known or Presence(ticket=ticket, user=user)
    here.doing, here.until = doing, now + LASTS[Presence.Doing(doing)]
    _work(here, now, active=active)
    values = {name: getattr(here, name) for name in ("doing", "until", "since", "active_at")}
    Presence.objects.update_or_create(ticket=ticket, user=user, defaults=values)
    found = others(ticket, user)
    if not shown:
        _tell(ticket, found)
    return found


def look_away(ticket: Ticket, user: User) -> None:
    """Say that somebody looks at something else, and may come back: nobody sees them here any more, and
    their work goes on as if they were idle."""
    now = clock.now()
    if Presence.objects.filter(ticket=ticket, user=user, until__gt=now).update(until=now):
        _tell(ticket, others(ticket, user))


def go(ticket: Ticket, user: User) -> None:
    """Say that somebody has left."""
    now = clock.now()
    for here in Presence.objects.filter(ticket=ticket, user=user):
        here.delete()
        if here.since is not None:
            _write("left_by", here, min(now, _idle_at(here)))
        _tell(ticket, others(ticket, user))


def _work(here: Presence, now: datetime, *, active: bool) -> None:
    """Work begins with something that is done, and ends when nothing was for too long."""
    if here.since is not None and _idle_at(here) < now:
        _write("left_by", here, _idle_at(here))
        here.since = None
    if active:
        here.active_at = now
    if active and here.since is None:
        here.since = now
        _write("opened_by", here, now)


def _idle_at(here: Presence) -> datetime:
    assert here.active_at is not None
    return here.active_at + IDLE


def _write(kind: Literal["opened_by", "left_by"], here: Presence, at: datetime) -> None:
    """An event that wakes nobody. Whoever comes or goes does not wait until it is on the disk."""
    with prepared() as cursor:
        cursor.execute(
            """
            WITH commit AS (SELECT CASE WHEN %s THEN set_config('synchronous_commit', 'off', true) END)
            INSERT INTO inbox_event (kind, account_id, ticket_id, actor_id, at, data)
            SELECT %s, ticket.account_id, ticket.id, %s, %s, '{}' FROM commit, inbox_ticket AS ticket
            WHERE ticket.id = %s
            """,
            [not connection.in_atomic_block, kind, here.user_id, at, here.ticket_id],
        )


def _tell(ticket: Ticket, found: list[Presence]) -> None:
    """Only to those who are there: a desk of a hundred is not woken by every key that one presses."""
    if found:
        live.tell([f"here:{ticket.pk}:{each.user_id}" for each in found])


def forget() -> None:
    """Write down the end of work that nobody goes on with, and drop who was here long ago."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_END_WORK, [now - IDLE, IDLE.total_seconds()])
    Presence.objects.filter(until__lt=now - timedelta(hours=1)).delete()


_END_WORK = """
WITH done AS (
    SELECT id, since FROM inbox_presence WHERE since IS NOT NULL AND active_at < %s FOR UPDATE),
ended AS (
    UPDATE inbox_presence AS here SET since = NULL FROM done WHERE here.id = done.id
    RETURNING here.ticket_id, here.user_id, here.active_at)
INSERT INTO inbox_event (kind, account_id, ticket_id, actor_id, at, data)
SELECT 'left_by', ticket.account_id, ticket.id, person.id, ended.active_at + make_interval(secs => %s), '{}'
FROM ended JOIN inbox_ticket AS ticket ON ticket.id = ended.ticket_id
JOIN accounts_user AS person ON person.id = ended.user_id
"""
