"""Nobody answers past a colleague or past what the customer has just written; and a moment to think again."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection

from heed.accounts.models import User
from heed.channels.base import Sent
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import Attachment, Draft, Event, Message, Ticket
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import NOON, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.verbs import CannotAct, CannotAnswer, Overtaken
from heed.lib import clock

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 1000


def now() -> float:
    """This moment, in the minutes by which the tests of the inbox count."""
    return (clock.now() - NOON).total_seconds() / 60


@pytest.fixture
def ticket(account: Account) -> Ticket:
    news(account, private("1", now()))
    return Ticket.objects.get()


def newest(ticket: Ticket) -> int:
    return ticket.messages.order_by("-id").values_list("pk", flat=True)[0]


def test_of_two_who_send_at_once_one_answers(ticket: Ticket, ana: User, ivo: User) -> None:
    """Many times: one answer each time, and the other hears whose it was and keeps what they wrote."""
    sent: list[User] = []
    told: list[str] = []
    kept: list[list[int]] = []
    seen = 0

    def between() -> None:
        """While both wait: see who has a draft left, and have both write one again."""
        nonlocal seen
        last, new = f"Words {len(kept)}", f"Words {len(kept) + 1}"
        ((seen, left),) = run(_BETWEEN, ticket.pk, [ana.pk, ivo.pk], new, ticket.pk, last)
        kept.append(left)

    def send(who: User) -> None:
        try:
            for number in range(1, TIMES + 1):
                ready.wait(120)
                try:
                    verbs.answer(ticket, who, f"Words {number}", "private", seen=seen)
                    sent.append(who)
                except Overtaken as overtaken:
                    told.append(str(overtaken.sentence))
            ready.wait(120)
        finally:
            connection.close()

    ready = threading.Barrier(2, between)
    both = [threading.Thread(target=send, args=(who,)) for who in (ana, ivo)]
    for each in both:
        each.start()
    for each in both:
        each.join(600)
    assert len(sent) == len(told) == TIMES
    assert kept[1:] == [[ivo.pk if who == ana else ana.pk] for who in sent]
    assert [sentence.split(" ")[0] for sentence in told] == [who.name.split(" ")[0] for who in sent]
    assert ticket.messages.filter(direction="out").count() == TIMES


_BETWEEN = """
WITH drafts AS (
    INSERT INTO inbox_draft (ticket_id, user_id, visibility, text, choices, updated_at)
    SELECT %s, unnest(%s::bigint[]), 'private', %s, '{}', now()
    ON CONFLICT (user_id, ticket_id, visibility) DO UPDATE SET text = excluded.text)
SELECT (SELECT max(id) FROM inbox_message WHERE ticket_id = %s),
    ARRAY(SELECT user_id FROM inbox_draft WHERE text = %s)
"""
"""So many drafts would take `verbs.keep_draft` longer than all that is tested."""


def test_a_message_of_the_customer_stops_it(account: Account, ticket: Ticket, ana: User) -> None:
    seen = newest(ticket)
    news(account, private("2", now()))
    with pytest.raises(Overtaken) as overtaken:
        verbs.answer(ticket, ana, "It is on its way.", "private", seen=seen)
    assert [each.external_id for each in overtaken.value.messages] == ["2"]
    assert not ticket.messages.filter(direction="out").exists()
    verbs.answer(ticket, ana, "It is on its way.", "private", seen=newest(ticket))


def test_notes_ones_own_words_and_machines_stop_nothing(
    account: Account, ticket: Ticket, ana: User, ivo: User
) -> None:
    seen = newest(ticket)
    verbs.note(ticket, ivo, "Batch 7 has the zip fault.")
    verbs.answer(ticket, ana, "One moment, Lea.", "private", seen=seen)
    news(account, private("2", now(), automatic=True))
    verbs.answer(ticket, ana, "It is on its way.", "private", seen=seen)
    assert ticket.messages.filter(author=ana, direction="out").count() == 2


class TestTakingBack:
    def test_within_the_seconds_it_is_a_draft_again(self, ticket: Ticket, ana: User) -> None:
        before = Ticket.objects.get(pk=ticket.pk)
        sent = verbs.answer(ticket, ana, "It is on its way.", "private", mark=True, hold=5)
        assert outbox.send_next(ticket.pk) == sent.try_at
        verbs.take_back(sent, ana)
        assert not ticket.messages.filter(direction="out").exists()
        assert Draft.objects.get().text == "It is on its way."
        now = Ticket.objects.get(pk=ticket.pk)
        for column in ("unanswered", "waiting_since", "last_at", "last_text", "last_direction"):
            assert getattr(now, column) == getattr(before, column)
        assert not Event.objects.filter(kind__in=("answer_queued", "answered_marked")).exists()
        assert Event.objects.filter(kind="unanswered_marked", actor=ana).count() == 1

    def test_a_file_comes_back_too(self, account: Account, ana: User) -> None:
        news(account, comment("1", now()))
        ticket = Ticket.objects.get()
        png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108020000009077")
        kept = verbs.attach(ana, ticket, "zip.png", BytesIO(png))
        Attachment.objects.filter(pk=kept.pk).update(mime="image/png")
        sent = verbs.answer(ticket, ana, "Like this?", "public", files=[kept.pk], hold=5)
        verbs.take_back(sent, ana)
        kept.refresh_from_db()
        assert (kept.message_id, kept.owner_id, kept.ticket_id) == (None, ana.pk, ticket.pk)

    def test_it_leaves_when_they_are_over(self, ticket: Ticket, ana: User, rubber: Rubber) -> None:
        rubber.script = [Sent("sent-1")]
        sent = verbs.answer(ticket, ana, "It is on its way.", "private", hold=5)
        Message.objects.filter(pk=sent.pk).update(try_at=clock.now() - timedelta(seconds=1))
        outbox.send_next(ticket.pk)
        sent.refresh_from_db()
        assert sent.state == Message.State.SENT
        with pytest.raises(CannotAct):
            verbs.take_back(sent, ana)

    def test_what_was_sent_once_may_have_arrived(self, ticket: Ticket, ana: User) -> None:
        sent = verbs.answer(ticket, ana, "It is on its way.", "private")
        Message.objects.filter(pk=sent.pk).update(state=Message.State.UNKNOWN)
        verbs.settle(sent, ana, "resend")
        sent.refresh_from_db()
        with pytest.raises(CannotAct):
            verbs.take_back(sent, ana)

    def test_only_ones_own(self, ticket: Ticket, ana: User, ivo: User) -> None:
        sent = verbs.answer(ticket, ana, "It is on its way.", "private", hold=5)
        with pytest.raises(CannotAct):
            verbs.take_back(sent, ivo)

    def test_what_was_begun_since_is_kept(self, ticket: Ticket, ana: User) -> None:
        sent = verbs.answer(ticket, ana, "It is on its way.", "private", hold=5)
        verbs.keep_draft(ana, ticket, "private", "And")
        verbs.take_back(sent, ana)
        assert Draft.objects.get().text == "It is on its way.\n\nAnd"


def test_overtaken_is_a_refusal_in_words(ticket: Ticket, ana: User, ivo: User) -> None:
    seen = newest(ticket)
    verbs.answer(ticket, ivo, "It is on its way.", "private")
    with pytest.raises(CannotAnswer, match=r"Ivo Horvat has just answered\."):
        verbs.answer(ticket, ana, "It is on its way.", "private", seen=seen)
