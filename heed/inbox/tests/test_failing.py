"""What follows when an answer fails, or nobody knows whether it arrived: who waits, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import (
    CannotTell,
    Capabilities,
    Choice,
    ChoiceForm,
    Choices,
    Echo,
    Limit,
    NotThere,
    Receipt,
    Refusal,
    Sent,
    Writing,
)
from heed.channels.models import Account
from heed.inbox import notices, outbox, receipts, unknown, verbs
from heed.inbox.arriving import arrived
from heed.inbox.models import Draft, Event, Message, Notice, Ticket
from heed.inbox.outgoing import choices_kept
from heed.inbox.tests.deliveries import comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AnswerLost

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(account: Account) -> Ticket:
    news(account, comment("1"))
    Message.objects.update(at=clock.now())
    return Ticket.objects.get()


def answered(ticket: Ticket, user: User) -> Message:
    message = verbs.answer(ticket, user, "we help", "public", mark=True)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    return message


def waiting(ticket: Ticket) -> tuple[bool, object]:
    now = Ticket.objects.get(pk=ticket.pk)
    return now.unanswered, now.waiting_since


def told(user: User) -> list[str]:
    return [each.kind for each in notices.latest(user).items if each.seen_at is None]


def by_receipt(account: Account, external_ids: tuple[str, ...] = ("out-1",), key: str = "") -> None:
    news(
        account,
        Receipt(state="failed", at=clock.now(), external_ids=external_ids, key=key, reason="unreachable"),
    )


def test_one_that_fails_at_once_leaves_the_ticket_waiting(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    before = waiting(ticket)
    rubber.script = [Refusal("gone")]
    message = answered(ticket, ana)
    assert message.state == "failed"
    assert waiting(ticket) == before
    assert told(ana) == ["failed"]
    event = Event.objects.get(kind="unanswered_marked")
    assert (event.actor, event.facts["why"]) == (None, "failed")


def test_one_that_fails_later_does_so_too(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    before = waiting(ticket)
    answered(ticket, ana)
    assert (waiting(ticket)[0], told(ana)) == (False, [])
    by_receipt(account)
    by_receipt(account)
    assert (waiting(ticket), told(ana)) == (before, ["failed"])
    assert Event.objects.filter(kind="unanswered_marked").count() == 1


def test_its_author_is_told_without_a_mark_and_the_customer_waits_on(
    ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    rubber.script = [Refusal("gone")]
    verbs.answer(ticket, ana, "we help", "public")
    outbox.send_next(ticket.pk)
    assert (waiting(ticket)[0], told(ana)) == (True, ["failed"])
    assert not Event.objects.filter(kind="unanswered_marked").exists()


@pytest.mark.parametrize("decided", ["answered", "solved"])
def test_what_somebody_decided_since_stands(
    account: Account, ticket: Ticket, ana: User, ivo: User, rubber: Rubber, decided: str
) -> None:
    answered(ticket, ana)
    verbs.mark_unanswered(ticket, ivo)
    if decided == "answered":
        verbs.mark_answered(ticket, ivo)
    else:
        verbs.set_status(ticket, ivo, "solved")
    by_receipt(account)
    assert (waiting(ticket)[0], told(ana)) == (False, ["failed"])


def test_a_customer_who_wrote_since_waits_from_the_first_time_on(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    before = waiting(ticket)
    answered(ticket, ana)
    news(account, comment("2", 60 * 24 * 600))
    assert waiting(ticket) != before
    by_receipt(account)
    assert waiting(ticket) == before


class TestWithChoices:
    OFFERED = Choices((Choice("New ones"), Choice("Refund")))

    @pytest.fixture
    def message(self, account: Account, ana: User, rubber: Rubber) -> Message:
        writing = Writing((Limit("chars", 100),), choices=(ChoiceForm(3, Limit("chars", 20)),))
        rubber.capabilities = Capabilities(private=writing)
        news(account, private("1"))
        return verbs.answer(Ticket.objects.get(), ana, "What now?", "private", choices=self.OFFERED, hold=5)

    def kept(self) -> Choices | None:
        return choices_kept(Draft.objects.get().choices)

    def test_they_come_back_with_it(self, message: Message) -> None:
        receipts.fail(message, "gone")
        assert self.kept() == self.OFFERED

    def test_those_begun_meanwhile_stay(self, message: Message, ana: User) -> None:
        begun = Choices((Choice("Yes"),), "Choose")
        verbs.keep_draft(ana, message.ticket, "private", "Well?", begun)
        receipts.fail(message, "gone")
        assert self.kept() == begun

    def test_they_go_when_it_arrived_after_all(self, message: Message) -> None:
        receipts.fail(message, "gone")
        arrived(message, Sent("x"))
        assert not Draft.objects.exists()

    def test_they_are_in_the_draft_of_what_was_taken_back(self, message: Message, ana: User) -> None:
        verbs.take_back(message, ana)
        assert self.kept() == self.OFFERED


class TestUnknown:
    @pytest.fixture
    def message(self, ticket: Ticket, ana: User, rubber: Rubber) -> Message:
        rubber.script = [AnswerLost("reset")]
        message = answered(ticket, ana)
        assert message.state == "unknown"
        assert waiting(ticket)[0]
        assert told(ana) == []  # the network is asked first
        return message

    def resolve(self, message: Message) -> None:
        with clock.moved(timedelta(seconds=3)):
            unknown.resolve(message.pk)

    def test_found_it_is_answered_again(self, ticket: Ticket, message: Message, rubber: Rubber) -> None:
        rubber.findings = [Sent("x")]
        self.resolve(message)
        assert waiting(ticket) == (False, None)
        assert told(message.author) == []  # type: ignore[arg-type]

    def test_what_nobody_can_say_is_told_until_it_is_settled(
        self, ticket: Ticket, message: Message, ana: User, rubber: Rubber
    ) -> None:
        rubber.findings = [CannotTell(None)]
        self.resolve(message)
        assert (waiting(ticket)[0], told(ana)) == (True, ["unknown"])
        verbs.settle(message, ana, "sent")
        assert (waiting(ticket), told(ana)) == ((False, None), [])

    def test_sent_again_it_is_answered_when_it_arrives(
        self, ticket: Ticket, message: Message, ana: User, rubber: Rubber
    ) -> None:
        rubber.findings = [CannotTell(None)]
        self.resolve(message)
        verbs.settle(message, ana, "resend")
        assert (waiting(ticket)[0], told(ana)) == (True, [])
        outbox.send_next(ticket.pk)
        assert waiting(ticket) == (False, None)

    @pytest.mark.parametrize("sent_again", [False, True])
    def test_a_failure_with_our_key_is_of_the_attempt_whose_id_it_names(
        self, account: Account, message: Message, ana: User, sent_again: bool
    ) -> None:
        if sent_again:
            verbs.settle(message, ana, "resend")
            outbox.send_next(message.ticket_id)
        key, why = str(message.send_key), "unreachable"
        by_receipt(account, external_ids=("x",), key=key)
        message.refresh_from_db()
        assert (message.state, message.reason) == (("sent", "") if sent_again else ("failed", why))
        assert told(ana) == ([] if sent_again else ["failed"])

    def test_refused_the_second_time_it_has_failed(
        self, ticket: Ticket, message: Message, ana: User, rubber: Rubber
    ) -> None:
        rubber.findings, rubber.script = [CannotTell(1), NotThere()], [Refusal("gone")]
        self.resolve(message)
        with clock.moved(timedelta(seconds=9)):
            unknown.resolve(message.pk)
        outbox.send_next(ticket.pk)
        assert (waiting(ticket)[0], told(ana)) == (True, ["failed"])

    @pytest.mark.parametrize("meanwhile", ["the customer wrote", "a colleague decided"])
    def test_it_waits_on_where_something_happened_since(
        self, account: Account, ticket: Ticket, message: Message, ivo: User, rubber: Rubber, meanwhile: str
    ) -> None:
        if meanwhile == "the customer wrote":
            news(account, comment("2", 60 * 24 * 600))
        else:
            verbs.mark_answered(ticket, ivo)
            verbs.mark_unanswered(ticket, ivo)
        rubber.findings = [Sent("x")]
        self.resolve(message)
        assert waiting(ticket)[0]

    def test_a_worker_that_dies_leaves_it_waiting(self, ticket: Ticket, ana: User, rubber: Rubber) -> None:
        verbs.answer(ticket, ana, "we help", "public", mark=True)
        outbox._claim(ticket.pk)
        with clock.moved(timedelta(hours=1)):
            outbox.send_next(ticket.pk)
        assert waiting(ticket)[0]


def echo(account: Account, external_id: str, **more: Any) -> None:
    facts = {"at": clock.now(), "visibility": "public", "parent": "1", "text": "we help", **more}
    news(account, Echo(external_id=external_id, **facts))


@pytest.mark.parametrize("keyed", [False, True])
def test_what_a_person_settled_is_known_when_the_network_shows_it(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber, keyed: bool
) -> None:
    rubber.script = [AnswerLost("reset")]
    message = answered(ticket, ana)
    verbs.settle(message, ana, "sent")
    Message.objects.filter(pk=message.pk).update(state="seen")
    echo(account, "42", key=str(message.send_key) if keyed else "")
    message.refresh_from_db()
    assert (message.external_id, message.state) == ("42", "seen")
    assert Message.objects.filter(direction="out").count() == 1
    assert Event.objects.filter(kind="answer_sent").count() == 1
    echo(account, "43")  # somebody says the same in the network's own app
    assert Message.objects.filter(direction="out").count() == 2


def test_the_same_words_long_after_it_was_settled_are_others(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    rubber.script = [AnswerLost("reset")]
    verbs.settle(answered(ticket, ana), ana, "sent")
    echo(account, "42", at=clock.now() + timedelta(hours=2))
    assert set(Message.objects.filter(direction="out").values_list("external_id", flat=True)) == {"", "42"}


@pytest.mark.parametrize("seen", [False, True])
def test_a_proof_after_failure_marks_it_again(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber, seen: bool
) -> None:
    rubber.script = [Refusal("bad_request")]
    answered(ticket, ana)
    if seen:
        notices.mark_seen(ana)
    echo(account, "42")
    assert waiting(ticket) == (False, None)
    assert Notice.objects.count() == int(seen)


def test_a_refusal_that_overtook_the_id_holds(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    def refused_first() -> Sent:
        by_receipt(account)
        return Sent("out-1")

    rubber.script = [refused_first]
    assert answered(ticket, ana).state == "failed"
    assert (waiting(ticket)[0], told(ana)) == (True, ["failed"])
