"""Who wrote: second ids, new ids, stand-ins that give way, and machines that do not count."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from heed.accounts.models import User
from heed.channels.base import (
    Action,
    AuthorFound,
    Echo,
    HiddenChanged,
    IdentityChanged,
    MessageReceived,
    Person,
    Receipt,
)
from heed.channels.models import Account
from heed.inbox import early, files, outbox, reach, verbs
from heed.inbox.jobs import act_on_network
from heed.inbox.models import Customer, Delivery, Draft, Event, Identity, Message, Ticket
from heed.inbox.tests.deliveries import LEA, OMAR, at, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import FIRST
from heed.lib import clock

pytestmark = pytest.mark.django_db

NUMBER = Person("386400", "Lea Marn")
BOTH = Person("user-1", "Lea Marn", also="386400")
ID_ONLY = Person("user-1", "Lea Marn")


@pytest.mark.parametrize(
    "order",
    [(NUMBER, BOTH, ID_ONLY), (BOTH, NUMBER, ID_ONLY), (BOTH, ID_ONLY, NUMBER), (NUMBER, BOTH, NUMBER)],
)
@pytest.mark.parametrize("together", [True, False])
def test_one_person_under_two_ids(account: Account, order: tuple[Person, ...], together: bool) -> None:
    said = [private(str(number), number, who) for number, who in enumerate(order)]
    if together:
        news(account, *said)
    else:
        for each in said:
            news(account, each)
    assert Identity.objects.count() == Customer.objects.count() == Ticket.objects.count() == 1
    assert Ticket.objects.get().messages.count() == 3


def test_a_new_id_keeps_the_person(account: Account) -> None:
    news(account, private("1"), IdentityChanged(previous="lea", person=Person("lea-2"), at=at(1)))
    news(account, private("2", 2, Person("lea-2")))
    identity = Identity.objects.get()
    assert (identity.external_id, identity.name) == ("lea-2", "Lea Marn")
    assert Ticket.objects.get().messages.count() == 2


def test_a_new_id_that_wrote_already_is_the_same_person(account: Account, ana: User) -> None:
    news(account, comment("1"), private("2", 1), private("3", 2, Person("lea-2", "Lea M.")))
    old = Ticket.objects.get(kind="private", identity__external_id="lea")
    verbs.keep_draft(ana, old, "private", "half a sentence")
    news(account, IdentityChanged(previous="lea", person=Person("lea-2"), at=at(3)))
    assert Identity.objects.get().external_id == "lea-2"
    assert Customer.objects.count() == 1
    assert Ticket.objects.count() == 2
    joined = Ticket.objects.get(kind="private")
    assert [each.text for each in reach.thread(joined)] == ["words of 2", "words of 3"]
    assert reach.ticket(ana, old.pk) == joined
    assert Draft.objects.get().ticket == joined


def test_a_new_id_of_somebody_who_never_wrote_is_nobodys(account: Account) -> None:
    news(account, IdentityChanged(previous="who", person=Person("nadia", "Nadia Karim"), at=at(1)))
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Visitor · Acme", "VA"), ("@omar.badr", "O"), ("Lea Marn", "LM"), ("👏", "👏")],
)
def test_initials_are_letters(name: str, letters: str) -> None:
    assert Identity(name=name).initials == letters


def test_a_machines_answer_is_shown_and_does_not_count(account: Account) -> None:
    news(account, private("1"))
    away = Echo(external_id="a", at=at(1), visibility="private", person=LEA, text="Away", automatic=True)
    news(account, away)
    ticket = Ticket.objects.get()
    assert (ticket.unanswered, ticket.waiting_since) == (True, at(0))
    assert [each.automatic for each in reach.thread(ticket)] == [False, True]
    assert not Event.objects.filter(kind="answered_outside").exists()


def test_an_out_of_office_mail_reopens_nothing(account: Account, ana: User) -> None:
    news(account, private("1"))
    verbs.set_status(Ticket.objects.get(), ana, "solved")
    away = private("2", 5, automatic=True)
    news(account, away)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.unanswered, ticket.last_text) == ("solved", False, "words of 2")
    assert [each.automatic for each in reach.thread(ticket)] == [False, True]
    news(account, private("3", 10, automatic=True), private("4", 15), private("5", 20, automatic=True))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.unanswered, ticket.waiting_since) == ("open", True, at(15))


def test_what_another_app_answers_waits_for_nobody(account: Account) -> None:
    news(account, private("1", elsewhere=True))
    ticket = Ticket.objects.get()
    assert (ticket.unanswered, ticket.waiting_since, ticket.last_private_in) == (False, None, at(0))
    news(account, private("2", 5))
    ticket.refresh_from_db()
    assert (ticket.unanswered, ticket.waiting_since) == (True, at(5))


def test_a_ticket_that_begins_with_a_machine_waits_all_the_same(account: Account) -> None:
    news(account, private("1", automatic=True))
    assert Ticket.objects.get().unanswered


def test_a_receipt_may_name_our_key(account: Account, ana: User, rubber: Rubber) -> None:
    news(account, comment("1"))
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "hello", "public")
    outbox.send_next(ticket.pk)
    now, key = clock.now(), str(message.send_key)
    news(account, Receipt(state="seen", at=now, key=key), Receipt(state="seen", at=now, key="not a key"))
    message.refresh_from_db()
    assert message.state == "seen"
    news(account, Receipt(state="failed", at=now, key=key, reason="unreachable", code="26", detail="nobody"))
    message.refresh_from_db()
    assert (message.state, message.reason, message.detail) == ("failed", "unreachable", "26 nobody")


def test_who_waits_since_when_after_an_answer_outside(account: Account) -> None:
    """However the three come in: what was written after the answer waits, and only that."""
    answer = Echo(external_id="out", at=at(5), visibility="private", person=LEA, text="done")
    before, after, later = private("1", 0), private("2", 10), private("3", 20)
    news(account, private("0", -1))
    news(account, answer)
    news(account, before, after, later)
    ticket = Ticket.objects.get()
    assert (ticket.unanswered, ticket.waiting_since) == (True, at(10))


def test_drafts_stay_when_a_stand_in_gives_way(account: Account, ana: User) -> None:
    news(account, comment("1"), comment("2", 1, None))
    lea = Ticket.objects.get(identity__external_id="lea")
    stand_in = Ticket.objects.get(identity__external_id="?2")
    verbs.keep_draft(ana, lea, "public", "to Lea")
    verbs.keep_draft(ana, stand_in, "public", "to somebody")
    news(account, AuthorFound(external_id="2", author=LEA))
    assert Draft.objects.get().text == "to Lea\n\nto somebody"
    assert reach.ticket(ana, stand_in.pk) == lea


def test_the_last_word_on_hiding_is_the_networks(account: Account) -> None:
    news(account, comment("1"))
    news(account, HiddenChanged(external_id="1", at=at(9), hidden=False))
    news(account, HiddenChanged(external_id="1", at=at(5), hidden=True))
    assert not Message.objects.get().hidden


def test_a_key_belongs_to_one_ticket(account: Account, ana: User, rubber: Rubber) -> None:
    news(account, comment("1"), comment("2", who=OMAR))
    first, second = Ticket.objects.order_by("id")
    key = uuid4()
    verbs.answer(first, ana, "hello", "public", key=key)
    with pytest.raises(verbs.CannotAnswer, match="another ticket"):
        verbs.answer(second, ana, "hello", "public", key=key)
    with pytest.raises(verbs.CannotAnswer, match="another ticket"):
        verbs.note(second, ana, "hello", key=key)


def test_a_solved_ticket_that_opens_again_says_so(account: Account, ana: User) -> None:
    news(account, private("1"))
    verbs.set_status(Ticket.objects.get(), ana, "solved")
    news(account, private("2", 5))
    event = Event.objects.get(kind="ticket_reopened")
    assert (event.at, event.message) == (at(5), Message.objects.get(external_id="2"))


def test_odd_characters_in_references_are_kept_as_far_as_can_be(account: Account) -> None:
    refs: dict[str, Any] = {"a\x00b": ["\x00", {"deep": "x\x00y"}], "n": 1}
    news(account, private("1", refs=refs, text="nul \x00 here"))
    message = Message.objects.get()
    assert message.text == "nul \ufffd here"
    assert message.refs == {"a\ufffdb": ["\ufffd", {"deep": "x\ufffdy"}], "n": 1}


def test_an_account_whose_secrets_cannot_be_opened_sets_its_deliveries_aside(account: Account) -> None:
    Account.objects.update(locked_credentials=b"from another key")
    news(account, private("1"))
    delivery = Delivery.objects.get()
    assert delivery.state == "set_aside"
    account.refresh_from_db()
    account.credentials = {}
    account.save()
    Delivery.objects.update(state="pending")
    news(account)
    assert Message.objects.count() == 1


def test_the_pages_live_with_an_account_of_a_network_that_is_gone(account: Account, maja: User) -> None:
    news(account, private("1"))
    Account.objects.update(network="folder-that-was")
    ticket = reach.tickets(maja, "all").items[0]
    assert (ticket.account.adapter.label, ticket.account.adapter.short) == ("folder-that-was", "?")
    news(account, private("2"))
    assert Delivery.objects.filter(state="set_aside").count() == 1


def test_unused_files_leave_the_disk_after_a_day(
    settings: Any, tmp_path: Path, account: Account, ana: User
) -> None:
    settings.MEDIA_ROOT = tmp_path
    news(account, private("1"))
    source = tmp_path / "source"
    source.write_bytes(b"used")
    with source.open("rb") as file:
        used = verbs.attach(ana, Ticket.objects.get(), "a.txt", file)
    with source.open("rb") as file:
        left = files.keep(file)
    with source.open("rb") as file:
        fresh = files.keep(file)
    old = (clock.now() - timedelta(days=2)).timestamp()
    for path in (used.path, left.path):
        os.utime(tmp_path / path, (old, old))
    assert files.forget_unused() == 1
    assert [(tmp_path / each).exists() for each in (used.path, left.path, fresh.path)] == [True, False, True]


@pytest.mark.django_db(transaction=True)
def test_edits_at_once_keep_every_word(account: Account) -> None:
    news(account, comment("1"))
    message = Message.objects.get()

    def edit(minute: int) -> None:
        try:
            with transaction.atomic():
                early.edit(message, at(minute), f"edit {minute}")
        finally:
            connection.close()

    _at_once(edit, range(1, 5))
    message.refresh_from_db()
    assert message.text == "edit 4"
    kept = [each.text for each in message.revisions.order_by("at")]
    assert kept == ["words of 1", "edit 1", "edit 2", "edit 3", "edit 4"]


@pytest.mark.django_db(transaction=True)
def test_actions_at_once_keep_each_others_references(account: Account, ana: User, rubber: Rubber) -> None:
    news(account, comment("1"))
    message = Message.objects.get()
    rubber.act = _slowly  # type: ignore[assignment, method-assign]

    def act(action: Action) -> None:
        try:
            act_on_network.func(FIRST, message.pk, action, ana.pk)
        finally:
            connection.close()

    _at_once(act, ("like", "hide"))
    message.refresh_from_db()
    assert (message.liked, message.hidden) == (True, True)
    assert message.refs == {"by-like": 1, "by-hide": 1}


_meeting = threading.Barrier(2, timeout=120)


def _slowly(account: Any, action: str, *_: Any) -> Any:
    yield from ()
    _meeting.wait()
    return {f"by-{action}": 1}


def _at_once(work: Any, each: Any) -> None:
    threads = [threading.Thread(target=work, args=(one,)) for one in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_words_without_a_person_stay_alone(account: Account) -> None:
    said: MessageReceived = comment("1", 0, None)
    news(account, said, comment("2", 1, None))
    assert Ticket.objects.count() == 2
