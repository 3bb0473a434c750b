"""What the tests against the sandbox ask of a desk, alike for networks with comments and chats."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import pytest

from heed.channels.base import Answer, Inbound, MessageReceived, OutgoingFile, Refusal, Target
from heed.channels.tests.contract import CUSTOMER, Desk
from heed.sandbox.frame import Line

News = TypeVar("News", bound=Inbound)
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG boot", "https://desk.acme.example/f/1")


def news(desk: Desk, kind: type[News]) -> list[News]:
    return [each for each in desk.gather() if isinstance(each, kind)]


def only(desk: Desk, kind: type[News]) -> News:
    (found,) = news(desk, kind)
    return found


def read_back(desk: Desk, since: datetime, **at: Any) -> list[Inbound]:
    """All news since then, as far as it may be read now after an outage; `at` begins in the middle."""
    found: list[Inbound] = []
    cursor: dict[str, Any] = {"since": since.isoformat(), **at}
    before, more = None, True
    while more and cursor != before:
        before = cursor
        page = desk.run(partial(desk.network.backfill, cursor=cursor))
        found += [each for body in page.bodies for each in desk.network.read(body, desk.record)]
        cursor, more = dict(page.cursor), page.more
    return found


def as_target(message: MessageReceived) -> Target:
    return Target(
        message.external_id, message.visibility, message.kind, message.post, message.refs, at=message.at
    )


def answer_to(desk: Desk, message: MessageReceived, text: str = "Na poti je.", **changes: Any) -> Answer:
    return replace(desk.answer_to(message, text), **changes)


def refused(desk: Desk, answer: Answer) -> Refusal:
    with pytest.raises(Refusal) as caught:
        desk.send(answer)
    return caught.value


def hand_back(desk: Desk, message: MessageReceived) -> None:
    """Give the talk back, by our answer to this message."""
    assert message.author is not None
    ours, person = replace(as_target(message), ours=True), message.author.external_id
    assert desk.run(lambda record: desk.network.act(record, "hand_back", ours, person)) == {}


def our_lines(desk: Desk) -> list[Line]:
    return [line for line in desk.simulator.scene(CUSTOMER).lines() if line.ours]
