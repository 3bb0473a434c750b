"""One ticket, its customer, what was begun there."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, Permission
from heed.channels.models import Account
from heed.inbox.models import (
    Attachment,
    Draft,
    Identity,
    Ticket,
)
from heed.inbox.reach.refusals import NoSuchAttachment, NoSuchTicket
from heed.inbox.reach.seeing import sight


def ticket(user: User, number: int, to: Permission = "see") -> Ticket:
    """The ticket of this number, also when it was poured into another since, for somebody who wants `to`
    do something with it. Raises `NoSuchTicket` where they may not see it, `NotAllowed` where they may
    see it and no more."""
    rows = Ticket.objects.select_related("account", "identity", "customer", "post", "assignee", "team")
    rows = rows.filter(sight(user).q())
    found = rows.filter(pk=number).first() or rows.filter(former_numbers=number).first()
    if found is None:
        raise NoSuchTicket(number)
    if to != "see" and not sight(user, to).takes_in(found):
        raise NotAllowed(to)
    return found


def attachment(user: User, attachment_id: int) -> Attachment:
    """A file of a message, or of one's own draft."""
    seen = sight(user).q("message__ticket__")
    found = (
        Attachment.objects.filter(pk=attachment_id)
        .filter(Q(message__isnull=False) & seen | Q(owner=user, message=None))
        .first()
    )
    if found is None:
        raise NoSuchAttachment(attachment_id)
    return found


def earlier(user: User, ticket: Ticket) -> list[Ticket]:
    """The customer's other tickets that this person may see, newest first."""
    others = Ticket.objects.filter(sight(user).q(), customer_id=ticket.customer_id).exclude(pk=ticket.pk)
    return list(others.order_by("-last_at")[:10])


def identities(user: User, ticket: Ticket) -> list[Identity]:
    """Where the customer of this ticket reached us from, as far as this person may know: here, on accounts
    they see, and in other tickets they see."""
    found = list(_seen_identities(user, ticket).order_by("id"))
    accounts = Account.objects.in_bulk({each.account_id for each in found} - {ticket.account_id})
    accounts[ticket.account_id] = ticket.account
    for each in found:
        each.account = accounts[each.account_id]
    return found


def _seen_identities(user: User, ticket: Ticket) -> QuerySet[Identity]:
    theirs, seen = Identity.objects.filter(customer_id=ticket.customer_id), sight(user)
    if seen.everywhere:
        return theirs
    tickets = Ticket.objects.filter(seen.q(), identity=OuterRef("pk"))
    return theirs.filter(Q(pk=ticket.identity_id) | Q(account__in=seen.accounts) | Exists(tickets))


def drafts(user: User, ticket: Ticket) -> dict[str, Draft]:
    """What this person has begun to write here, by visibility."""
    return {draft.visibility: draft for draft in Draft.objects.filter(user=user, ticket=ticket)}


def draft_files(user: User, ticket: Ticket) -> list[Attachment]:
    return list(Attachment.objects.filter(owner=user, ticket=ticket, message=None).order_by("id"))
