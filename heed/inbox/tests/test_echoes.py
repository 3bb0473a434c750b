"""Answers given outside Heed, and our own coming back: where they belong, whom they answer, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.channels.base import Echo, Receipt, Sent
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_intake import LEA, at, comment, news, private
from heed.inbox.verbs import merging
from heed.lib import clock

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
