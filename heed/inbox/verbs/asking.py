"""Asking some days after a matter was solved whether it really is: once each time it is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.channels.models import Account
from heed.inbox import ratings
from heed.inbox.models import Event, FollowUpQuestion, Message, Ticket
from heed.inbox.possible import possible
from heed.inbox.verbs.automatic import send_automatic
from heed.inbox.verbs.refusals import CannotAnswer, CannotTend
from heed.inbox.verbs.tending import locked
from heed.lib import clock
from heed.lib.jobs import Named
from heed.lib.text import clean

ASK = "heed.ask_if_fixed"
"""The job that asks."""

MOST_DAYS = 60
_LONGEST = 1000
_SPACE = UUID("8d5a1c52-61f4-4a0e-9c0b-2f6f6a2f0c11")


@transaction.atomic
def set_question(
    user: User,
    account: Account,
    after_days: int,
    text: str,
    texts: Mapping[str, str],
    *,
    rates: bool = False,
) -> FollowUpQuestion:
    """What this account asks, and how many days after a ticket was solved; with `rates` the customer can tap
    whether it was good or bad. Raises `CannotTend`."""
    need(user, "routing")
    if not 1 <= after_days <= MOST_DAYS:
        raise CannotTend(_("Choose between 1 and %(most)d days.") % {"most": MOST_DAYS})
    words = clean(text).strip()
    others = {code: found for code, each in texts.items() if (found := clean(each).strip())}
    if not words:
        raise CannotTend(_("Write what is to be asked."))
    if any(len(each) > _LONGEST for each in (words, *others.values())):
        raise CannotTend(_("At most %(most)d letters.") % {"most": _LONGEST})
    values = {"after_days": after_days, "text": words, "texts": others, "rates": rates}
    before = FollowUpQuestion.objects.filter(account=account).values(*values).first() or {}
    question, _made = FollowUpQuestion.objects.update_or_create(account=account, defaults=values)
    audit.kept(user, question, before, values, account=account.name)
    return question


@transaction.atomic
def drop_question(user: User, account: Account) -> None:
    """Ask no longer, also where it was solved already."""
    need(user, "routing")
    for question in FollowUpQuestion.objects.filter(account=account):
        audit.record(user, "removed", question, account=account.name)
        question.delete()


def ask_later(events: Sequence[Event]) -> None:
    """A reaction: what was solved now is asked about in some days."""
    solved = [each for each in events if each.facts.get("status") == Ticket.Status.SOLVED]
    days = dict(
        FollowUpQuestion.objects.filter(account__in={each.account_id for each in solved}).values_list(
            "account_id", "after_days"
        )
    )
    tickets = Ticket.objects.in_bulk([each.ticket_id for each in solved if each.account_id in days])
    for ticket in tickets.values():
        if ticket.solved_at is None:
            continue
        wait = ticket.solved_at + timedelta(days=days[ticket.account_id]) - clock.now()
        later = {"seconds": max(1, int(wait.total_seconds()))}
        Named(ASK, "desk").configure(schedule_in=later).defer(
            ticket=ticket.pk, solved_at=ticket.solved_at.isoformat()
        )


@transaction.atomic
def ask(ticket_id: int, solved_at: datetime) -> Message | None:
    """Ask, if the ticket is still solved as it was then; None where there is nothing to ask."""
    row = Ticket.objects.filter(pk=ticket_id).first()
    if row is None:
        return None
    ticket = locked(row)
    question = FollowUpQuestion.objects.filter(account_id=ticket.account_id).first()
    if question is None or not ticket.solved or ticket.solved_at != solved_at:
        return None
    if ticket.spam or ticket.identity.blocked or ticket.merged_into_id is not None:
        return None
    text = question.texts.get(ticket.language) or question.text
    ways = possible(ticket, machine=True)
    visibility = "private" if ways.private.allowed and _talked_privately(ticket) else "public"
    key = uuid5(_SPACE, f"{ticket.pk}:{solved_at.isoformat()}")
    try:
        choices = ratings.offered(ways.way(visibility), text) if question.rates else None
        return send_automatic(ticket, text, visibility, origin="follow_up", key=key, choices=choices)
    except CannotAnswer:
        return None  # the network no longer lets us write


def _talked_privately(ticket: Ticket) -> bool:
    return ticket.kind == Ticket.Kind.PRIVATE or ticket.last_private_in is not None
