"""An account of Bluesky used as Heed uses it: sessions renewed and kept, a cursor kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from heed.channels.base import (
    AccountRecord,
    Answer,
    Inbound,
    MessageReceived,
    OutgoingFile,
    SessionExpired,
    Target,
    Visibility,
)
from heed.channels.bluesky.adapter import network
from heed.lib import clock
from heed.lib.http import Client, Request, Response, Steps, drive

T = TypeVar("T")
News = TypeVar("News", bound=Inbound)


@dataclass
class Desk:
    record: AccountRecord
    cursor: dict[str, Any] = field(default_factory=dict)
    news: list[Inbound] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    renewals: int = 0
    client: Client = field(default_factory=lambda: Client({"127.0.0.1", "localhost"}))

    def run(self, make_steps: Callable[[AccountRecord], Steps[T]]) -> T:
        for _ in range(2):
            try:
                return drive(make_steps(self.record), self.send)
            except SessionExpired:
                self.record = replace(self.record, session=drive(network.renew(self.record), self.send))
                self.renewals += 1
        return drive(make_steps(self.record), self.send)

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        return self.client.send(request)

    def poll(self) -> list[Inbound]:
        """What one round of polling brings."""
        fresh: list[Inbound] = []
        more = True
        while more:
            found = self.run(lambda record: network.collect(record, self.cursor))
            for body in found.bodies:
                fresh += network.read(body, self.record)
            self.cursor, more = dict(found.cursor), found.more
        self.news += fresh
        return fresh

    def of(self, kind: type[News]) -> list[News]:
        return [each for each in self.news if isinstance(each, kind)]

    def answer(
        self,
        text: str,
        to: MessageReceived | None = None,
        visibility: Visibility = "public",
        *,
        key: str = "0f8fad5b-d9cb-469f-a165-70867728950e",
        files: tuple[OutgoingFile, ...] = (),
        created: datetime | None = None,
        started: datetime | None = None,
    ) -> Answer:
        person = to.author.external_id if to and to.author else ""
        target = target_of(to) if to else None
        return Answer(key, visibility, text, person, target, files, created or clock.now(), started)

    def said(self, answer: Answer) -> Any:
        return self.run(lambda record: network.send(record, answer))

    def found(self, answer: Answer) -> Any:
        return self.run(lambda record: network.find(record, answer))

    def act(self, action: Any, target: Target, value: str = "") -> Any:
        return self.run(lambda record: network.act(record, action, target, "", value))

    def calls_of(self, nsid: str) -> int:
        return sum(request.url.endswith(nsid) for request in self.asked)


def target_of(message: MessageReceived) -> Target:
    return Target(
        message.external_id,
        message.visibility,
        message.kind,
        message.post,
        message.refs,
        at=message.at,
    )


def texts(news: list[Any]) -> list[str]:
    return [each.text.partition(" ")[2] for each in news if isinstance(each, MessageReceived)]
