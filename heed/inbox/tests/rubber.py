"""A network made of rubber: its deliveries are lists of plain records, its answers are scripted."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from heed.channels import registry
from heed.channels.base import (
    ADMITTED,
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    Collected,
    CredentialField,
    Files,
    Finding,
    Hook,
    Inbound,
    Limit,
    Malformed,
    MediaSource,
    Network,
    NotThere,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.lib.http import Request, Steps


def body(*news: Inbound) -> bytes:
    return pickle.dumps(list(news))


class Rubber(Network):
    """Answers as told: put results or exceptions into `script`."""

    name = label = "rubber"
    short = "r"
    colour = "#000000"
    base_url = "http://127.0.0.1:1"
    body_limit = 1000
    polls = False
    fields: tuple[CredentialField, ...] = ()
    media_hosts: tuple[str, ...] = ()
    shared_secret = ""
    capabilities = Capabilities(
        public=Writing((Limit("chars", 100),), Files(("image/*",), {"": 1000}, 2)),
        private=Writing((Limit("bytes", 50),), window=24 * 3600),
        private_reply=True,
        private_reply_within=7 * 24 * 3600,
        on_theirs=frozenset({"like", "unlike", "hide", "unhide"}),
        on_ours=frozenset({"delete"}),
    )

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.sent: list[Answer] = []
        self.senders: list[str] = []
        self.done: list[tuple[Action, Target]] = []
        self.findings: list[Any] = []
        self.news: list[Inbound] = []
        self.pages: list[Collected | BaseException] = []
        self.cursors: list[dict[str, Any]] = []
        self.asks = False

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return ADMITTED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        if body == b"nonsense":
            raise Malformed("not a list")
        read: list[Inbound] = pickle.loads(body)  # noqa: S301 - our own test data
        return read

    def check(self, account: AccountRecord) -> Steps[Checked]:
        yield from ()
        return Checked("page")

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        yield from ()
        return {}

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        yield from ()
        self.cursors.append(dict(cursor))
        page = self.pages.pop(0) if self.pages else Collected((), {})
        if isinstance(page, BaseException):
            raise page
        return page

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        yield from ()
        return self.news

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        return plain_media(url)

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        self.sent.append(answer)
        self.senders.append(account.name)
        if self.asks:
            yield Request("GET", "http://127.0.0.1/who")
            yield Request("POST", "http://127.0.0.1/say", decisive=True)
        outcome = self.script.pop(0) if self.script else Sent(f"out-{len(self.sent)}")
        if callable(outcome):
            outcome = outcome()
        if isinstance(outcome, BaseException):
            raise outcome
        result: Sent = outcome
        return result

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        yield from ()
        finding: Finding = self.findings.pop(0) if self.findings else NotThere()
        return finding

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        yield from ()
        self.done.append((action, target))
        return {"by": action}


@contextmanager
def installed() -> Iterator[Rubber]:
    """The rubber network among the real ones."""
    rubber = Rubber()
    known = registry.networks()
    known["rubber"] = rubber
    try:
        yield rubber
    finally:
        del known["rubber"]
