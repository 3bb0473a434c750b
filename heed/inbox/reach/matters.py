"""What was merged, split and joined, and can be taken apart again."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed
from heed.inbox.models import Joining, Merge, Split, Ticket
from heed.inbox.models.merging import gone_on_in, homes_in, joined_in, ways_of
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
    concerned = _concerned(records)
    asked = {number for numbers in concerned.values() for number in numbers}
    mine = Ticket.objects.filter(works.q()).values("pk")
    others = {*Ticket.objects.filter(pk__in=asked).exclude(pk__in=mine).values_list("pk", flat=True)}
    return frozenset(record for record, numbers in concerned.items() if not numbers & others)


def _concerned(records: Collection[Merge | Split | Joining]) -> dict[int, set[int]]:
    """The tickets that taking each of these back changes."""
    merges = [each for each in records if isinstance(each, Merge)]
    splits = [each for each in records if isinstance(each, Split)]
    joinings = [each for each in records if isinstance(each, Joining)]
    return _of_merges(merges) | _of_splits(splits) | _of_joinings(joinings)


def _of_merges(records: list[Merge]) -> dict[int, set[int]]:
    ways = ways_of(each.into_id for each in records)
    return {each.pk: {each.ticket_id, ways[each.into_id][-1]} for each in records}


def _of_splits(records: list[Split]) -> dict[int, set[int]]:
    """The new ones and the old, where either goes on, and where that goes on which messages belong to."""
    ways = ways_of(number for each in records for number in (each.ticket_id, each.source_id))
    stand_in = {each.ticket_id: ways[each.ticket_id][-1] for each in records}
    belong = homes_in(stand_in.values())
    homes = ways_of(home for found in belong.values() for home in found)
    return {
        each.pk: {
            *(end for number in (each.ticket_id, each.source_id) for end in (number, ways[number][-1])),
            *(homes[home][-1] for home in belong[stand_in[each.ticket_id]]),
        }
        for each in records
    }


def _of_joinings(records: list[Joining]) -> dict[int, set[int]]:
    identities = {identity for each in records for identity in each.identities}
    theirs: dict[int, set[int]] = {identity: set() for identity in identities}
    rows = Ticket.objects.filter(identity__in=identities).values_list("identity", "pk")
    for identity, number in rows:
        theirs[identity].add(number)
    return {each.pk: {number for one in each.identities for number in theirs[one]} for each in records}


def _merges() -> QuerySet[Merge]:
    return Merge.objects.filter(undone_at=None).select_related("ticket", "into", "by").order_by("-at")


def _splits() -> QuerySet[Split]:
    return Split.objects.filter(undone_at=None).select_related("ticket", "source", "by").order_by("-at")


def _one(rows: QuerySet[Row], record: int) -> Row:
    found = rows.filter(pk=record).first()
    if found is None:
        raise NoSuchRecord
    return found
