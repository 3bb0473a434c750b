"""Putting tickets off: out of sight until a time, and reminders. The clock's part is done by `chores`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox import events, notices
from heed.inbox.models import Event, Notice, Ticket
from heed.inbox.verbs.refusals import CannotTend
from heed.inbox.verbs.tending import change, locked, refuse_spam, write
from heed.lib import clock

_AT_ONCE = 200


@transaction.atomic
def snooze(ticket: Ticket, user: User | None, until: datetime) -> None:
    """Take the ticket out of the lists of open work until then, or until the customer writes."""
    now = locked(ticket)
    refuse_spam(now)
    if now.solved:
        raise CannotTend(_("A solved ticket is out of the way already."))
    if until <= clock.now():
        raise CannotTend(_("Choose a time that is still to come."))
    if change(ticket, snoozed_until=until):
        events.record("snoozed", ticket=ticket, actor=user, until=until.isoformat())


@transaction.atomic
def wake(ticket: Ticket, user: User | None) -> None:
    """Bring a snoozed ticket back; it is open then."""
    now = locked(ticket)
    if now.snoozed_until is None:
        return
    write(ticket, snoozed_until=None, status=Ticket.Status.OPEN)
    events.record("woke", ticket=ticket, actor=user, by="person" if user else "time", before=now.status)


@transaction.atomic
def remind(ticket: Ticket, user: User, at: datetime | None) -> None:
    """Have whoever has the ticket then reminded of it, else the one who asks for it; None: no more."""
    if at is not None and at <= clock.now():
        raise CannotTend(_("Choose a time that is still to come."))
    if change(ticket, follow_up_at=at):
        events.record("follow_up_set", ticket=ticket, actor=user, until=at.isoformat() if at else "")


def wake_due() -> int:
    """Wake those whose time has come; gives back how many."""
    return _each_due("snoozed_until", lambda ticket: wake(ticket, None))


def remind_due() -> int:
    """Remind of what is to be followed up now; gives back how many."""
    return _each_due("follow_up_at", _remind_now)


def _each_due(column: str, deed: object) -> int:
    """Each in a transaction of its own; somebody else's are left to them."""
    done = 0
    while True:
        with transaction.atomic():
            due = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(
                **{f"{column}__lte": clock.now()}
            )
            batch = list(due.order_by(column, "id")[:_AT_ONCE])
            for ticket in batch:
                deed(ticket)  # type: ignore[operator]
        done += len(batch)
        if len(batch) < _AT_ONCE:
            return done


def _remind_now(ticket: Ticket) -> None:
    asked = Event.objects.filter(ticket=ticket, kind="follow_up_set").order_by("-id").first()
    told = ticket.assignee_id or (asked.actor_id if asked else None)
    write(ticket, follow_up_at=None)
    events.record("follow_up_due", ticket=ticket)
    if told is not None:
        notices.tell([told], Notice.Kind.FOLLOW_UP, ticket)
