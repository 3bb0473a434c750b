"""Asking whether what was solved really is: once, late enough, and only while it still is."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_tending import fresh, ticket, writes
from heed.inbox.verbs import asking
from heed.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(rubber: Rubber, account: Account, maja: User) -> Ticket:
    verbs.set_question(maja, account, 2, "Is it fixed?", {"sl": "Je zdaj v redu?", "ar": " "})
    lea = ticket(account, last_private_in=clock.now())
    writes(account)
    verbs.set_status(lea, maja, "solved")
    return fresh(lea)


def asked(ticket: Ticket) -> Message | None:
    assert ticket.solved_at is not None
    return asking.ask(ticket.pk, ticket.solved_at)


def test_it_is_asked_some_days_after_solving(lea: Ticket) -> None:
    asking.ask_later(list(Event.objects.filter(kind="status_changed")))
    job = ProcrastinateJob.objects.get(task_name=asking.ASK)
    assert job.args["ticket"] == lea.pk
    assert job.scheduled_at is not None
    wait = job.scheduled_at - clock.now()
    assert timedelta(days=1, hours=23) < wait <= timedelta(days=2)


def test_once_each_time_and_never_as_an_answer(
    lea: Ticket, rubber: Rubber, account: Account, maja: User
) -> None:
    first = asked(lea)
    assert first is not None
    assert asked(lea) == first
    assert (first.text, first.origin, first.automatic, first.visibility) == (
        "Is it fixed?",
        "follow_up",
        True,
        "private",
    )
    assert isinstance(first.send_key, UUID)
    outbox.send_next(lea.pk)
    assert rubber.sent[0].text == "Is it fixed?"
    assert not fresh(lea).unanswered
    with clock.moved(timedelta(minutes=1)):
        writes(account, text="No!")
        assert fresh(lea).status == "open"
        verbs.set_status(fresh(lea), maja, "solved")
        second = asked(fresh(lea))
    assert second is not None
    assert second != first


def test_in_the_language_of_the_customer(lea: Ticket) -> None:
    Ticket.objects.filter(pk=lea.pk).update(language="sl")
    message = asked(lea)
    assert message is not None
    assert message.text == "Je zdaj v redu?"


@pytest.mark.parametrize("why", ["open", "again", "spam", "blocked", "dropped"])
def test_nothing_is_asked_where_there_is_nothing_to_ask(
    lea: Ticket, account: Account, maja: User, why: str
) -> None:
    match why:
        case "open":
            verbs.set_status(lea, maja, "open")
        case "again":
            with clock.moved(timedelta(minutes=1)):
                verbs.set_status(lea, maja, "open")
                verbs.set_status(lea, maja, "solved")
            lea.solved_at = clock.now() - timedelta(minutes=1)
        case "spam":
            verbs.mark_spam(lea, maja)
        case "blocked":
            verbs.block(lea, maja)
        case "dropped":
            verbs.drop_question(maja, account)
    assert lea.solved_at is None or asked(lea) is None
    assert not Message.objects.filter(direction="out").exists()


def test_what_was_opened_again_while_it_waited_is_not_sent(
    lea: Ticket, rubber: Rubber, account: Account
) -> None:
    assert asked(lea) is not None
    writes(account, text="It broke again")
    outbox.send_next(lea.pk)
    assert rubber.sent == []
    assert not Message.objects.filter(direction="out").exists()


def test_a_closed_window_means_no_question(lea: Ticket, rubber: Rubber) -> None:
    with clock.moved(timedelta(days=2)):
        assert asked(lea) is None


@pytest.mark.parametrize(("days", "text"), [(0, "Fine?"), (61, "Fine?"), (3, " ")])
def test_nonsense_is_refused(account: Account, maja: User, ana: User, days: int, text: str) -> None:
    with pytest.raises(verbs.CannotTend):
        verbs.set_question(maja, account, days, text, {})
    with pytest.raises(NotAllowed):
        verbs.set_question(ana, account, 3, "Fine?", {})
