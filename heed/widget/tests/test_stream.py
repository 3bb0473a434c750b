"""Who may listen, and who hears of what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError

from heed.channels.models import Account
from heed.inbox.models import Ticket
from heed.lib.live import News
from heed.widget.stream import MOST_PAGES, VisitorStream, _owners, is_visitor, listener
from heed.widget.tests.conftest import SHOP, Visitor, known
from heed.widget.tokens import Who


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own connection stays open: its data is not committed."""
    monkeypatch.setattr("heed.widget.stream.close_old_connections", lambda: None)


def test_a_visitor_may_listen_once_they_wrote(lea: Visitor, account: Account) -> None:
    assert listener(lea.key, SHOP, lea.token) is None
    assert listener(lea.key, SHOP, Visitor(account, known("c1042")).token) is not None
    lea.write("Halo?")
    who = listener(lea.key, SHOP, lea.token)
    assert who is not None
    assert who.id.startswith("~")


@pytest.mark.parametrize(
    ("key", "origin", "token"),
    [
        ("acme-shop", SHOP, ""),
        ("acme-shop", SHOP, "forged"),
        ("acme-shop", "https://evil.example", "{token}"),
        ("nobodys", SHOP, "{token}"),
        ("acme-shop", SHOP, "{token}x"),
    ],
)
def test_strangers_hear_nothing(lea: Visitor, key: str, origin: str, token: str) -> None:
    lea.write("Halo?")
    assert listener(key, origin, token.format(token=lea.token)) is None


def test_a_changed_ticket_is_its_own_visitors_news(lea: Visitor, conversation: Ticket) -> None:
    owner = (conversation.account_id, conversation.identity.external_id)
    assert _owners([conversation.pk, conversation.pk + 99], "news") == {owner}


def test_tickets_of_other_networks_are_nobodys_news(conversation: Ticket) -> None:
    Account.objects.update(network="viber")
    assert _owners([conversation.pk], "news") == set()


@pytest.mark.parametrize(
    ("path", "known"),
    [("/widget/acme-shop/uploads", True), ("/widget/other/uploads", False), ("/sign-in/", False)],
)
def test_only_visitors_may_send_files(lea: Visitor, path: str, known: bool) -> None:
    assert is_visitor(path, lea.token) is known


class Page:
    """One request to the stream."""

    def __init__(self, token: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()
        headers = [(b"origin", SHOP.encode()), (b"x-heed-visitor", token.encode())]
        self.scope = {"type": "http", "method": "GET", "path": "/widget/acme-shop/live", "headers": headers}

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: Any) -> None:
        self.sent.append(dict(event))

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"]) if self.sent else 0

    @property
    def heard(self) -> str:
        return b"".join(each.get("body", b"") for each in self.sent).decode()


async def until(holds: Any) -> None:
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


def test_each_hears_of_their_own_ticket_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fan-out alone: who a ticket belongs to and who may listen is told by the test."""

    async def admitted(key: str, origin: str, token: str) -> Who | None:
        return Who(1, token) if token.startswith("~") else None

    async def quiet(self: VisitorStream) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("heed.widget.stream._admitted", admitted)
    monkeypatch.setattr(
        "heed.widget.stream._owners", lambda tickets, kind: {(1, "~lea")} if 41 in tickets else set()
    )
    monkeypatch.setattr(VisitorStream, "_listen", quiet)

    async def play() -> None:
        stream = VisitorStream(News(""))
        lea, oto, forger = Page("~lea"), Page("~oto"), Page("nobody")
        tasks = [asyncio.create_task(stream(p.scope, p.receive, p.send)) for p in (lea, oto, forger)]
        await until(lambda: "hello" in lea.heard and "hello" in oto.heard and forger.status)
        assert forger.status == 401
        assert (b"access-control-allow-origin", SHOP.encode()) in lea.sent[0]["headers"]
        await stream._hand_on(["queue", "ticket:41", "accounts"])
        await stream._hand_on(["ticket:42"])
        await until(lambda: "news" in lea.heard)
        assert "typing" not in lea.heard
        await stream._hand_on(["typing:41"])
        await until(lambda: "event: typing" in lea.heard)
        assert "news" not in oto.heard
        assert "typing" not in oto.heard
        await stream.stop()
        await asyncio.gather(*tasks)

    _alone(play())


def test_a_database_that_is_away_for_a_moment_deafens_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose the news are cannot be asked: every page asks for itself, and hears of what comes after."""

    async def admitted(key: str, origin: str, token: str) -> Who | None:
        return Who(1, token)

    def owners(tickets: list[int], kind: str) -> set[tuple[int, str]]:
        if 41 in tickets:
            raise OperationalError("the server closed the connection")
        return {(1, "~lea")}

    class TwoPieces(News):
        async def heard(self) -> AsyncIterator[set[str]]:
            yield {"ticket:41"}
            await until(lambda: "news" in lea.heard)
            yield {"typing:42"}

    monkeypatch.setattr("heed.widget.stream._admitted", admitted)
    monkeypatch.setattr("heed.widget.stream._owners", owners)
    lea = Page("~lea")

    async def play() -> None:
        stream = VisitorStream(TwoPieces(""))
        task = asyncio.create_task(stream(lea.scope, lea.receive, lea.send))
        await until(lambda: "typing" in lea.heard)
        await stream.stop()
        await task

    _alone(play())


def test_one_visitor_opens_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    async def admitted(key: str, origin: str, token: str) -> Who | None:
        return Who(1, token)

    async def quiet(self: VisitorStream) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("heed.widget.stream._admitted", admitted)
    monkeypatch.setattr(VisitorStream, "_listen", quiet)

    async def play() -> None:
        stream = VisitorStream(News(""))
        pages = [Page("~lea") for _ in range(MOST_PAGES + 1)]
        tasks = [asyncio.create_task(stream(p.scope, p.receive, p.send)) for p in pages]
        await until(lambda: all(page.status for page in pages))
        assert sorted(page.status for page in pages) == [200] * MOST_PAGES + [429]
        await stream.stop()
        await asyncio.gather(*tasks)

    _alone(play())


def test_a_token_may_not_listen_after_its_account_went(lea: Visitor, account: Account) -> None:
    lea.write("Halo?")
    account.locked_credentials = b""
    account.save()
    assert listener(lea.key, SHOP, lea.token) is None


def _alone(play: Coroutine[None, None, None]) -> None:
    """Run it in a thread of its own: in this one a browser's loop may still be running."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, play).result()
