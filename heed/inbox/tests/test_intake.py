"""Deliveries in, tickets out: whatever the order, however often."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels.base import (
    Attachment,
    AuthorFound,
    Echo,
    HiddenChanged,
    IdentitySeen,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    Person,
    PostSeen,
    ReactionChanged,
    Receipt,
    WordsFound,
)
from heed.channels.models import Account
from heed.inbox import arrivals, early, events, intake, ledger, outbox, posts, reach, verbs
from heed.inbox.arrivals import batch
from heed.inbox.models import Customer, Delivery, EarlyNews, Event, Identity, Message, Post, Ticket
from heed.inbox.news import apply_parked, echoes
from heed.inbox.tests.rubber import Rubber, body
from heed.lib import clock
from heed.lib.http import AnswerLost
from heed.tests.examples import examples

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEA = Person("lea", "Lea Marn")
OMAR = Person("omar", "Omar Badr")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def comment(external_id: str, minutes: float = 0, who: Person | None = LEA, **more: Any) -> MessageReceived:
    facts = {"text": f"words of {external_id}", "post": "post", "kind": "comment", **more}
    return MessageReceived(external_id=external_id, at=at(minutes), visibility="public", author=who, **facts)


def private(external_id: str, minutes: float = 0, who: Person = LEA, **more: Any) -> MessageReceived:
    facts = {"text": f"words of {external_id}", "kind": "message", **more}
    return MessageReceived(external_id=external_id, at=at(minutes), visibility="private", author=who, **facts)


def deliver(account: Account, *bodies: bytes) -> None:
    ledger.append(account.pk, bodies)
    while intake.take_batch():
        pass


def news(account: Account, *found: Inbound) -> None:
    deliver(account, *(body(each) for each in found))


def texts(ticket: Ticket) -> list[str]:
    return [message.text for message in reach.thread(ticket)]


def test_one_ticket_per_person_and_post(account: Account) -> None:
    news(account, comment("1"), comment("2", 1), comment("3", 2, OMAR), comment("4", 3, post="other"))
    assert Ticket.objects.count() == 3
    assert Post.objects.count() == 2
    assert Customer.objects.count() == Identity.objects.count() == 2
    lea = Ticket.objects.get(identity__external_id="lea", post__external_id="post")
    assert texts(lea) == ["words of 1", "words of 2"]
    assert (lea.unanswered, lea.status, lea.waiting_since) == (True, "new", at(0))


def test_one_running_private_ticket(account: Account) -> None:
    news(account, private("1"), private("2", 5), comment("3", 6))
    assert sorted(Ticket.objects.values_list("kind", flat=True)) == ["private", "public"]
    assert Ticket.objects.get(kind="private").last_private_in == at(5)


def test_the_networks_time_orders_the_thread(account: Account) -> None:
    news(account, private("c", 3), private("a", 1), private("b", 2))
    ticket = Ticket.objects.get()
    assert texts(ticket) == ["words of a", "words of b", "words of c"]
    assert (ticket.last_text, ticket.last_at, ticket.opened_at) == ("words of c", at(3), at(1))


def test_replay_changes_nothing(account: Account, maja: Any) -> None:
    news(account, comment("1"), private("2"), MessageEdited(external_id="1", at=at(3), text="better"))
    before = snapshot(), Event.objects.count()
    for _ in range(3):
        for delivery in Delivery.objects.all():
            verbs.replay(delivery, maja)
        while intake.take_batch():
            pass
    assert (snapshot(), Event.objects.count()) == before


def test_replay_does_not_reopen(account: Account, ana: Any, maja: Any) -> None:
    news(account, comment("1"))
    verbs.set_status(Ticket.objects.get(), ana, "solved")
    verbs.replay(Delivery.objects.get(), maja)
    intake.take_batch()
    assert Ticket.objects.get().status == "solved"


@pytest.mark.parametrize(("setting", "count"), [("reopen", 1), ("new", 2)])
def test_a_new_message_reopens_or_opens(account: Account, ana: Any, setting: str, count: int) -> None:
    Account.objects.update(after_solved=setting)
    news(account, comment("1"))
    first = Ticket.objects.get()
    verbs.set_status(first, ana, "solved")
    news(account, comment("2", 60 * 24 * 365))
    assert Ticket.objects.count() == count
    first.refresh_from_db()
    assert first.status == ("open" if setting == "reopen" else "solved")
    assert Ticket.objects.filter(unanswered=True).count() == 1


def test_edit_and_removal_keep_what_stood_there(account: Account) -> None:
    news(account, comment("1"), MessageEdited(external_id="1", at=at(2), text="second"))
    news(account, MessageEdited(external_id="1", at=at(1), text="first edit, late"))
    news(account, MessageRemoved(external_id="1", at=at(5)))
    message = Message.objects.get()
    assert (message.text, message.edited_at, message.removed_at) == ("second", at(2), at(5))
    assert [each.text for each in message.revisions.order_by("at")] == [
        "words of 1",
        "first edit, late",
        "second",
    ]


def test_news_may_overtake_its_message(account: Account) -> None:
    news(
        account,
        MessageRemoved(external_id="1", at=at(5)),
        MessageEdited(external_id="1", at=at(2), text="second"),
        HiddenChanged(external_id="1", at=at(3), hidden=True),
    )
    assert EarlyNews.objects.count() == 3
    news(account, comment("1"))
    message = Message.objects.get()
    assert (message.text, message.hidden, message.removed_at) == ("second", True, at(5))
    assert EarlyNews.objects.count() == 0


def test_two_edits_of_one_second_may_overtake_their_message(account: Account) -> None:
    edits = [MessageEdited(external_id="1", at=at(2), text=text) for text in ("second", "third")]
    news(account, *edits, *edits)
    assert EarlyNews.objects.count() == 2
    news(account, comment("1"))
    message = Message.objects.get()
    assert message.text == "third"
    assert [each.text for each in message.revisions.order_by("at", "id")] == ["words of 1", "second", "third"]


def test_looked_up_words_are_no_edit(account: Account) -> None:
    news(account, comment("1", text=""), WordsFound(external_id="1", text="what it said"))
    message = Message.objects.get()
    assert (message.text, message.edited_at, message.ticket.last_text) == (
        "what it said",
        None,
        "what it said",
    )
    news(account, WordsFound(external_id="1", text="something else"))
    assert Message.objects.get().text == "what it said"


def test_an_answer_outside_heed_counts(account: Account) -> None:
    news(
        account, private("1", 0), Echo(external_id="e", at=at(5), visibility="private", person=LEA, text="hi")
    )
    ticket = Ticket.objects.get()
    assert (ticket.unanswered, ticket.last_direction) == (False, "out")
    assert Message.objects.get(external_id="e").outside
    news(account, private("2", 6))
    ticket.refresh_from_db()
    assert (ticket.unanswered, ticket.waiting_since) == (True, at(6))


def test_our_own_comment_hangs_where_it_answers(account: Account) -> None:
    news(
        account, comment("1"), Echo(external_id="e", at=at(1), visibility="public", parent="1", text="hello")
    )
    assert texts(Ticket.objects.get()) == ["words of 1", "hello"]


def test_an_echo_attaches_to_our_answer(account: Account, ana: Any, rubber: Rubber) -> None:
    news(account, comment("1"))
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "we help", "public")
    rubber.script = [AnswerLost("reset")]
    outbox.send_next(ticket.pk)
    now = clock.now()
    news(account, Echo(external_id="e", at=now, visibility="public", parent="1", text="we help"))
    message.refresh_from_db()
    assert (message.external_id, message.state, Message.objects.count()) == ("e", "sent", 2)


def test_an_older_echo_is_not_our_answer(account: Account, ana: Any, rubber: Rubber) -> None:
    news(account, comment("1"))
    message = verbs.answer(Ticket.objects.get(), ana, "we help", "public")
    news(account, Echo(external_id="e", at=at(9), visibility="public", parent="1", text="we help"))
    message.refresh_from_db()
    assert (message.external_id, message.state, Message.objects.count()) == ("", "queued", 3)


def test_an_echo_may_come_before_the_comment_it_answers(account: Account) -> None:
    news(account, Echo(external_id="e", at=at(5), visibility="public", parent="1", text="hello"))
    assert Message.objects.count() == 0
    news(account, comment("1"))
    apply_parked()
    ticket = Ticket.objects.get()
    assert texts(ticket) == ["words of 1", "hello"]
    assert not ticket.unanswered
    assert EarlyNews.objects.count() == 0


class TestParkedEchoes:
    """Echoes of which it cannot be told yet where they belong."""

    def parked(self, account: Account, *parents: str) -> None:
        for parent in parents:
            echo = Echo(external_id=f"e{parent}", at=at(5), visibility="public", parent=parent, text="hello")
            news(account, echo)

    def waiting(self) -> list[str]:
        return sorted(EarlyNews.objects.values_list("external_id", flat=True))

    def test_many_that_wait_in_vain_hold_up_no_other(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(echoes, "_AT_ONCE", 2)
        self.parked(account, "never", "nowhere", "nobody", "1")
        news(account, comment("1"))
        apply_parked()
        apply_parked()
        assert texts(Ticket.objects.get()) == ["words of 1", "hello"]
        assert self.waiting() == ["enever", "enobody", "enowhere"]
        news(account, comment("never"))
        for _ in range(2):
            apply_parked()
        assert self.waiting() == ["enobody", "enowhere"]

    def test_a_new_one_is_looked_at_first(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(echoes, "_AT_ONCE", 2)
        self.parked(account, "never", "nowhere", "nobody")
        apply_parked()
        news(account, comment("1"))
        self.parked(account, "1")
        EarlyNews.objects.filter(external_id="enobody").update(looked_at=clock.now())
        self.parked(account, "2")
        news(account, comment("2"))
        apply_parked()
        assert self.waiting() == ["enever", "enobody", "enowhere"]

    def test_one_that_cannot_be_looked_at_holds_up_no_other(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(echoes, "_AT_ONCE", 1)
        self.parked(account, "spoilt", "1")
        EarlyNews.objects.filter(external_id="espoilt").update(data={"echo": {"no": "echo"}})
        news(account, comment("1"))
        apply_parked()
        apply_parked()
        assert self.waiting() == ["espoilt"]

    def test_what_never_comes_is_given_up_and_can_be_replayed(
        self, account: Account, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "heed.early")
        self.parked(account, "never")
        with clock.moved(timedelta(days=3) - timedelta(minutes=1)):
            early.forget()
            assert self.waiting() == ["enever"]
        with clock.moved(timedelta(days=3, minutes=1)):
            early.forget()
        assert self.waiting() == []
        assert "1 × echo given up" in caplog.text
        Delivery.objects.update(state="pending")
        while intake.take_batch():
            pass
        assert self.waiting() == ["enever"]


def test_what_two_processes_missed_is_swept_up(account: Account) -> None:
    news(account, comment("1"))
    early.keep(account.pk, "1", "edited", at(1), text="better")
    early.keep(account.pk, "1", "removed", at(2))
    assert early.apply_waiting() == 2
    message = Message.objects.get()
    assert (message.text, message.removed_at) == ("better", at(2))


def test_receipts_move_forward_only(account: Account, ana: Any, rubber: Rubber) -> None:
    news(account, private("1"))
    Ticket.objects.update(last_private_in=clock.now())
    message = verbs.answer(Ticket.objects.get(), ana, "hello", "private")
    soon = clock.now() + timedelta(minutes=1)
    news(account, Receipt(state="seen", at=soon, external_ids=("out-1",)))
    outbox.send_next(message.ticket_id)
    message.refresh_from_db()
    assert message.state == "seen"
    news(account, Receipt(state="delivered", at=soon, person="lea", watermark=soon))
    message.refresh_from_db()
    assert message.state == "seen"


def test_reactions_count_once_and_can_be_taken_back(account: Account) -> None:
    news(account, comment("1"))
    like = ReactionChanged(target="1", at=at(1), author=OMAR, reaction="like", on=True)
    news(account, like, like)
    ticket = Ticket.objects.get()
    assert reach.thread(ticket)[0].like_count == 1  # type: ignore[attr-defined]
    news(account, ReactionChanged(target="1", at=at(2), author=OMAR, reaction="like", on=False), like)
    assert reach.thread(ticket)[0].like_count == 0  # type: ignore[attr-defined]


def test_an_unknown_author_becomes_known(account: Account) -> None:
    news(account, comment("1", who=None), comment("2", 1))
    assert Ticket.objects.count() == 2
    news(account, AuthorFound(external_id="1", author=LEA))
    ticket = Ticket.objects.get()
    assert texts(ticket) == ["words of 1", "words of 2"]
    assert Customer.objects.count() == 1


def test_posts_and_people_keep_what_is_known(account: Account) -> None:
    news(
        account,
        comment("1"),
        PostSeen(external_id="post", text="New boots", likes=4),
        PostSeen(external_id="post"),
    )
    post = Post.objects.get()
    assert (post.text, post.likes) == ("New boots", 4)
    news(account, IdentitySeen(person=Person("lea"), reachable=False))
    identity = Identity.objects.get()
    assert (identity.name, identity.reachable) == ("Lea Marn", False)


def test_files_wait_to_be_fetched(account: Account) -> None:
    image = Attachment("image", "https://cdn.example/a.png", name="a.png")
    place = Attachment("location", text="46.05, 14.5")
    news(account, private("1", attachments=(image, place)))
    assert [(each.kind, each.state) for each in Message.objects.get().attachments.order_by("position")] == [
        ("image", "waiting"),
        ("location", "link"),
    ]


def snapshot() -> list[tuple[object, ...]]:
    """What people see, without ids and times of ours."""
    rows = Message.objects.order_by("external_id").values_list(
        "external_id",
        "text",
        "removed_at",
        "edited_at",
        "hidden",
        "ticket__post__external_id",
        "identity__external_id",
    )
    tickets = Ticket.objects.order_by("identity__external_id", "kind", "post__external_id").values_list(
        "identity__external_id",
        "kind",
        "last_text",
        "last_at",
        "unanswered",
        "waiting_since",
        "opened_at",
        "subject",
    )
    return [*rows, *((*row[:-1],) for row in tickets)]


STREAM: tuple[Inbound, ...] = (
    comment("1"),
    comment("2", 1),
    comment("3", 2, OMAR),
    private("4", 3),
    private("5", 4),
    MessageEdited(external_id="2", at=at(5), text="two, better"),
    MessageEdited(external_id="2", at=at(6), text="two, best"),
    MessageRemoved(external_id="3", at=at(7)),
    Echo(external_id="6", at=at(3.5), visibility="private", person=LEA, text="from the app"),
    Echo(external_id="7", at=at(4.5), visibility="public", parent="2", text="from the page"),
    HiddenChanged(external_id="1", at=at(8), hidden=True),
)


def outcome(account: Account, stream: list[Inbound], size: int) -> list[tuple[object, ...]]:
    """What stands after this news alone, so many in a delivery."""
    with transaction.atomic():
        deliver(account, *(body(*stream[i : i + size]) for i in range(0, len(stream), size)))
        apply_parked()
        stands = snapshot()
        transaction.set_rollback(True)
    return stands


@pytest.fixture
def in_order(account: Account) -> list[tuple[object, ...]]:
    return outcome(account, list(STREAM), 1)


@settings(max_examples=examples(15))
@given(seed=st.integers(0, 2**32), size=st.integers(1, 6))
def test_order_and_repetition_make_no_difference(
    account: Account, in_order: list[tuple[object, ...]], seed: int, size: int
) -> None:
    dice = random.Random(seed)
    shuffled = [*STREAM, *dice.sample(STREAM, 5)]
    dice.shuffle(shuffled)
    assert outcome(account, shuffled, size) == in_order


def test_an_edit_in_the_same_second_counts(account: Account) -> None:
    news(account, comment("1"), MessageEdited(external_id="1", at=at(0), text="better"))
    news(account, MessageEdited(external_id="1", at=at(0), text="best"))
    message = Message.objects.get()
    assert (message.text, [each.text for each in message.revisions.order_by("at", "id")]) == (
        "best",
        ["words of 1", "better", "best"],
    )


def test_words_arrive_as_they_were_written(account: Account) -> None:
    """The database reads columns of words as arrays: commas, quotes and braces are not its own."""
    words = ['{"a": "b\\\\n"}', "NULL", "a, b", '\\ " { }', "", "\n\t 👟", "null"]
    for number, text in enumerate(words):
        person = Person(f"{number}", text or "nobody", handle=text)
        news(account, comment(f"{number}{text}", number, person, text=text, refs={text: [text, None, 1]}))
    rows = Message.objects.order_by("at")
    assert [(row.text, row.external_id, row.refs) for row in rows] == [
        (text, f"{number}{text}", {text: [text, None, 1]}) for number, text in enumerate(words)
    ]
    assert [row.handle for row in Identity.objects.order_by("id")] == words


def test_two_processes_with_the_same_news(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one stored a message after we looked, in a ticket that has stopped running since:
    the one that we open tells nothing of it."""
    news(account, comment("1", text="theirs"))
    Ticket.objects.update(running=False)
    look, looks = batch._not_yet_here, iter([True])

    def too_early(wanted: list[arrivals.Arrival]) -> dict[posts.Key, arrivals.Arrival]:
        early = next(looks, False)
        return {(each.account.pk, each.news.external_id): each for each in wanted} if early else look(wanted)

    monkeypatch.setattr(batch, "_not_yet_here", too_early)
    news(account, comment("1", text="theirs"), comment("2", -1, text="ours"))
    assert [(row.subject, row.last_text, row.last_at) for row in Ticket.objects.order_by("id")] == [
        ("theirs", "theirs", at(0)),
        ("ours", "ours", at(-1)),
    ]
    assert next(looks, None) is None


