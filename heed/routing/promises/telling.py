"""What is said of promises: that something is due then, is due soon, or was missed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from heed.inbox import events
from heed.inbox.events import Happened
from heed.inbox.statements import run
from heed.routing.promises.clocks import Clock
from heed.routing.promises.matters import Matter

AT_ONCE = 500
"""Tickets looked at in one go as time passes."""


def set_to(ticket: Matter, promise: Clock, at: datetime) -> Happened:
    """That something is due then, or that its clock stands (due is empty)."""
    facts = _facts(promise.target, promise.since, promise.due, promise.policy.pk)
    return Happened("target_set", ticket.account_id, ticket.pk, at, facts)


def missed(ticket: Matter, promise: Clock, due: datetime) -> Happened:
    """That it was due and did not happen. The event's time is the due time, whenever that was noticed."""
    facts = _facts(promise.target, promise.since, promise.due, promise.policy.pk)
    return Happened("due_missed", ticket.account_id, ticket.pk, due, facts)


def _facts(target: str, since: datetime, due: datetime | None, policy: int) -> dict[str, object]:
    return {
        "target": target,
        "since": since.isoformat(),
        "due": due.isoformat() if due else None,
        "policy": policy,
    }


@transaction.atomic
def say_what_is_due(now: datetime) -> int:
    """Tell of promises that are near their due time, and of those past it; how many. Each is told once.
    Promises change only under their ticket's lock: what somebody works on now comes the next time."""
    locked = [pk for (pk,) in run(_LOCK, now, AT_ONCE, now, now, AT_ONCE)]
    if not locked:
        return 0
    late, soon = run(_MISSED, locked, now), run(_WARNED, now, locked, now, now)
    told = [
        Happened("due_missed", account, ticket, due, _facts(target, since, due, policy))
        for account, ticket, target, since, due, policy in late
    ]
    told += [
        Happened("due_soon", account, ticket, now, _facts(target, since, due, policy))
        for account, ticket, target, since, due, policy in soon
    ]
    with events.told_together():
        events.write(told)
        events.tell_pages(each.ticket for each in told)
    return len(told)


_LOCK = """
SELECT id FROM inbox_ticket WHERE id = ANY(ARRAY(
    (SELECT ticket_id FROM routing_promise
     WHERE ended_at IS NULL AND missed_at IS NULL AND due <= %s ORDER BY due LIMIT %s)
    UNION
    (SELECT ticket_id FROM routing_promise
     WHERE ended_at IS NULL AND missed_at IS NULL AND warned_at IS NULL AND warn_at <= %s AND due > %s
     ORDER BY warn_at LIMIT %s)
)) ORDER BY id FOR UPDATE SKIP LOCKED
"""

_MISSED = """
UPDATE routing_promise AS p SET missed_at = due FROM inbox_ticket AS t
WHERE p.ticket_id = ANY(%s) AND t.id = p.ticket_id AND ended_at IS NULL AND missed_at IS NULL AND due <= %s
RETURNING t.account_id, t.id, target, since, due, policy_id
"""

_WARNED = """
UPDATE routing_promise AS p SET warned_at = %s FROM inbox_ticket AS t
WHERE p.ticket_id = ANY(%s) AND t.id = p.ticket_id AND ended_at IS NULL AND missed_at IS NULL
    AND warned_at IS NULL AND warn_at <= %s AND due > %s
RETURNING t.account_id, t.id, target, since, due, policy_id
"""
