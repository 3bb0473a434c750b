"""What was merged, split and joined, and can be taken apart again."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from heed.accounts.models import User
from heed.inbox.models import Joining, Merge, Split, Ticket
from heed.inbox.models.merging import gone_on_in, joined_in
from heed.inbox.reach import single
from heed.inbox.reach.refusals import NoSuchRecord

Row = TypeVar("Row", bound=Model)


def merges(ticket: Ticket) -> QuerySet[Merge]:
    """The merges by which others went on in this ticket, also by way of a third, the newest first."""
    return _merges().filter(into__in=gone_on_in(ticket.pk))


def splits(ticket: Ticket) -> QuerySet[Split]:
    """The splits by which others came from this ticket, the newest first."""
    return _splits().filter(source=ticket)


def split_from(ticket: Ticket) -> Split | None:
    """The split by which this ticket came from another."""
    return _splits().filter(ticket=ticket).first()


def joinings(ticket: Ticket) -> QuerySet[Joining]:
    """Who was found to be this ticket's customer, too, also by way of a third, the newest first."""
    found = Joining.objects.filter(kept__in=joined_in(ticket.customer_id), undone_at=None)
    return found.select_related("gone").order_by("-at")


def merge(ticket: Ticket, record: int) -> Merge:
    """A merge of this ticket, on either side of it. Raises `NoSuchRecord`."""
    return _one(merges(ticket) | _merges().filter(ticket=ticket), record)


def split(user: User, ticket: Ticket, record: int) -> Split:
    """A split of this ticket, on either side of it, for somebody who may tend the source, too. Raises
    `NoSuchRecord`, and as for a ticket `NoSuchTicket` and `NotAllowed`."""
    found = _one(_splits().filter(Q(source=ticket) | Q(ticket=ticket)), record)
    single.ticket(user, found.source_id, "tend", alone=True)
    return found


def joining(ticket: Ticket, record: int) -> Joining:
    """One of `joinings`. Raises `NoSuchRecord`."""
    return _one(joinings(ticket), record)


def _merges() -> QuerySet[Merge]:
    return Merge.objects.filter(undone_at=None).select_related("ticket", "into", "by").order_by("-at")


def _splits() -> QuerySet[Split]:
    return Split.objects.filter(undone_at=None).select_related("ticket", "source", "by").order_by("-at")


def _one(rows: QuerySet[Row], record: int) -> Row:
    found = rows.filter(pk=record).first()
    if found is None:
        raise NoSuchRecord
    return found
