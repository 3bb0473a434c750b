"""What is done to a ticket: whose it is, how far it has come.

`user` is None where no person does it: a rule, or the clock.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from heed.accounts import reach as people
from heed.accounts.models import Team, User
from heed.inbox import events, notices
from heed.inbox.models import Field, Message, Notice, Ticket
from heed.inbox.reach.single import TICKETS
from heed.inbox.verbs.refusals import CannotSolve, CannotTend
from heed.lib import clock


@transaction.atomic
def mark_answered(ticket: Ticket, user: User | None, message: Message | None = None) -> None:
    """The only thing that ends being unanswered; `message` is the answer that did it, if one did."""
    since = locked(ticket).waiting_since
    if change(ticket, unanswered=False, waiting_since=None):
        waited = since.isoformat() if since else ""
        events.record("answered_marked", ticket=ticket, message=message, actor=user, waiting_since=waited)


@transaction.atomic
def mark_unanswered(ticket: Ticket, user: User | None) -> None:
    refuse_spam(locked(ticket))
    now = clock.now()
    if change(ticket, unanswered=True, waiting_since=now):
        events.record("unanswered_marked", ticket=ticket, actor=user, at=now)


@transaction.atomic
def assign(ticket: Ticket, user: User | None, assignee: User | None, *, tell: bool = True) -> None:
    """Give the ticket to a colleague, who is told of it unless `tell` says no, or back to nobody. Raises
    `CannotTend` where they may not answer it."""
    refuse_for(assignee)
    if not change(ticket, assignee=assignee):
        return
    facts = {"to": assignee.name, "person": assignee.pk} if assignee else {"to": ""}
    events.record("assigned", ticket=ticket, actor=user, **facts)
    if tell and assignee is not None and assignee != user:
        notices.tell([assignee.pk], Notice.Kind.ASSIGNED, ticket, by=user)


@transaction.atomic
def give_to_team(ticket: Ticket, user: User | None, team: Team | None) -> None:
    """Make it a team's matter, or nobody's in particular. Who has it keeps it."""
    refuse_archived(team)
    if change(ticket, team=team):
        facts = {"to": team.name, "team": team.pk} if team else {"to": ""}
        events.record("team_changed", ticket=ticket, actor=user, **facts)


@transaction.atomic
def set_status(ticket: Ticket, user: User | None, status: str) -> None:
    """Set the status. Solving says that nothing is left to answer, so it marks answered and wakes, too.
    Raises `CannotSolve` while a field that is required for it is empty."""
    if status not in Ticket.Status.values:
        raise ValueError(f"A status is one of {', '.join(Ticket.Status.values)}.")
    row, now = locked(ticket), clock.now()
    if row.status == status:
        return
    refuse_spam(row)
    solved = status == Ticket.Status.SOLVED
    if solved:
        missing = missing_on_solve(row)
        if missing:
            raise CannotSolve(missing)
    asleep = {"snoozed_until": None} if solved else {}
    change(ticket, status=status, solved_at=now if solved else None, **asleep)
    events.record("status_changed", ticket=ticket, actor=user, at=now, status=status, before=row.status)
    if solved:
        mark_answered(ticket, user)


def missing_on_solve(ticket: Ticket) -> dict[str, str]:
    """The fields without which this ticket cannot be solved: titles by key."""
    return missing_among(needed_to_solve(), ticket)


def needed_to_solve() -> list[Field]:
    """The fields without which no ticket can be solved."""
    wanted = Field.objects.filter(required_on_solve=True, archived=False)
    return list(wanted.order_by("position", "id"))


def missing_among(wanted: Iterable[Field], ticket: Ticket) -> dict[str, str]:
    """Those of the wanted fields that this ticket has no answer to: titles by key."""
    return {each.key: each.title for each in wanted if ticket.fields.get(each.key) in (None, "")}


def refuse_for(assignee: User | None) -> None:
    """No ticket is given to somebody who may not answer it: it would wait there, and stand under Unassigned
    no more."""
    if assignee is not None and not people.can_be_given_tickets(assignee):
        sentence = _("%(name)s may not answer customers, so tickets cannot be given to them.")
        raise CannotTend(sentence % {"name": assignee.name or assignee.email})


def lost_by(had: User | None) -> dict[str, str]:
    """What the event tells when a ticket goes back from somebody who may not answer any more; nothing where
    they may."""
    if had is None or people.can_be_given_tickets(had):
        return {}
    return {"why": "rights" if had.is_active else "access", "had": had.name or had.email}


def refuse_archived(team: Team | None) -> None:
    if team is not None and team.archived:
        raise CannotTend(_("This team takes no more tickets."))


def refuse_spam(ticket: Ticket) -> None:
    """Nothing goes on in spam: it must be said first that it is none."""
    if ticket.spam:
        raise CannotTend(_("This is marked as spam. Say first that it is no spam."))


def refuse_merged(ticket: Ticket) -> None:
    """Nothing goes on in a ticket that was merged into another."""
    if ticket.merged_into_id is not None:
        sentence = _("This ticket goes on in #%(number)d. Take the merge back first, or go on there.")
        raise CannotTend(sentence % {"number": ticket.merged_into_id})


def locked(ticket: Ticket) -> Ticket:
    """The ticket as it is now, held until the transaction ends."""
    found = TICKETS.first("WHERE inbox_ticket.id = %s FOR UPDATE OF inbox_ticket", [ticket.pk])
    if found is None:
        raise Ticket.DoesNotExist(ticket.pk)
    return found


def write(ticket: Ticket, **values: object) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(**values)
    for name, value in values.items():
        setattr(ticket, name, value)


def change(ticket: Ticket, **values: object) -> bool:
    """Change a ticket if it differs; False when it already was so.

    Colleague and team are compared by their ids: whoever waited for the lock read the new row beside the
    colleague of before.
    """
    now = locked(ticket)
    field, wanted = next(iter(values.items()))
    column = getattr(Ticket, field).field.attname
    if getattr(now, column) == (wanted.pk if isinstance(wanted, Model) else wanted):
        return False
    refuse_merged(now)
    write(ticket, **values)
    return True
