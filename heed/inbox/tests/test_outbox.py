"""Answers out: honest states, nothing twice."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import User
from heed.channels import sessions
from heed.channels.base import AccountRecord, Answer, CannotTell, Echo, NotThere, Receipt, Refusal, Sent
from heed.channels.models import Account
from heed.inbox import outbox, unknown, verbs
from heed.inbox.arriving import arrived
from heed.inbox.models import Draft, Event, Message, Ticket
from heed.inbox.outgoing import taken_by
from heed.inbox.possible import possible
from heed.inbox.tests.deliveries import LEA, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Unreachable

pytestmark = pytest.mark.django_db

FIRST_TRY = SimpleNamespace(job=SimpleNamespace(attempts=0))


@pytest.fixture
def ticket(account: Account) -> Ticket:
    news(account, comment("1"))
    Message.objects.update(at=clock.now())
    return Ticket.objects.get()


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def test_an_answer_goes_out_once(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    key = uuid4()
    message = verbs.answer(ticket, ana, "we help", "public", key=key)
    assert verbs.answer(ticket, ana, "we help", "public", key=key) == message
    outbox.send_next(ticket.pk)
    outbox.send_next(ticket.pk)
    assert state(message) == "sent"
    assert [each.text for each in rubber.sent] == ["we help"]
    assert rubber.sent[0].to is not None
    assert rubber.sent[0].to.external_id == "1"


def test_only_marking_ends_unanswered(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    verbs.answer(ticket, ana, "we help", "public")
    outbox.send_next(ticket.pk)
    ticket.refresh_from_db()
    assert ticket.unanswered
    verbs.answer(ticket, ana, "done", "public", mark=True)
    ticket.refresh_from_db()
    assert not ticket.unanswered


def test_answers_keep_their_order(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    first = verbs.answer(ticket, ana, "one", "public")
    verbs.answer(ticket, ana, "two", "public")
    rubber.script = [Refusal("slow_down", retry=True, after=30)]
    again = outbox.send_next(ticket.pk)
    assert state(first) == "retrying"
    assert again is not None
    assert timedelta(seconds=25) < again - clock.now() < timedelta(seconds=31)
    with clock.moved(timedelta(seconds=31)):
        outbox.send_next(ticket.pk)
    assert [each.text for each in rubber.sent] == ["one", "one", "two"]


def test_a_refusal_returns_the_draft(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    verbs.keep_draft(ana, ticket, "public", "begun meanwhile")
    rubber.script = [Refusal("gone", code="100/33", detail="no such comment")]
    outbox.send_next(ticket.pk)
    assert (state(message), message.reason) == ("failed", "gone")
    assert message.words is not None
    draft = Draft.objects.get()
    assert (draft.text, draft.failed) == ("we help\n\nbegun meanwhile", message)


def test_unreachable_is_tried_again_and_ends(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.script = [Unreachable("down")] * 20
    for hour in range(20):
        with clock.moved(timedelta(hours=hour)):
            outbox.send_next(ticket.pk)
    assert (state(message), message.reason) == ("failed", "network_down")
    assert len(rubber.sent) == len(outbox.WAITS) + 1


def test_a_lost_answer_is_never_resent_blindly(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.script = [AnswerLost("reset")]
    rubber.findings = [CannotTell(5), CannotTell(None)]
    outbox.send_next(ticket.pk)
    assert state(message) == "unknown"
    for minute in range(1, 6):
        with clock.moved(timedelta(minutes=minute)):
            unknown.resolve(message.pk)
            outbox.send_next(ticket.pk)
    assert state(message) == "unknown"
    assert rubber.findings == []
    assert len(rubber.sent) == 1


@pytest.mark.parametrize(("finding", "sent"), [(Sent("x"), 1), (NotThere(), 2)])
def test_the_network_settles_an_unknown(
    ticket: Ticket, ana: User, rubber: Rubber, finding: Any, sent: int
) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.script = [AnswerLost("reset")]
    rubber.findings = [finding]
    outbox.send_next(ticket.pk)
    assert unknown.resolve(message.pk) is None  # too early to ask
    with clock.moved(timedelta(seconds=3)):
        unknown.resolve(message.pk)
        outbox.send_next(ticket.pk)
    assert state(message) == "sent"
    assert len(rubber.sent) == sent


@pytest.mark.parametrize(("outcome", "sent"), [("sent", 1), ("resend", 2)])
def test_a_person_settles_an_unknown(
    ticket: Ticket, ana: User, rubber: Rubber, outcome: str, sent: int
) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.script = [AnswerLost("reset")]
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    verbs.settle(message, ana, outcome)
    outbox.send_next(ticket.pk)
    assert (state(message), len(rubber.sent)) == ("sent", sent)
    with pytest.raises(verbs.CannotSettle):
        verbs.settle(message, ana, outcome)


def test_a_worker_that_dies_leaves_an_unknown(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    claimed, _ = outbox._claim(ticket.pk)
    assert claimed == message
    assert outbox.send_next(ticket.pk) is not None  # somebody else owns it
    assert rubber.sent == []
    with clock.moved(timedelta(hours=1)):
        outbox.send_next(ticket.pk)
    assert (state(message), rubber.sent) == ("unknown", [])


def test_an_echo_before_the_answer_is_the_same_message(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")

    def echo_first() -> Sent:
        news(account, Echo(external_id="42", at=clock.now(), visibility="public", parent="1", text="we help"))
        return Sent("42")

    rubber.script = [echo_first]
    outbox.send_next(ticket.pk)
    assert (state(message), message.external_id) == ("sent", "42")
    assert Message.objects.filter(direction="out").count() == 1


def test_an_echo_in_other_words_is_still_ours(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")

    def echo_first() -> Sent:
        news(
            account, Echo(external_id="42", at=clock.now(), visibility="public", parent="1", text="We help.")
        )
        return Sent("42")

    rubber.script = [echo_first]
    outbox.send_next(ticket.pk)
    assert (state(message), message.external_id) == ("sent", "42")
    assert Message.objects.filter(direction="out").count() == 1
    assert not Event.objects.filter(kind="answered_outside").exists()


def test_the_private_reply_is_possible_once(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    assert possible(ticket).private.allowed
    rubber.script = [Sent("p1", person="psid")]
    verbs.answer(ticket, ana, "privately", "private")
    outbox.send_next(ticket.pk)
    ticket.refresh_from_db()
    assert ticket.took_private
    with pytest.raises(verbs.CannotAnswer):
        verbs.answer(ticket, ana, "again", "private")
    news(account, private("9", 60 * 24 * 400, who=type(LEA)("psid", "Lea Marn")))
    ticket.refresh_from_db()
    assert Ticket.objects.count() == 1
    assert ticket.last_private_in is not None


def test_the_window_closes(account: Account, ana: User) -> None:
    news(account, private("1"))
    ticket = Ticket.objects.get()
    Ticket.objects.update(last_private_in=clock.now() - timedelta(hours=23))
    ticket.refresh_from_db()
    assert possible(ticket).private.allowed
    with clock.moved(timedelta(hours=2)):
        assert not possible(ticket).private.allowed
        with pytest.raises(verbs.CannotAnswer):
            verbs.answer(ticket, ana, "hello", "private")


@pytest.mark.parametrize("text", ["", "   ", "x" * 101])
def test_what_cannot_be_sent_is_refused_before(ticket: Ticket, ana: User, text: str) -> None:
    with pytest.raises(verbs.CannotAnswer):
        verbs.answer(ticket, ana, text, "public")
    assert Message.objects.filter(direction="out").count() == 0


def test_actions_keep_what_the_network_says(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    from heed.inbox.jobs import act_on_network

    message = Message.objects.get()
    verbs.act(message, ana, "like")
    act_on_network(FIRST_TRY, message=message.pk, action="like", user=ana.pk)  # type: ignore[arg-type]
    message.refresh_from_db()
    assert (message.liked, message.refs) == (True, {"by": "like"})
    with pytest.raises(verbs.CannotAct):
        verbs.act(message, ana, "like")
    with pytest.raises(verbs.CannotAct):
        verbs.act(message, ana, "delete")


def test_an_echo_waits_for_the_request_that_may_have_made_it(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    """Two threads send the same words under one comment: the network's own answers decide."""
    news(account, comment("2", 1, who=type(LEA)("omar", "Omar Badr"), parent="1"))
    other = Ticket.objects.get(identity__external_id="omar")
    first = verbs.answer(ticket, ana, "write to us", "public")
    second = verbs.answer(other, ana, "write to us", "public")
    claims = [outbox._claim(each.pk)[0] for each in (ticket, other)]
    now = clock.now()
    news(account, Echo(external_id="B", at=now, visibility="public", parent="1", text="write to us"))
    assert claims[0] is not None
    assert claims[1] is not None
    arrived(claims[1], Sent("B"))
    arrived(claims[0], Sent("A"))
    news(account, Echo(external_id="A", at=now, visibility="public", parent="1", text="write to us"))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.external_id, second.external_id) == ("A", "B")
    assert Message.objects.filter(direction="out").count() == 2


