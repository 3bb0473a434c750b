"""An answer that went out as several messages: what the network says of each."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import User
from heed.channels.base import Echo, Receipt, Sent
from heed.channels.models import Account
from heed.inbox import early, outbox, receipts, verbs
from heed.inbox.models import Draft, EarlyNews, Message, Notice, Ticket
from heed.inbox.tests.deliveries import comment, news
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

pytestmark = pytest.mark.django_db


def told(account: Account, part: str, state: Any = "failed") -> None:
    news(account, Receipt(state=state, at=clock.now(), external_ids=(part,), reason="too_long"))


@pytest.fixture
def queued(account: Account, ana: User) -> Message:
    news(account, comment("1"))
    return verbs.answer(Ticket.objects.get(), ana, "we help", "public", mark=True)


def sent(message: Message, rubber: Rubber, outcome: Any = None) -> Message:
    rubber.script = [outcome or Sent("file", more=("text",))]
    outbox.send_next(message.ticket_id)
    return Message.objects.get(pk=message.pk)


def lost(message: Message) -> str:
    row = Message.objects.get(pk=message.pk)
    assert row.state == "failed"
    assert row.words is not None
    return str(row.words.sentence)


@pytest.mark.parametrize("part", ["file", "text"])
def test_one_part_that_fails_fails_the_answer(
    account: Account, queued: Message, rubber: Rubber, part: str
) -> None:
    message = sent(queued, rubber)
    told(account, part)
    assert lost(message).endswith("1 of 2 arrived: send again only what is missing.")
    assert Draft.objects.get().text == "we help"
    assert Notice.objects.get().kind == "failed"
    assert Ticket.objects.get().unanswered
    told(account, part)
    assert "1 of 2 arrived" in lost(message)
    told(account, "text" if part == "file" else "file")
    assert "0 of 2 arrived" in lost(message)


def test_an_answer_in_one_message_has_no_parts(account: Account, queued: Message, rubber: Rubber) -> None:
    message = sent(queued, rubber, Sent("all"))
    told(account, "all")
    assert lost(message) == "The text is longer than the network allows."


def test_another_part_that_arrived_says_nothing_of_the_whole(
    account: Account, queued: Message, rubber: Rubber
) -> None:
    message = sent(queued, rubber)
    told(account, "text", "seen")
    assert Message.objects.get(pk=message.pk).state == "sent"
    told(account, "file", "delivered")
    assert Message.objects.get(pk=message.pk).state == "delivered"
    assert not EarlyNews.objects.exists()


def test_it_is_told_before_we_know_the_ids(account: Account, queued: Message, rubber: Rubber) -> None:
    def overtaken() -> Sent:
        told(account, "text")
        return Sent("file", more=("text",))

    assert "1 of 2 arrived" in lost(sent(queued, rubber, overtaken))
    assert not EarlyNews.objects.exists()


def test_it_is_told_while_we_learn_the_ids(account: Account, queued: Message, rubber: Rubber) -> None:
    """Neither side could see the other: the sweep brings them together."""
    message = sent(queued, rubber)
    early.keep(
        account.pk, "text", "receipt", clock.now(), state="failed", reason="too_long", code="", detail=""
    )
    early.keep(account.pk, "strange", "receipt", clock.now(), state="failed", reason="too_long")
    assert early.apply_waiting() == 1
    assert "1 of 2 arrived" in lost(message)
    assert EarlyNews.objects.get().external_id == "strange"


def test_an_edit_of_a_part_is_no_edit_of_the_whole(account: Account, queued: Message, rubber: Rubber) -> None:
    early.keep(account.pk, "text", "edited", clock.now(), text="other words")
    assert sent(queued, rubber).text == "we help"


def test_a_part_is_known_again(account: Account, queued: Message, rubber: Rubber) -> None:
    sent(queued, rubber)
    echo = Echo(external_id="text", at=clock.now(), visibility="public", parent="1", text="other words")
    news(account, echo)
    assert Message.objects.filter(direction="out").count() == 1


def test_parts_are_found_by_an_index(account: Account, queued: Message) -> None:
    facts: dict[str, Any] = {"account": account, "ticket_id": queued.ticket_id, "direction": "out"}
    Message.objects.bulk_create(
        Message(**facts, external_id=f"o{n}", visibility="public", refs={"more": [f"p{n}", f"q{n}"]})
        for n in range(3000)
    )
    with connection.cursor() as cursor:
        with CaptureQueriesContext(connection) as asked:
            found = receipts.whole_of(account.pk, "q7")
        assert found is not None
        assert found.external_id == "o7"
        cursor.execute("ANALYZE inbox_message")
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_part" in plan
