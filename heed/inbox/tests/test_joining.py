"""Whose customers one may join and part, and which of their identities one sees."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import reach, verbs
from heed.inbox.models import Event, Identity, Ticket
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_tending import ticket
from heed.inbox.verbs import CannotTend

pytestmark = pytest.mark.django_db


@pytest.fixture
def kids(rubber: Rubber) -> Account:
    return Account.objects.create(network="rubber", name="Acme Kids", external_id="k", base_url="http://k")


@pytest.fixture
def lea(account: Account) -> Ticket:
    return ticket(account, "Lea Marn")


@pytest.fixture
def hidden(lea: Ticket, kids: Account) -> Ticket:
    """Lea wrote to an account that Ana does not see."""
    found = ticket(kids, "L. Marn")
    Identity.objects.filter(pk=found.identity_id).update(customer=lea.customer_id)
    Ticket.objects.filter(pk=found.pk).update(customer=lea.customer_id)
    found.refresh_from_db()
    return found


@pytest.fixture
def some(ana: User, account: Account) -> User:
    """Ana, who sees one account only."""
    ana.grants.update(account=account.pk)
    return User.objects.get(pk=ana.pk)


def test_identities_elsewhere_are_not_shown(lea: Ticket, hidden: Ticket, some: User, ivo: User) -> None:
    assert [each.pk for each in reach.identities(some, lea)] == [lea.identity_id]
    assert [each.pk for each in reach.identities(ivo, lea)] == [lea.identity_id, hidden.identity_id]
    Ticket.objects.filter(pk=hidden.pk).update(assignee=some)
    assert [each.pk for each in reach.identities(some, lea)] == [lea.identity_id, hidden.identity_id]


def test_nobody_moves_tickets_they_may_not_work_on(
    account: Account, lea: Ticket, hidden: Ticket, some: User, ivo: User
) -> None:
    omar = ticket(account, "Omar Badr")
    with pytest.raises(CannotTend, match="not yours"):
        verbs.join(lea.customer, omar.customer, some)
    with pytest.raises(CannotTend, match="not yours"):
        verbs.part_identity(Identity.objects.get(pk=hidden.identity_id), some)
    record = verbs.join(lea.customer, omar.customer, ivo)
    with pytest.raises(CannotTend, match="not yours"):
        verbs.part(record, some)
    hidden.refresh_from_db()
    assert hidden.customer_id == omar.customer_id
    verbs.part(record, ivo)
    hidden.refresh_from_db()
    assert hidden.customer_id == lea.customer_id


def test_what_one_works_on_one_joins_and_parts(account: Account, lea: Ticket, some: User) -> None:
    omar = ticket(account, "Omar Badr")
    record = verbs.join(lea.customer, omar.customer, some)
    verbs.part(record, some)
    lea.refresh_from_db()
    assert lea.customer_id != omar.customer_id


def test_every_open_ticket_hears_of_it(account: Account, lea: Ticket, ivo: User) -> None:
    """Another customer may have other promises: those of all that is not done are looked at."""
    first = Ticket.objects.get(pk=lea.pk)
    for number in range(30):
        copied = Ticket.objects.get(pk=lea.pk)
        copied.pk, copied.running, copied.last_at = None, False, first.last_at + timedelta(minutes=number + 1)
        copied.status = "solved" if number % 2 else "open"
        copied.save(force_insert=True)
    omar = ticket(account, "Omar Badr")
    record = verbs.join(lea.customer, omar.customer, ivo)
    verbs.part(record, ivo)
    unsolved = Ticket.objects.filter(identity=lea.identity).exclude(status="solved")
    assert unsolved.count() == 16
    for kind in ("joined", "parted"):
        told = Event.objects.filter(kind=kind, actor=ivo)
        assert set(told.values_list("ticket", flat=True)) >= set(unsolved.values_list("pk", flat=True))