def test_another_answers_id_proves_nothing(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    verbs.answer(ticket, ana, "yes", "public")
    outbox.send_next(ticket.pk)
    again = verbs.answer(ticket, ana, "yes", "public")
    rubber.script = [AnswerLost("reset")]
    rubber.findings = [Sent("out-1")]
    outbox.send_next(ticket.pk)
    with clock.moved(timedelta(seconds=3)):
        unknown.resolve(again.pk)
    assert state(again) == "unknown"
    assert rubber.sent[1].taken == frozenset({"out-1"})


def test_a_slow_worker_finds_its_answer_taken_over(
    ticket: Ticket, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.asks = True
    asked: list[str] = []

    class Slow:
        def send(self, request: Request) -> Response:
            asked.append(request.method)
            take_over(ticket)
            return Response(200, {}, b"{}")

    monkeypatch.setattr(sessions, "client", Slow)
    outbox.send_next(ticket.pk)
    assert state(message) == "unknown"
    assert asked == ["GET"]


def take_over(ticket: Ticket) -> None:
    """Another worker comes long after the lease ran out."""
    with clock.moved(timedelta(hours=1)):
        outbox._claim(ticket.pk)


def test_a_proof_after_failure_takes_the_draft_back(
    account: Account, ticket: Ticket, ana: User, rubber: Rubber
) -> None:
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.script = [Refusal("bad_request")]
    outbox.send_next(ticket.pk)
    verbs.keep_draft(ana, ticket, "public", "we help\n\nand more")
    Draft.objects.update(failed=message)
    news(account, Echo(external_id="42", at=clock.now(), visibility="public", parent="1", text="we help"))
    assert (state(message), message.external_id) == ("sent", "42")
    assert Draft.objects.get().text == "and more"


def test_a_file_that_is_gone_fails_the_answer(ticket: Ticket, ana: User, rubber: Rubber) -> None:
    message = verbs.answer(ticket, ana, "see this", "public")
    message.attachments.create(kind="image", name="a.png", mime="image/png", path="no/where")
    outbox.send_next(ticket.pk)
    assert (state(message), message.reason, rubber.sent) == ("failed", "file_refused", [])


def test_the_network_is_told_of_the_last_attempt(
    ticket: Ticket, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network shows a message only after a moment: that moment counts from the last attempt."""
    asked: list[Answer] = []

    def find(account: AccountRecord, answer: Answer) -> Any:
        yield from ()
        asked.append(answer)
        return NotThere()

    monkeypatch.setattr(rubber, "find", find)
    rubber.script = [AnswerLost("cut"), AnswerLost("cut again")]
    message = verbs.answer(ticket, ana, "we help", "public")
    begun = clock.now()
    for minute in range(2):
        now = begun + timedelta(minutes=minute)
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        outbox.send_next(ticket.pk)
        monkeypatch.setattr(clock, "now", lambda now=now: now + timedelta(seconds=5))
        unknown.resolve(message.pk)
    first, second = asked
    assert first.started == first.tried == second.started == begun
    assert second.tried == begun + timedelta(minutes=1)


@pytest.mark.parametrize("visibility", ["", "note", "secret"])
def test_an_answer_is_public_or_private(ticket: Ticket, ana: User, visibility: str) -> None:
    with pytest.raises(verbs.CannotAnswer):
        verbs.answer(ticket, ana, "we help", visibility)


def test_seen_before_it_was_sent_is_not_seen(account: Account, ana: User, rubber: Rubber) -> None:
    news(account, private("1"))
    Ticket.objects.update(last_private_in=clock.now())
    message = verbs.answer(Ticket.objects.get(), ana, "yes", "private")
    rubber.script = [Refusal("slow_down", retry=True, after=600)]
    outbox.send_next(message.ticket_id)
    soon = clock.now() + timedelta(seconds=1)
    news(account, Receipt(state="seen", at=soon, person="lea", watermark=soon))
    with clock.moved(timedelta(seconds=700)):
        outbox.send_next(message.ticket_id)
    assert state(message) == "sent"


def test_our_other_messages_of_that_time_are_found_by_an_index(ticket: Ticket, ana: User) -> None:
    """Every answer asks for them: among millions they must not be looked for one by one."""
    message = verbs.answer(ticket, ana, "On its way", "public")
    facts: dict[str, Any] = {
        "account_id": ticket.account_id,
        "ticket": ticket,
        "direction": "out",
        "visibility": "public",
    }
    Message.objects.bulk_create(
        Message(**facts, external_id=f"o{n}", created_at=clock.now() - timedelta(hours=n))
        for n in range(3000)
    )
    with connection.cursor() as cursor:
        with CaptureQueriesContext(connection) as asked:
            assert taken_by(message) == {"o0"}
        cursor.execute("ANALYZE inbox_message")
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_out" in plan
