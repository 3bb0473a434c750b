"""What was merged, split and joined, and can be taken apart again."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed
from heed.inbox.models import Joining, Merge, Split, Ticket
from heed.inbox.models.merging import gone_on_in, joined_in, way_of
from heed.inbox.reach.refusals import NoSuchRecord
from heed.inbox.reach.seeing import sight

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


def split(ticket: Ticket, record: int) -> Split:
    """A split of this ticket, on either side of it. Raises `NoSuchRecord`."""
    return _one(_splits().filter(Q(source=ticket) | Q(ticket=ticket)), record)


def joining(ticket: Ticket, record: int) -> Joining:
    """One of `joinings`. Raises `NoSuchRecord`."""
    return _one(joinings(ticket), record)


def taken_back_by(user: User, records: Collection[Merge | Split | Joining]) -> frozenset[int]:
    """Which of these this person may take back, by their ids, all of one kind: those where they may work on
    every ticket that gives or gets messages, or goes to another customer."""
    try:
        works = sight(user, "tend")
    except NotAllowed:
        return frozenset()
    if works.everywhere:
        return frozenset(each.pk for each in records)
    mine = Ticket.objects.filter(works.q()).values("pk")
    refused = (each.pk for each in records if _concerned(each).exclude(pk__in=mine).exists())
    return frozenset(each.pk for each in records).difference(refused)


def _concerned(record: Merge | Split | Joining) -> QuerySet[Ticket]:
    """The tickets that taking this back changes."""
    match record:
        case Merge():
            numbers = {record.ticket_id, way_of(record.into_id)[-1]}
        case Split():
            ways = way_of(record.ticket_id), way_of(record.source_id)
            numbers = {end for way in ways for end in (way[0], way[-1])}
        case Joining():
            return Ticket.objects.filter(identity__in=record.identities)
    return Ticket.objects.filter(pk__in=numbers)


def _merges() -> QuerySet[Merge]:
    return Merge.objects.filter(undone_at=None).select_related("ticket", "into", "by").order_by("-at")


def _splits() -> QuerySet[Split]:
    return Split.objects.filter(undone_at=None).select_related("ticket", "source", "by").order_by("-at")


def _one(rows: QuerySet[Row], record: int) -> Row:
    found = rows.filter(pk=record).first()
    if found is None:
        raise NoSuchRecord
    return found
