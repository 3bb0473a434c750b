"""Against a real server, where one is named: `bin/test --networks`.

HEED_MASTODON_URL and HEED_MASTODON_TOKEN name a server and the token of an account there (it is the
company). HEED_MASTODON_CUSTOMER_TOKEN is that of another account on the same server. What these write
is deleted at the end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from heed.channels.base import (
    AccountRecord,
    Answer,
    Inbound,
    MessageEdited,
    MessageReceived,
    OutgoingFile,
    PostSeen,
    Sent,
    Target,
    Wanted,
)
from heed.channels.mastodon.adapter import network
from heed.channels.mastodon.reading import visibility_of
from heed.lib import clock
from heed.lib.http import Client, Steps, drive
from heed.sandbox.picture import draw

pytestmark = pytest.mark.networks

T = TypeVar("T")
PATIENCE = 120.0
URL, TOKEN, CUSTOMER = (
    os.environ.get(f"HEED_MASTODON_{name}", "").rstrip("/") for name in ("URL", "TOKEN", "CUSTOMER_TOKEN")
)


@dataclass
class Company:
    """The company's account on the real server, used as Heed uses it."""

    record: AccountRecord
    client: Client
    cursor: dict[str, Any] = field(default_factory=dict)
    news: list[Inbound] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def run(self, make_steps: Callable[[AccountRecord], Steps[T]]) -> T:
        return drive(make_steps(self.record), self.client.send)

    def poll(self) -> None:
        more = True
        while more:
            found = self.run(lambda record: network.collect(record, self.cursor))
            for body in found.bodies:
                self.news += network.read(body, self.record)
            self.cursor, more = dict(found.cursor), found.more

    def wait_for(self, fits: Callable[[Inbound], bool]) -> Any:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.poll()
            found = [each for each in self.news if fits(each)]
            if found:
                return found[-1]
            time.sleep(2)
        raise AssertionError(f"it never came; there was {self.news}")

    def send(self, answer: Answer) -> Sent:
        sent = self.run(lambda record: network.send(record, answer))
        self.written.append(sent.external_id)
        return sent


