"""What happened to a ticket's person and is told in other tickets: being blocked, and their group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q

from heed.inbox.models import Event, Ticket

BLOCKS = ("blocked", "unblocked")
_OF_CUSTOMERS, _SIDES = ("joined", "parted"), ("kept", "gone")
_OF_GROUPS = Q(kind="field_changed", data__has_key="group") | Q(kind__in=_OF_CUSTOMERS)


def blocks_of(people: Iterable[int]) -> dict[int, list[Event]]:
    """When each of these identities was blocked and let in again, whichever of their tickets tells it."""
    found: dict[int, list[Event]] = defaultdict(list)
    rows = Event.objects.filter(kind__in=BLOCKS, ticket__identity__in=people)
    for event in rows.annotate(person=F("ticket__identity")):
        found[event.person].append(event)
    return found


class Groups:
    """What changed the groups of customers since a time, whichever of their tickets tells it."""

    def __init__(self, customers: Iterable[int], since: datetime) -> None:
        self._of_person: dict[int, list[Event]] = defaultdict(list)
        self._unsaid: dict[int, datetime] = {}
        told: set[tuple[int, str, datetime]] = set()
        changes = sorted(_changes(customers, since), key=lambda each: (each[1].at, each[1].pk))
        for customer, event in changes:
            if "group_before" not in event.data:
                self._unsaid[customer] = event.at
            for person in event.data.get("identities", ()):
                this = person, event.kind, event.at
                if event.kind not in _OF_CUSTOMERS or this not in told:  # these are told in many tickets
                    self._of_person[person].append(event)
                told.add(this)

    def changes(self, ticket: Ticket) -> list[Event]:
        return self._of_person[ticket.identity_id]

    def unknown_until(self, ticket: Ticket) -> datetime | None:
        """Before this time nobody wrote down what group they had been in; None where that is known."""
        return self._unsaid.get(ticket.customer_id)


def tells_group(event: Event, ticket: Ticket) -> bool:
    """Whether it changed the group of a ticket's customer, and says which it had been."""
    facts = event.data
    return "group_before" in facts and ticket.identity_id in facts["identities"]


def with_others(events: list[Event], others: Iterable[Event]) -> list[Event]:
    """What happened to a ticket, and since it began to its person in other tickets."""
    known = {each.pk for each in events}
    told = {(each.kind, each.at) for each in events if each.kind in _OF_CUSTOMERS}
    since = [
        each
        for each in others
        if events and each.at > events[0].at and each.pk not in known and (each.kind, each.at) not in told
    ]
    return sorted([*events, *since], key=lambda each: (each.at, each.pk)) if since else events


def _changes(customers: Iterable[int], since: datetime) -> list[tuple[int, Event]]:
    """By the customer of the ticket that tells it; also what is told of those they were one with for a
    while."""
    found: list[tuple[int, Event]] = []
    asked: set[int] = set()
    wanted = set(customers)
    while wanted:
        rows = Event.objects.filter(_OF_GROUPS, ticket__customer__in=wanted, at__gte=since)
        new = [(each.customer, each) for each in rows.annotate(customer=F("ticket__customer"))]
        found += new
        asked |= wanted
        wanted = {each.data.get(side) for _, each in new if each.kind in _OF_CUSTOMERS for side in _SIDES}
        wanted -= {None, *asked}
    return found