def test_only_what_somebody_waits_for_is_handed_on(account: Account, ana: Any) -> None:
    """Every other event would cost a job that finds nothing to do."""
    news(account, comment("1"))
    wanted = Event.objects.filter(kind__in=("message_received", "ticket_opened")).values_list("pk", flat=True)
    handed = ProcrastinateJob.objects.filter(task_name=events.REACT)
    assert [sorted(row.args["events"]) for row in handed] == [sorted(wanted)]
    events.record("handed_off", ticket=Ticket.objects.get(), actor=ana)
    assert handed.count() == 1


def test_a_posts_count_keeps_up(account: Account) -> None:
    news(account, comment("1"), PostSeen(external_id="post", comments=7))
    news(account, comment("2", 1), comment("3", 2), comment("3", 2))
    assert Post.objects.get().comments == 9


def test_the_parts_of_an_answer_are_one_message(account: Account, ana: Any, rubber: Rubber) -> None:
    news(account, private("1"))
    Ticket.objects.update(last_private_in=clock.now())
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "the manual", "private")
    message.attachments.create(kind="file", name="a.pdf")
    key = str(message.send_key)
    news(account, Echo(external_id="file", at=at(9), visibility="private", person=LEA, key=key))
    message.refresh_from_db()
    assert (message.state, message.external_id, message.refs) == ("queued", "", {"more": ["file"]})
    news(
        account,
        Echo(external_id="text", at=at(9), visibility="private", person=LEA, key=key, text="the manual"),
    )
    message.refresh_from_db()
    assert (message.state, message.external_id) == ("sent", "text")
    assert Message.objects.count() == 2
