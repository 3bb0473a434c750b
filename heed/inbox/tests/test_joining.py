"""Whose customers one may join and part, and which of their identities one sees."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import reach, verbs
from heed.inbox.models import Customer, Event, Identity, Joining, Ticket
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_tending import ticket
from heed.inbox.verbs import CannotTend
from heed.tests.examples import examples

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


def test_who_is_somebody_else_is_said_by_whoever_works_on_all_of_theirs(
    lea: Ticket, hidden: Ticket, some: User, ivo: User
) -> None:
    elsewhere = Identity.objects.get(pk=hidden.identity_id)
    Ticket.objects.filter(pk=hidden.pk).update(assignee=some)
    assert verbs.why_not_parted(elsewhere, some) == ""
    more = ticket(hidden.account, "Another", running=False)
    Ticket.objects.filter(pk=more.pk).update(identity=elsewhere, customer=lea.customer_id)
    assert "not yours to work on" in str(verbs.why_not_parted(elsewhere, some))
    with pytest.raises(CannotTend):
        verbs.part_identity(elsewhere, some)
    assert verbs.why_not_parted(elsewhere, ivo) == ""
    Ticket.objects.filter(pk=more.pk).update(merged_into=lea)
    assert f"Take #{more.pk} apart first" in str(verbs.why_not_parted(elsewhere, ivo))


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


def test_joined_with_somebody_who_was_joined_on_they_part_first(
    account: Account, lea: Ticket, ivo: User
) -> None:
    omar, tuya = ticket(account, "Omar Badr"), ticket(account, "Tuya Bold")
    inner = verbs.join(lea.customer, omar.customer, ivo)
    outer = verbs.join(Ticket.objects.get(pk=omar.pk).customer, tuya.customer, ivo)
    tuya.refresh_from_db()
    assert [each.pk for each in reach.joinings(tuya)] == [outer.pk, inner.pk]
    verbs.part(inner, ivo)
    assert theirs(lea, omar, tuya) == [lea.customer_id, tuya.customer_id, tuya.customer_id]
    again = verbs.join(lea.customer, tuya.customer, ivo)
    verbs.part(outer, ivo)
    assert theirs(lea, omar, tuya) == [tuya.customer_id, omar.customer_id, tuya.customer_id]
    verbs.part(again, ivo)
    assert theirs(lea, omar, tuya) == [lea.customer_id, omar.customer_id, tuya.customer_id]


def test_they_do_not_part_while_their_tickets_are_one(account: Account, lea: Ticket, ivo: User) -> None:
    """Else what one of them writes would go on coming to the other's."""
    omar = ticket(account, "Omar Badr")
    record = verbs.join(lea.customer, omar.customer, ivo)
    for gone, kept in ((lea, omar), (omar, lea)):
        merged = verbs.merge(Ticket.objects.get(pk=gone.pk), Ticket.objects.get(pk=kept.pk), ivo)
        with pytest.raises(CannotTend, match=f"Take #{gone.pk} apart first"):
            verbs.part(record, ivo)
        with pytest.raises(CannotTend, match=f"Take #{gone.pk} apart first"):
            verbs.part_identity(Identity.objects.get(pk=lea.identity_id), ivo)
        assert theirs(lea, omar) == [omar.customer_id] * 2
        verbs.unmerge(merged, ivo)
    verbs.part(record, ivo)
    assert theirs(lea, omar) == [lea.customer_id, omar.customer_id]


people = st.integers(0, 3)
STEPS = st.tuples(st.just("join"), people, people) | st.tuples(st.just("part"), st.integers(0, 5), people)


@given(st.lists(STEPS, max_size=10), st.randoms(use_true_random=False))
@settings(max_examples=examples(8))
def test_joined_and_parted_in_any_order(
    account: Account, ivo: User, steps: list[tuple[str, int, int]], order: Random
) -> None:
    """Each identity is always the one's in whom its own customer goes on, and at last its own again."""
    with transaction.atomic():
        tickets = [ticket(account, name) for name in ("Lea Marn", "Omar Badr", "Tuya Bold", "Jan Sever")]
        own = [each.customer_id for each in tickets]
        records: dict[Joining, tuple[int, int]] = {}
        for what, one, other in steps:
            if what == "part" and one < len(records):
                record = [*records][one]
                verbs.part(Joining.objects.get(pk=record.pk), ivo)
                del records[record]
            elif what == "join":
                with suppress(CannotTend):
                    gone, kept = (Customer.objects.get(pk=own[each]) for each in (one, other))
                    records[verbs.join(gone, kept, ivo)] = own[one], own[other]
            into = dict(records.values())
            assert theirs(*tickets) == [end(each, into) for each in own]
            found = Ticket.objects.get(pk=tickets[0].pk)
            inside = [each for each in records if end(each.kept_id, into) == found.customer_id]
            assert {*reach.joinings(found)} == {*inside}
        left = [*records]
        order.shuffle(left)
        for record in left:
            verbs.part(record, ivo)
        assert theirs(*tickets) == own
        assert [str(each.customer) for each in Ticket.objects.order_by("pk")] == [
            str(each.customer) for each in tickets
        ]
        assert not Customer.objects.exclude(joined_into=None).exists()
        transaction.set_rollback(True)


def end(customer: int, into: dict[int, int]) -> int:
    while customer in into:
        customer = into[customer]
    return customer


def theirs(*tickets: Ticket) -> list[int]:
    """Whose the tickets are, and so are their identities."""
    found = [Ticket.objects.select_related("identity").get(pk=each.pk) for each in tickets]
    assert [each.customer_id for each in found] == [each.identity.customer_id for each in found]
    return [each.customer_id for each in found]


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


def test_whoever_is_somebody_else_is_kept_by_a_name_only_where_there_is_one(
    lea: Ticket, hidden: Ticket, ivo: User
) -> None:
    Identity.objects.filter(pk=hidden.identity_id).update(name="", handle="", external_id="oVk-96fa41")
    alone = verbs.part_identity(Identity.objects.get(pk=hidden.identity_id), ivo)
    assert alone.name == "", "else no name that the network tells later takes its place"
    told = dict(Event.objects.filter(kind="parted").values_list("ticket", "data__name"))
    assert told == {lea.pk: "Customer 96fa41", hidden.pk: "Lea Marn"}
