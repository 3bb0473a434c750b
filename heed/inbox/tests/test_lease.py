"""For how long an answer under way belongs to whoever sends it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import CannotTell, NotThere, Sent
from heed.channels.models import Account
from heed.inbox import outbox, unknown, verbs
from heed.inbox.models import Draft, Message, Ticket
from heed.inbox.tests.deliveries import comment, news
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AnswerLost

PATIENCE = 60.0


@pytest.fixture
def message(account: Account, ana: User) -> Message:
    news(account, comment("1"))
    return verbs.answer(Ticket.objects.get(), ana, "we help", "public")


@pytest.mark.django_db(transaction=True)
def test_a_slow_line_is_not_taken_for_a_dead_worker(message: Message, rubber: Rubber, settings: Any) -> None:
    settings.HEED_SEND_LEASE = 0.5

    def slowly() -> Sent:
        first = Message.objects.get(pk=message.pk).lease_until
        until = time.monotonic() + PATIENCE
        while Message.objects.get(pk=message.pk).lease_until == first and time.monotonic() < until:
            time.sleep(0.02)
        assert Message.objects.get(pk=message.pk).lease_until != first
        return Sent("x")

    rubber.script = [slowly]
    outbox.send_next(message.ticket_id)
    message.refresh_from_db()
    assert (message.state, message.lease_until) == ("sent", None)


@pytest.mark.django_db
def test_what_never_gets_there_ends(message: Message, rubber: Rubber, ana: User) -> None:
    rubber.script = [AnswerLost("reset")] * 100
    rubber.findings = [NotThere()] * 100
    for hour in range(100):
        with clock.moved(timedelta(hours=hour)):
            outbox.send_next(message.ticket_id)
        with clock.moved(timedelta(hours=hour, minutes=1)):
            unknown.resolve(message.pk)
    message.refresh_from_db()
    assert (message.state, message.reason, message.detail) == ("failed", "network_down", "reset")
    assert len(rubber.sent) == len(outbox.WAITS) + 1
    assert Draft.objects.get(user=ana).text == "we help"


@pytest.mark.django_db
def test_asking_for_long_is_no_reason_to_give_up(message: Message, rubber: Rubber) -> None:
    rubber.script = [AnswerLost("reset")]
    rubber.findings = [*[CannotTell(20.0)] * 40, NotThere()]
    outbox.send_next(message.ticket_id)
    for minute in range(1, 45):
        with clock.moved(timedelta(minutes=minute)):
            unknown.resolve(message.pk)
            outbox.send_next(message.ticket_id)
    message.refresh_from_db()
    assert (message.state, len(rubber.sent)) == ("sent", 2)
