"""The message, the ticket and the person a piece of news is about."""

from __future__ import annotations

from datetime import datetime

from heed.channels.base import Person
from heed.channels.models import Account
from heed.inbox.arrivals import refresh_identity, where_they_go
from heed.inbox.models import Customer, Identity, Message, Ticket
from heed.lib.text import clean


def find(account: Account, external_id: str) -> Message | None:
    return (
        Message.objects.select_related("ticket", "identity", "account", "author")
        .filter(account=account, external_id=external_id)
        .first()
    )


def held_with_its_end(home: Ticket) -> tuple[Ticket, Ticket]:
    """A ticket and the one in which it goes on, both held until the transaction ends: whoever merges or takes
    a merge back waits."""
    while True:
        end = where_they_go([home.pk])[home.pk]
        both = Ticket.objects.select_for_update().filter(pk__in={home.pk, end}).order_by("id")
        rows = {row.pk: row for row in both}
        if where_they_go([home.pk])[home.pk] == end:  # while we waited it may have gone on, or come back
            return rows[home.pk], rows[end]


def known_person(account: Account, person: Person) -> Identity | None:
    """By the id the network names, else by the second one that came along."""
    for wanted in (person.external_id, person.also):
        found = known_by(account, wanted) if wanted else None
        if found is not None:
            return found
    return None


def known_by(account: Account, wanted: str) -> Identity | None:
    rows = Identity.objects.filter(account=account)
    for field in ("external_id", "private_id", "also_id"):
        found = rows.filter(**{field: wanted}).first()
        if found is not None:
            return found
    return None


def new_person(account: Account, person: Person, at: datetime | None = None) -> Identity:
    """The identity of a person we have not met, as they were said to be then; whoever inserts first wins."""
    customer = Customer.objects.create(name=clean(person.name or person.handle)[:255])
    fresh = Identity(account=account, customer=customer, external_id=person.external_id, described_at=at)
    refresh_identity(fresh, person)
    Identity.objects.bulk_create([fresh], ignore_conflicts=True)
    identity = Identity.objects.get(account=account, external_id=person.external_id)
    if identity.customer_id != customer.pk:
        customer.delete()
    return identity
