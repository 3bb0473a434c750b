"""Who looks at a ticket and who writes there: told to those who have it open, gone by itself.

And how long they worked on it: the event log gets `opened_by` when somebody begins and `left_by` when they
leave, or have done nothing for `IDLE`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from django.db import connection, transaction

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


def left(here: Presence) -> int:
    """In how many milliseconds it must be asked again whether somebody still types; 0 for who only looks."""
    if here.doing != Presence.Doing.TYPING:
        return 0
    return max(1, round((here.until - clock.now()) / timedelta(milliseconds=1)) + 1)


def come(ticket: Ticket, user: User, doing: str, *, active: bool = True) -> list[Presence]:
    """Say that somebody is here and what they do; gives back who else is. They hear of it when it is news.
    `active` says that they did something since they last said so."""
    now, alone = clock.now(), not connection.in_atomic_block
    with transaction.atomic():
        here = _held(ticket, user, now)
        shown = here.until > now and here.doing == doing
        here.doing, here.until = doing, now + LASTS[Presence.Doing(doing)]
        _work(here, now, active=active, alone=alone)
        here.save(update_fields=["doing", "until", "since", "active_at"])
    found = others(ticket, user)
    if not shown:
        _tell(ticket, found)
    return found


def _held(ticket: Ticket, user: User, now: datetime) -> Presence:
    """Where somebody is, for us alone: whoever has the ticket open twice begins to work on it once."""
    mine = Presence.objects.select_for_update(of=("self",)).filter(ticket=ticket, user=user)
    while (here := mine.first()) is None:
        new = Presence(ticket=ticket, user=user, doing=Presence.Doing.LOOKING, until=now)
        Presence.objects.bulk_create([new], ignore_conflicts=True)
    return here


def look_away(ticket: Ticket, user: User) -> None:
    """Say that somebody looks at something else, and may come back: nobody sees them here any more, and
    their work goes on as if they were idle."""
    now = clock.now()
    if Presence.objects.filter(ticket=ticket, user=user, until__gt=now).update(until=now):
        _tell(ticket, others(ticket, user))


def go(ticket: Ticket, user: User) -> None:
    """Say that somebody has left."""
    values = [not connection.in_atomic_block, ticket.pk, user.pk, clock.now(), IDLE.total_seconds()]
    with prepared() as cursor:
        cursor.execute(_GO, values)
        gone = cursor.fetchone()
    if gone is not None:
        _tell(ticket, others(ticket, user))


# Whoever comes or goes does not wait until it is on the disk, where nothing else is written with it.
_AT_EASE = "SELECT CASE WHEN %s THEN set_config('synchronous_commit', 'off', true) END"
_GO = f"""
WITH commit AS ({_AT_EASE}),
gone AS (
    DELETE FROM inbox_presence USING commit WHERE ticket_id = %s AND user_id = %s
    RETURNING ticket_id, user_id, since, active_at),
told AS (
    INSERT INTO inbox_event (kind, account_id, ticket_id, actor_id, at, data)
    SELECT 'left_by', ticket.account_id, ticket.id, gone.user_id,
        LEAST(%s::timestamptz, gone.active_at + make_interval(secs => %s)), '{{}}'
    FROM gone JOIN inbox_ticket AS ticket ON ticket.id = gone.ticket_id
    WHERE gone.since IS NOT NULL)
SELECT 1 FROM gone
"""  # noqa: S608 - our own names


def _work(here: Presence, now: datetime, *, active: bool, alone: bool) -> None:
    """Work begins with something that is done, and ends when nothing was for too long."""
    if here.since is not None and _idle_at(here) < now:
        _write("left_by", here, _idle_at(here), alone)
        here.since = None
    if active:
        here.active_at = now
    if active and here.since is None:
        here.since = now
        _write("opened_by", here, now, alone)


def _idle_at(here: Presence) -> datetime:
    assert here.active_at is not None
    return here.active_at + IDLE


def _write(kind: Literal["opened_by", "left_by"], here: Presence, at: datetime, alone: bool) -> None:
    """An event that wakes nobody."""
    with prepared() as cursor:
        cursor.execute(_EVENT, [alone, kind, here.user_id, at, here.ticket_id])


_EVENT = f"""
WITH commit AS ({_AT_EASE})
INSERT INTO inbox_event (kind, account_id, ticket_id, actor_id, at, data)
SELECT %s, ticket.account_id, ticket.id, %s, %s, '{{}}' FROM commit, inbox_ticket AS ticket
WHERE ticket.id = %s
"""  # noqa: S608 - our own names


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
