"""What a network lets only people write, after the window, no machine writes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import FollowUpQuestion, Message, Ticket
from heed.inbox.possible_ways import CLOSED
from heed.inbox.tests.deliveries import news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import LATE, can, waited
from heed.inbox.verbs import asking
from heed.inbox.verbs.automatic import send_automatic

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(account: Account, rubber: Rubber) -> Ticket:
    can(rubber, LATE)
    news(account, private("1"))
    return Ticket.objects.get()


def automatic(ticket: Ticket) -> Message:
    return send_automatic(ticket, "We are back at nine.", "private", origin="away", key=uuid4())


def test_a_machine_is_refused_and_a_person_is_not(
    ticket: Ticket, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited(monkeypatch, hours=25)
    with pytest.raises(verbs.CannotAnswer) as refused:
        automatic(ticket)
    assert str(refused.value.sentence) == str(CLOSED)
    message = verbs.answer(ticket, ana, "I am sorry.", "private")
    outbox.send_next(ticket.pk)
    assert [each.late for each in rubber.sent] == ["human_agent"]
    message.refresh_from_db()
    assert message.state == "sent"


def test_what_a_machine_wrote_in_time_does_not_leave_late(
    ticket: Ticket, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited(monkeypatch, hours=23)
    message = automatic(ticket)
    waited(monkeypatch, hours=25)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert (message.state, message.reason, rubber.sent) == ("failed", "outside_window", [])


def test_nobody_is_asked_late_whether_it_is_settled(
    ticket: Ticket, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    FollowUpQuestion.objects.create(account=ticket.account, text="Is it settled?")
    verbs.set_status(ticket, ana, "solved")
    ticket.refresh_from_db()
    assert ticket.solved_at is not None
    waited(monkeypatch, hours=72)
    assert asking.ask(ticket.pk, ticket.solved_at) is None
    assert not Message.objects.filter(direction="out").exists()
