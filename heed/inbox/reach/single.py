"""One ticket, its customer, what was begun there."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, Permission
from heed.channels.models import Account
from heed.inbox.models import (
    BEGAN,
    Attachment,
    Draft,
    Identity,
    Ticket,
)
from heed.inbox.reach.refusals import NoSuchAttachment, NoSuchTicket
from heed.inbox.reach.seeing import sight
from heed.lib.rows import Joined

TICKETS = Joined(
    Ticket, "account", "identity", "customer", "post", "assignee", "team", also=BEGAN, name="began"
)
"""Tickets with all that a page shows of them."""

_NOW = "SELECT ticket_id FROM inbox_formernumber WHERE number = %s"


def ticket(user: User, number: int, to: Permission = "see", *, alone: bool = False) -> Ticket:
    """The ticket of this number, also when it was poured into another since, for somebody who wants `to`
    do something with it; `alone` without what stands beside it. Raises `NoSuchTicket` where they may not
    see it, `NotAllowed` where they may see it and no more."""
    tickets = _JUST_TICKETS if alone else TICKETS
    seen, scopes = sight(user).sql()
    found = tickets.first(f"WHERE inbox_ticket.id = %s AND {seen}", [number, *scopes])
    if found is None:
        found = tickets.first(f"WHERE inbox_ticket.id = ({_NOW}) AND {seen}", [number, *scopes])
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
    """The customer's other tickets that this person may see, newest first, without those that went on in
    another: that one stands here, or is this one."""
    return _others(user, ticket, "TRUE")


def mergeable(user: User, ticket: Ticket) -> list[Ticket]:
    """Those of them that could be merged with this one."""
    return _others(user, ticket, "account_id = %s AND NOT spam", ticket.account_id)


def _others(user: User, ticket: Ticket, which: str, *values: Any) -> list[Ticket]:
    seen, scopes = sight(user).sql()
    return _JUST_TICKETS.read(
        f"""WHERE customer_id = %s AND inbox_ticket.id <> %s AND merged_into_id IS NULL AND {which} AND {seen}
        ORDER BY last_at DESC LIMIT 10""",
        [ticket.customer_id, ticket.pk, *values, *scopes],
    )


_JUST_TICKETS = Joined(Ticket)


def identities(user: User, ticket: Ticket) -> list[Identity]:
    """Where the customer of this ticket reached us from, as far as this person may know: here, on accounts
    they see, and in other tickets they see."""
    if sight(user).everywhere:
        found = _IDENTITIES.read("WHERE customer_id = %s ORDER BY id", [ticket.customer_id])
    else:
        found = list(_seen_identities(user, ticket).order_by("id"))
    accounts = Account.objects.in_bulk({each.account_id for each in found} - {ticket.account_id})
    accounts[ticket.account_id] = ticket.account
    for each in found:
        each.account = accounts[each.account_id]
    return found


_IDENTITIES = Joined(Identity)


def _seen_identities(user: User, ticket: Ticket) -> QuerySet[Identity]:
    theirs, seen = Identity.objects.filter(customer_id=ticket.customer_id), sight(user)
    tickets = Ticket.objects.filter(seen.q(), identity=OuterRef("pk"))
    return theirs.filter(Q(pk=ticket.identity_id) | Q(account__in=seen.accounts) | Exists(tickets))


def drafts(user: User, ticket: Ticket) -> dict[str, Draft]:
    """What this person has begun to write here, by visibility."""
    return {each.visibility: each for each in begun(user, ticket) if each.ticket_id == ticket.pk}


def begun(user: User, ticket: Ticket) -> list[Draft]:
    """What this person has begun to write here and in the tickets that went on here, the oldest first."""
    return _DRAFTS.read(f"WHERE user_id = %s AND {_HERE} ORDER BY updated_at, id", [user.pk, ticket.pk])


_DRAFTS = Joined(Draft)
_HERE = """ticket_id IN (WITH RECURSIVE here (id) AS (
    SELECT %s::bigint
    UNION SELECT gone.id FROM inbox_ticket gone JOIN here ON gone.merged_into_id = here.id
    WHERE gone.merged_into_id IS NOT NULL) SELECT id FROM here)"""


def draft_files(user: User, ticket: Ticket) -> list[Attachment]:
    """The files of what this person has begun to write here and in the tickets that went on here."""
    return _FILES.read(
        f"WHERE owner_id = %s AND {_HERE} AND message_id IS NULL ORDER BY id", [user.pk, ticket.pk]
    )


_FILES = Joined(Attachment)
