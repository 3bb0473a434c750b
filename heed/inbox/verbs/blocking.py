"""Spam, and people whose messages shall wake nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Min

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.arrivals import WAITS
from heed.inbox.models import Event, Identity, Message, Ticket
from heed.inbox.verbs.tending import locked, write
from heed.lib import clock

_TIMES = ("solved_at", "waiting_since", "snoozed_until", "follow_up_at", "due_at")
_KEPT = ("status", "unanswered", "due_for", *_TIMES)
"""What marking as spam changes, and taking it back restores."""


@transaction.atomic
def mark_spam(ticket: Ticket, user: User | None) -> None:
    """Take it out of all lists, counters and figures. What it was is kept, and comes back with `not_spam`."""
    now = locked(ticket)
    if now.spam:
        return
    before = {name: _plain(getattr(now, name)) for name in _KEPT}
    write(
        ticket,
        spam=True,
        status=Ticket.Status.SOLVED,
        solved_at=now.solved_at or clock.now(),
        unanswered=False,
        due_for="",
        **dict.fromkeys(("waiting_since", "snoozed_until", "follow_up_at", "due_at")),
    )
    events.record("marked_spam", ticket=ticket, actor=user, before=before)


@transaction.atomic
def not_spam(ticket: Ticket, user: User | None) -> None:
    """It was none: it becomes what it was. What the customer wrote meanwhile waits for an answer."""
    now = locked(ticket)
    if not now.spam:
        return
    marked = Event.objects.filter(ticket=ticket, kind="marked_spam").order_by("-id").first()
    values = _as_it_was(marked.facts.get("before") if marked else None)
    missed = _written_since(now, marked)
    if missed is not None and not now.identity.blocked:
        values["unanswered"] = True
        values["waiting_since"] = min(filter(None, (values["waiting_since"], missed)))
        values["snoozed_until"] = None
        if values["status"] == Ticket.Status.SOLVED:
            values |= {"status": Ticket.Status.OPEN, "solved_at": None}
    write(ticket, spam=False, **values)
    events.record("not_spam", ticket=ticket, actor=user)


@transaction.atomic
def block(ticket: Ticket, user: User | None) -> None:
    """From now on what the person of this ticket writes is kept but wakes nobody."""
    _set_blocked(ticket, user, blocked=True)


@transaction.atomic
def unblock(ticket: Ticket, user: User | None) -> None:
    """What they write from now on waits for an answer again."""
    _set_blocked(ticket, user, blocked=False)


def _set_blocked(ticket: Ticket, user: User | None, *, blocked: bool) -> None:
    if not Identity.objects.filter(pk=ticket.identity_id, blocked=not blocked).update(blocked=blocked):
        return
    ticket.identity.blocked = blocked
    kind: events.Kind = "blocked" if blocked else "unblocked"
    events.record(kind, ticket=ticket, actor=user, identity=ticket.identity_id, name=ticket.identity.called)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _as_it_was(before: dict[str, Any] | None) -> dict[str, Any]:
    """The columns as they were; of one that came as spam nothing is known, so it is new and waits."""
    if before is None:
        return {
            **dict.fromkeys(_TIMES),
            "due_for": "",
            "status": Ticket.Status.NEW,
            "unanswered": False,
        }
    return {
        name: clock.from_iso(value) if name in _TIMES and value else value for name, value in before.items()
    }


def _written_since(ticket: Ticket, marked: Event | None) -> datetime | None:
    """Since when the customer waits with what came while it was spam."""
    rows = Message.objects.filter(WAITS, ticket=ticket, removed_at=None)
    if marked is not None:
        rows = rows.filter(created_at__gt=marked.at)
    first: datetime | None = rows.aggregate(first=Min("at"))["first"]
    return first
