"""The cast, a network that exists only here, and a caller with a token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person, grant_token
from heed.channels import registry
from heed.channels.base import Capabilities, CredentialField, Files, Guide, Limit, Writing
from heed.channels.models import Account
from heed.inbox.models import Customer, Identity, Message, Post, Ticket
from heed.lib import clock


class Pigeon:
    """A network with public comments, private messages, files and a window of a day."""

    name = "pigeon"
    label = "Pigeon"
    short = "p"
    colour = "#456"
    base_url = "https://pigeon.example"
    polls = False
    oauth = None
    shared_secret = ""
    guide = Guide()
    fields = (
        CredentialField("page_token", "Page token", "From the page's settings."),
        CredentialField("app_secret", "App secret"),
    )
    capabilities = Capabilities(
        public=Writing(limits=(Limit("chars", 20),)),
        private=Writing(
            limits=(Limit("chars", 100),),
            files=Files(types=("image/*",), most_bytes={"": 1000}, count=1),
            window=24 * 3600,
        ),
        on_theirs=frozenset({"like", "unlike", "hide", "unhide"}),
        on_ours=frozenset({"delete"}),
        receipts=frozenset({"seen"}),
    )

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        return self.capabilities


@dataclass
class Caller:
    """Calls the API as a program would, with a token or without."""

    token: str | None

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        client = Client(raise_request_exception=False)
        url = path if path.startswith("/") else f"/api/v1/{path}"
        if isinstance(body, bytes):
            response = client.generic(method, url, body, content_type="application/json", headers=headers)
        elif isinstance(body, SimpleUploadedFile):
            response = client.post(url, {"file": body}, headers=headers)
        elif isinstance(body, dict) and "file" in body:
            response = client.post(url, body, headers=headers)
        elif body is None:
            response = client.generic(method, url, headers=headers)
        else:
            response = client.generic(
                method, url, _json(body), content_type="application/json", headers=headers
            )
        return Answered(response)


class Answered:
    """An answer of the API. Problem documents are checked for their shape at once."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.content: bytes = _content(response)
        if self.status >= 400:
            self._is_a_problem()

    @property
    def json(self) -> Any:
        return orjson.loads(self.content)

    def _is_a_problem(self) -> None:
        assert self.headers["Content-Type"] == "application/problem+json", self.content
        problem = self.json
        assert problem["status"] == self.status
        assert problem["type"].startswith("urn:heed:")
        assert problem["title"]
        assert problem["detail"].strip().endswith((".", "!"))


def _content(response: Any) -> bytes:
    """The body; that of a file is sent piece by piece."""

    async def whole() -> bytes:
        return b"".join([piece async for piece in response])

    return asyncio.run(whole()) if response.streaming else bytes(response.content)


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


@pytest.fixture(autouse=True)
def pigeon(monkeypatch: pytest.MonkeyPatch, db: None) -> Pigeon:
    network = Pigeon()
    monkeypatch.setitem(registry.networks(), "pigeon", network)
    return network


@pytest.fixture
def maja() -> User:
    return ensure_person("maja@acme.example", "Maja Zupan", role="owner")


@pytest.fixture
def ana() -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def call(maja: User) -> Caller:
    grant_token(maja, "Tests", "heed_maja")
    return Caller("heed_maja")


@pytest.fixture
def call_as_ana(ana: User) -> Caller:
    grant_token(ana, "Tests", "heed_ana")
    return Caller("heed_ana")


@pytest.fixture
def account(db: None) -> Account:
    account = Account(
        network="pigeon", name="Acme", external_id="9", base_url="https://pigeon.example", state="connected"
    )
    account.credentials = {"page_token": "hush-token", "app_secret": "hush-secret"}
    account.save()
    return account


@dataclass
class Desk:
    """Puts tickets on the desk as the intake would."""

    account: Account

    def ticket(self, name: str = "Lea Marn", *, kind: str = "public", **facts: Any) -> Ticket:
        customer = Customer.objects.create(name=name)
        identity = Identity.objects.create(
            account=self.account,
            customer=customer,
            external_id=f"u-{name.split()[0].lower()}",
            name=name,
            handle="@" + name.split()[0].lower(),
        )
        at: datetime = facts.pop("at", clock.now())
        text = facts.pop("text", "Where is my parcel?")
        ticket = Ticket.objects.create(
            account=self.account,
            identity=identity,
            customer=customer,
            kind=kind,
            subject=text,
            last_at=at,
            last_text=text,
            last_private_in=at if kind == "private" else None,
            **facts,
        )
        self.message(ticket, text, at=at)
        return ticket

    def message(self, ticket: Ticket, text: str, *, at: datetime | None = None, **facts: Any) -> Message:
        facts.setdefault("external_id", f"m-{ticket.pk}-{ticket.messages.count()}")
        return Message.objects.create(
            account=self.account,
            ticket=ticket,
            identity=ticket.identity,
            text=text,
            at=at or clock.now(),
            **{"direction": "in", "visibility": ticket.kind, "kind": "comment"} | facts,
        )

    def post(self, **facts: Any) -> Post:
        known = {"external_id": "p-1", "text": "The Triglav boot is back.", "author_name": "Acme"}
        return Post.objects.create(account=self.account, **known | facts)


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)
