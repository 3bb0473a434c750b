"""Two processes at the same people at the same time: nothing is lost, and nobody stops working."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from heed.accounts.models import User
from heed.channels import jobs, sessions
from heed.channels.base import AccountChanged, IdentityChanged, Person, Refusal
from heed.channels.models import Account
from heed.inbox import intake, ledger, news, verbs
from heed.inbox.models import Delivery, Identity, Message, Ticket
from heed.inbox.news import giving_way
from heed.inbox.tests.deliveries import LEA, at, comment, private
from heed.inbox.tests.deliveries import news as told
from heed.inbox.tests.rubber import body

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120


def beside(work: Callable[[], object]) -> threading.Thread:
    """Do it in another process, so to speak."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_what_comes_while_a_person_gives_way_is_not_lost(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(account, comment("1"), private("2", 1, Person("lea-2")))
    ledger.append(account.pk, [body(private("3", 2, LEA))])
    others: list[threading.Thread] = []
    hand_over = giving_way._hand_over

    def meanwhile(*given: object) -> set[int]:
        touched = hand_over(*given)  # type: ignore[arg-type]
        if not others:
            others.append(beside(intake.take_batch))
            others[0].join(2)
        return touched

    monkeypatch.setattr(giving_way, "_hand_over", meanwhile)
    with transaction.atomic():
        news.apply(account, IdentityChanged(previous="lea", person=Person("lea-2"), at=at(3)))
    others[0].join(PATIENCE)
    assert not others[0].is_alive()
    while intake.take_batch():
        pass
    assert not Delivery.objects.exclude(state="done").exists()
    assert sorted(Message.objects.values_list("external_id", flat=True)) == ["1", "2", "3"]
    assert Identity.objects.filter(external_id="lea-2").exists()


def test_a_ticket_poured_into_another_keeps_its_colleague_and_its_private_talk(
    account: Account, ana: User
) -> None:
    told(account, comment("1"), comment("2", 1, Person("lea-2")))
    old, kept = (
        Ticket.objects.get(identity__external_id="lea"),
        Ticket.objects.get(identity__external_id="lea-2"),
    )
    verbs.assign(old, ana, ana)
    Ticket.objects.filter(pk=old.pk).update(took_private=True, outside_until=at(1))
    told(account, IdentityChanged(previous="lea", person=Person("lea-2"), at=at(3)))
    kept.refresh_from_db()
    assert (kept.assignee, kept.took_private, kept.outside_until) == (ana, True, at(1))


def test_whoever_waits_for_a_colleague_to_assign_changes_what_is_there_then(
    account: Account, ana: User, ivo: User
) -> None:
    told(account, comment("1"))
    ticket = Ticket.objects.get()
    with transaction.atomic():
        verbs.assign(ticket, ana, ana)
        other = beside(lambda: verbs.assign(Ticket.objects.get(pk=ticket.pk), ivo, None))
        other.join(1)
        assert other.is_alive()
    other.join(PATIENCE)
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_the_door_waits_for_nobody_who_writes_what_is_known_of_an_account(account: Account) -> None:
    with transaction.atomic():
        news.apply(account, AccountChanged(detail="a remark"))
        jobs._held(account)
        sessions._mark_broken(account, Refusal("sign_in_again"))
        door = beside(lambda: ledger.append(account.pk, [body(private("1"))]))
        door.join(PATIENCE)
        assert not door.is_alive()
    assert Delivery.objects.count() == 1