@dataclass
class Person:
    """Somebody else on the same server."""

    http: httpx.Client
    written: list[str] = field(default_factory=list)

    def write(self, text: str, **fields: Any) -> str:
        made = self.http.post("/api/v1/statuses", json={"status": text, **fields})
        made.raise_for_status()
        self.written.append(str(made.json()["id"]))
        return self.written[-1]

    def sees(self, status_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.http.get(f"/api/v1/statuses/{status_id}").json()
        return shown


@pytest.fixture
def company() -> Iterator[Company]:
    if not URL or not TOKEN:
        pytest.skip("No Mastodon-compatible server: set HEED_MASTODON_URL and HEED_MASTODON_TOKEN.")
    host = urlsplit(URL).netloc
    record = AccountRecord("", "", {"access_token": TOKEN}, URL)
    company = Company(record, Client({host, urlsplit(URL).hostname or host}))
    checked = company.run(network.check)
    company.record = replace(
        record, external_id=checked.external_id, handle=checked.handle, facts=checked.facts
    )
    company.poll()
    yield company
    for status_id in company.written:
        ours = Target(status_id, "public", "reply", "", {}, ours=True)
        company.run(lambda record, ours=ours: network.act(record, "delete", ours, ""))  # type: ignore[misc]
    company.client.close()


@pytest.fixture
def customer() -> Iterator[Person]:
    if not CUSTOMER:
        pytest.skip("No customer on that server: set HEED_MASTODON_CUSTOMER_TOKEN.")
    headers = {"Authorization": f"Bearer {CUSTOMER}"}
    with httpx.Client(base_url=URL, headers=headers, trust_env=False, timeout=20) as http:
        person = Person(http)
        yield person
        for status_id in person.written:
            http.delete(f"/api/v1/statuses/{status_id}")


def asked(company: Company, customer: Person, text: str, **fields: Any) -> MessageReceived:
    name = company.record.handle.partition("@")[0]
    words = f"{text} {uuid4().hex[:8]}"
    customer.write(f"@{name} {words}", **fields)
    message: MessageReceived = company.wait_for(
        lambda each: isinstance(each, MessageReceived) and each.text == words
    )
    return message


def answer_to(message: MessageReceived, text: str, **changes: Any) -> Answer:
    assert message.author is not None
    target = Target(
        message.external_id, message.visibility, message.kind, message.post, message.refs, at=message.at
    )
    person = message.author.external_id
    given = Answer(str(uuid4()), message.visibility, text, person, target, created=clock.now())
    return replace(given, **changes)


def test_the_check(company: Company) -> None:
    checked = company.run(network.check)
    assert checked.external_id
    assert checked.handle.count("@") == 1
    assert checked.missing == ()
    assert network.able(checked.facts).public is not None


def test_a_private_question_and_its_answer(company: Company, customer: Person) -> None:
    message = asked(company, customer, "Kje je moj paket?", visibility="direct")
    assert (message.visibility, message.post) == ("private", "")
    sent = company.send(answer_to(message, "Na poti je."))
    shown = customer.sees(sent.external_id)
    assert visibility_of(shown["visibility"], company.record) == "direct"
    assert shown["in_reply_to_id"] == message.external_id


def test_nothing_is_sent_twice(company: Company, customer: Person) -> None:
    message = asked(company, customer, "Kje je moj paket?", visibility="unlisted")
    answer = answer_to(message, "Na poti je: https://acme.example/orders/88140?from=mastodon")
    first = company.send(answer)
    assert company.send(replace(answer, started=clock.now())).external_id == first.external_id
    found = company.run(lambda record: network.find(record, replace(answer, started=clock.now())))
    assert isinstance(found, Sent)
    assert found.external_id == first.external_id


def test_a_picture_a_like_and_an_edit(company: Company, customer: Person) -> None:
    message = asked(company, customer, "Imate slko?", visibility="unlisted")
    picture = OutgoingFile("boot.png", "image/png", draw("boot"), "")
    sent = company.send(answer_to(message, "Tuu je.", files=(picture,)))
    ours = Target(sent.external_id, "public", "reply", message.post, sent.refs, ours=True)
    company.run(lambda record: network.act(record, "edit", ours, "", "Tu je."))
    shown = customer.sees(sent.external_id)
    assert len(shown["media_attachments"]) == 1
    assert "Tu je." in shown["content"]
    theirs = Target(message.external_id, "public", message.kind, message.post, message.refs)
    company.run(lambda record: network.act(record, "like", theirs, ""))
    assert customer.sees(message.external_id)["favourites_count"] == 1
    company.run(lambda record: network.act(record, "unlike", theirs, ""))
    assert customer.sees(message.external_id)["favourites_count"] == 0


def test_an_edit_is_noticed(company: Company, customer: Person) -> None:
    message = asked(company, customer, "Kje je moj pket?", visibility="unlisted")
    words = f"@{company.record.handle.partition('@')[0]} Kje je moj paket?"
    customer.http.put(f"/api/v1/statuses/{message.external_id}", json={"status": words}).raise_for_status()
    edited = company.wait_for(
        lambda each: isinstance(each, MessageEdited) and each.external_id == message.external_id
    )
    assert edited.text == "Kje je moj paket?"


def test_a_removal_is_noticed(company: Company, customer: Person) -> None:
    message = asked(company, customer, "Kje je moj paket?", visibility="unlisted")
    removed = customer.http.delete(f"/api/v1/statuses/{message.external_id}").is_success  # not by snac's API
    wanted = Wanted("post", message.external_id)
    found = company.run(lambda record: network.look_up(record, wanted))
    gone = PostSeen(external_id=message.external_id, removed=True)
    assert (gone in found) == removed
