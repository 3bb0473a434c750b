"""Answers that wait: they are counted, and before they go the guard is asked once more."""

from __future__ import annotations

import pytest

from heed.accounts.models import User
from heed.channels.base import Refusal, Sent
from heed.channels.models import Account
from heed.inbox import outbox, reach, verbs
from heed.inbox.models import Ticket
from heed.inbox.tests.deliveries import OMAR, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import COUNTED, LATE, can, waited, way
from heed.lib import clock

pytestmark = pytest.mark.django_db


def test_sends_are_counted_until_the_customer_writes(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, COUNTED)
    news(account, private("1"))
    waited(monkeypatch, hours=1)
    ticket = Ticket.objects.get()
    for left in (3, 2, 1):
        assert way(account).sends_left == left
        verbs.answer(ticket, ana, f"answer {left}", "private")
    assert (way(account).allowed, way(account).sends_left) == (False, 0)
    with pytest.raises(verbs.CannotAnswer, match="so many messages"):
        verbs.answer(ticket, ana, "one more", "private")
    outbox.send_next(ticket.pk)
    assert [each.text for each in rubber.sent] == ["answer 3", "answer 2", "answer 1"]
    news(account, private("2", 61))
    assert way(account).sends_left == 3


def test_a_failed_answer_uses_no_send(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, COUNTED)
    news(account, private("1"))
    waited(monkeypatch, hours=1)
    rubber.script = [Refusal("bad_request")]
    verbs.answer(Ticket.objects.get(), ana, "no", "private")
    outbox.send_next(Ticket.objects.get().pk)
    assert way(account).sends_left == 3


def test_an_answer_that_waited_past_the_window_is_never_sent(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber)
    news(account, private("1"))
    waited(monkeypatch, hours=23)
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "in time", "private")
    waited(monkeypatch, hours=25)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert rubber.sent == []
    assert (message.state, message.reason) == ("failed", "outside_window")
    assert reach.drafts(ana, ticket)["private"].text == "in time"


def test_an_answer_that_waited_takes_the_later_way(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, LATE)
    news(account, private("1"))
    waited(monkeypatch, hours=23)
    ticket = Ticket.objects.get()
    message = verbs.answer(ticket, ana, "a person writes", "private")
    waited(monkeypatch, hours=25)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert [each.late for each in rubber.sent] == ["human_agent"]
    assert (message.state, message.manner["late"]) == ("sent", "human_agent")


def test_a_paused_account_sends_nothing(account: Account, ana: User, rubber: Rubber) -> None:
    can(rubber)
    news(account, comment("1"), comment("2", who=OMAR))
    first, second = Ticket.objects.order_by("id")
    rubber.script = [Refusal("slow_down", retry=True, after=600, whole_account=True), Sent("s")]
    verbs.answer(first, ana, "one", "public")
    verbs.answer(second, ana, "two", "public")
    outbox.send_next(first.pk)
    again = outbox.send_next(second.pk)
    assert len(rubber.sent) == 1
    assert again is not None
    assert 590 < (again - clock.now()).total_seconds() < 610
    Account.objects.update(paused_until=clock.now())
    outbox.send_next(second.pk)
    assert [each.text for each in rubber.sent] == ["one", "two"]
