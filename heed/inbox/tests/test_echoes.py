"""Answers given outside Heed, and our own coming back: where they belong, whom they answer, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import Echo, Receipt, Sent
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.tests.deliveries import LEA, at, comment, news, private, texts
from heed.inbox.tests.rubber import Rubber
from heed.inbox.verbs import merging
from heed.lib import clock
from heed.lib.http import AnswerLost

pytestmark = pytest.mark.django_db


def outside(external_id: str, minutes: float) -> Echo:
    return Echo(external_id=external_id, at=at(minutes), visibility="private", person=LEA, text="It is sent.")


@pytest.mark.parametrize("public", [True, False])
def test_an_answer_outside_answers_the_ticket_one_sees(account: Account, ana: User, public: bool) -> None:
    news(account, comment("c", 0, post="one"), private("p", 1), comment("d", 2, post="two"))
    seen, *gone = Ticket.objects.order_by("opened_at")
    for each in gone:
        merging.merge(each, seen, ana)
    echo = outside("e", 5)
    news(account, Echo(external_id="e", at=at(5), visibility="public", parent="d") if public else echo)
    said = Message.objects.get(external_id="e")
    assert (said.ticket_id, said.home_id) == (seen.pk, gone[1 if public else 0].pk)
    seen.refresh_from_db()
    assert (seen.unanswered, seen.waiting_since, seen.last_at) == (False, None, at(5))


def test_who_was_marked_answered_waits_no_more_whatever_comes_late(account: Account, ana: User) -> None:
    news(account, private("1", 0), private("2", 10))
    ticket = Ticket.objects.get()
    verbs.mark_answered(ticket, ana)
    news(account, outside("e", 5))
    ticket.refresh_from_db()
    assert (ticket.unanswered, ticket.waiting_since) == (False, None)


def test_what_a_machine_wrote_or_another_app_answers_waits_for_nobody(account: Account) -> None:
    news(account, private("1", 0), private("2", 7, automatic=True))
    news(account, private("3", 8, elsewhere=True, kind="standby"))
    news(account, outside("e", 5))
    ticket = Ticket.objects.get()
    assert (ticket.unanswered, ticket.waiting_since) == (False, None)


def test_our_answer_stands_where_the_network_says(account: Account, ana: User, rubber: Rubber) -> None:
    """Our clock is an hour ahead, and the network tells the time of an answer by its echo alone."""
    now = clock.now()
    news(account, private("1", 0))
    ticket = Ticket.objects.get()
    Ticket.objects.update(last_private_in=now)
    with clock.moved(timedelta(hours=1)):
        sent = verbs.answer(ticket, ana, "It is on its way.", "private")
        rubber.script = [Sent("out-1")]
        outbox.send_next(ticket.pk)
    reply = private("2", (now - at(0)).total_seconds() / 60 + 2)
    seen = Receipt(state="seen", at=now, person="lea", watermark=now + timedelta(minutes=1))
    echo = Echo(external_id="out-1", at=now, visibility="private", person=LEA, text="It is on its way.")
    news(account, reply, seen, echo)
    sent.refresh_from_db()
    ticket.refresh_from_db()
    assert (sent.at, sent.state) == (now, "seen")
    assert [each.external_id for each in ticket.messages.order_by("at")] == ["1", "out-1", "2"]
    assert (ticket.last_text, ticket.last_direction) == ("words of 2", "in")


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
