"""What the networks bring in the tests: what Lea and Omar say, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from heed.channels.base import Inbound, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import intake, ledger, reach
from heed.inbox.models import Ticket
from heed.inbox.tests.rubber import body

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
