"""What is done to a ticket."""

from __future__ import annotations

from django.db import transaction

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.models import Ticket
from heed.lib import clock


@transaction.atomic
def mark_answered(ticket: Ticket, user: User) -> None:
    """The only thing that ends being unanswered."""
    if change(ticket, unanswered=False, waiting_since=None):
        events.record("answered_marked", ticket=ticket, actor=user)


@transaction.atomic
def mark_unanswered(ticket: Ticket, user: User) -> None:
    if change(ticket, unanswered=True, waiting_since=clock.now()):
        events.record("unanswered_marked", ticket=ticket, actor=user)


@transaction.atomic
def assign(ticket: Ticket, user: User, assignee: User | None) -> None:
    """Give the ticket to a colleague, or back to nobody."""
    if change(ticket, assignee=assignee):
        events.record("assigned", ticket=ticket, actor=user, to=assignee.name if assignee else "")


@transaction.atomic
def set_status(ticket: Ticket, user: User, status: str) -> None:
    """Set the status. Solving says that nothing is left to answer, so it marks answered too."""
    if status not in Ticket.Status.values:
        raise ValueError(f"A status is one of {', '.join(Ticket.Status.values)}.")
    if not change(ticket, status=status, solved_at=clock.now() if status == Ticket.Status.SOLVED else None):
        return
    events.record("status_changed", ticket=ticket, actor=user, status=status)
    if status == Ticket.Status.SOLVED:
        mark_answered(ticket, user)


def locked(ticket: Ticket) -> Ticket:
    return (
        Ticket.objects.select_for_update(of=("self",))
        .select_related("account", "identity", "post", "customer", "assignee")
        .get(pk=ticket.pk)
    )


def write(ticket: Ticket, **values: object) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(**values)
    for name, value in values.items():
        setattr(ticket, name, value)


def change(ticket: Ticket, **values: object) -> bool:
    """Change a ticket if it differs; False when it already was so."""
    now = locked(ticket)
    field, wanted = next(iter(values.items()))
    if getattr(now, field) == wanted:
        return False
    write(ticket, **values)
    return True
