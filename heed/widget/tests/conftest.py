"""A connected site, visitors of it, and the intake run by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import intake, outbox, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.reactions import react
from heed.lib.crypto import hmac_sha256_hex

SECRET = "a-secret-for-the-acme-shop-2026"
SHOP = "https://shop.example"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")


@pytest.fixture
def account(db: None) -> Account:
    made = Account(
        network="site",
        name="Acme shop",
        external_id="acme-shop",
        base_url=SHOP,
        state=Account.State.CONNECTED,
        settings={"origins": SHOP},
    )
    made.credentials = {"secret": SECRET}
    made.save()
    return made


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana@acme.example", "a-long-test-password", name="Ana Kovač")


class Visitor:
    """A visitor's browser: it keeps a token and nothing else."""

    def __init__(self, account: Account, user: dict[str, str] | None = None, previous: str = "") -> None:
        self.http = Client()
        self.key = account.external_id
        self.token = ""
        facts: dict[str, Any] = {"user": user, "previous": previous} if user else {}
        self.greeted = self.post("visitors", facts)
        self.token = self.greeted.json().get("token", "")
        self.count = 0

    def post(self, path: str, facts: Any) -> Any:
        return self.http.post(
            f"/widget/{self.key}/{path}",
            json.dumps(facts),
            content_type="application/json",
            headers={"Origin": SHOP, "X-Heed-Visitor": self.token},
        )

    def write(self, text: str, client: str = "", **facts: Any) -> Any:
        self.count += 1
        return self.post("messages", {"id": client or f"client-{self.count:04}", "text": text, **facts})

    def upload(self, content: bytes, name: str = "zadrga.png") -> Any:
        return self.http.post(
            f"/widget/{self.key}/uploads",
            content,
            content_type="application/octet-stream",
            headers={"Origin": SHOP, "X-Heed-Visitor": self.token, "X-Heed-Name": name},
        )

    def read(self, **query: int) -> dict[str, Any]:
        found = self.http.get(
            f"/widget/{self.key}/messages", query, headers={"Origin": SHOP, "X-Heed-Visitor": self.token}
        )
        assert found.status_code == 200, found.content
        facts: dict[str, Any] = found.json()
        return facts

    def texts(self) -> list[str]:
        return [each["text"] for each in self.read()["messages"]]


@pytest.fixture
def lea(account: Account) -> Visitor:
    return Visitor(account)


def known(user: str, name: str = "Lea Marn", email: str = "lea.marn@example.com") -> dict[str, str]:
    """What the site's page says of someone who signed in there."""
    return {"id": user, "name": name, "email": email, "signature": hmac_sha256_hex(SECRET, user.encode())}


def take_in() -> None:
    while intake.take_batch():
        pass


def react_to_everything() -> None:
    """What the worker does with the events so far."""
    react(list(Event.objects.values_list("pk", flat=True)))


def answer(ticket: Ticket, user: User, text: str) -> Message:
    """An agent answers, and the worker sends it."""
    made = verbs.answer(ticket, user, text, "private")
    outbox.send_next(ticket.pk)
    made.refresh_from_db()
    return made


@pytest.fixture
def conversation(lea: Visitor, ana: User) -> Ticket:
    """Lea asked and Ana answered."""
    lea.write("Kje je moj paket?", page=f"{SHOP}/boots")
    take_in()
    ticket = Ticket.objects.get()
    answer(ticket, ana, "Že na poti!")
    return ticket
