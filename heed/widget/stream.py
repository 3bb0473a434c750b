"""The chat's live stream: a visitor's open page is told that there is news, and fetches it.

Each process listens to the database once, as long as anybody's page is open, and finds out whose a
changed ticket is. The token comes in a header: it never stands in an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Literal

import psycopg
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from heed.inbox.models import Message
from heed.lib.live import CHANNEL
from heed.widget import reach, verbs
from heed.widget.look import look_of
from heed.widget.tokens import NotYours, Who, who_has

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Owner = tuple[int, str]
"""An account and the visitor's id there."""
Kind = Literal["news", "typing"]
TOPICS: dict[str, Kind] = {"ticket:": "news", "typing:": "typing"}
"""What a page is told of, by the beginning of the topic."""

PATH = re.compile(r"/widget/([A-Za-z0-9_-]{4,64})/live")
MOST_PAGES = 8
"""Open streams of one visitor in one process."""

_BEAT = 20.0
_DISTANCE = 0.3


class Page:
    """One open page and what it has not been told of yet."""

    def __init__(self) -> None:
        self.told: set[Kind] = set()
        self.woken = asyncio.Event()

    def tell(self, kind: Kind) -> None:
        self.told.add(kind)
        self.woken.set()

    def taken(self) -> list[Kind]:
        told, self.told = self.told, set()
        self.woken.clear()
        return sorted(told)


class VisitorStream:
    """All visitors' open pages of this process."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._pages: dict[Owner, set[Page]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._stopping = False

    @staticmethod
    def wants(scope: Scope) -> bool:
        """Whether this is a request for a stream."""
        return scope["method"] == "GET" and PATH.fullmatch(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        found = PATH.fullmatch(scope["path"])
        origin, token = headers.get(b"origin", ""), headers.get(b"x-heed-visitor", "")
        who = await _admitted(found[1] if found else "", origin, token)
        if who is None:
            await _refuse(send, 401)
            return
        owner = (who.account, who.id)
        if len(self._pages[owner]) >= MOST_PAGES:
            await _refuse(send, 429)
            return
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        page = Page()
        self._pages[owner].add(page)
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await self._serve(page, (found[1] if found else "", origin, token), gone, send)
        finally:
            gone.cancel()
            self._pages[owner].discard(page)
            if not self._pages[owner]:
                del self._pages[owner]

    async def stop(self) -> None:
        """Let every page go; they come back by themselves."""
        self._stopping = True
        self._tell_all()
        if self._listener is not None:
            self._listener.cancel()

    async def _serve(
        self, page: Page, claim: tuple[str, str, str], gone: asyncio.Task[None], send: Send
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _headers(claim[1])})
        await _say(send, "event: hello\ndata: {}\n\n")
        checked = time.monotonic()
        while not gone.done() and not self._stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(page.woken.wait(), _BEAT)
            if time.monotonic() - checked >= _BEAT:
                if await _admitted(*claim) is None:
                    return
                checked = time.monotonic()
            told = page.taken()
            if not told:
                await _say(send, ": still here\n\n")
                continue
            await _say(send, "".join(f"event: {kind}\ndata: {{}}\n\n" for kind in told))
            await asyncio.sleep(_DISTANCE)
        with contextlib.suppress(OSError, RuntimeError):
            await send({"type": "http.response.body", "body": b""})

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._tell_all()
                    async for notice in connection.notifies():
                        await self._hand_on(json.loads(notice.payload))
            except psycopg.Error:
                await asyncio.sleep(1)

    async def _hand_on(self, topics: list[str]) -> None:
        for beginning, kind in TOPICS.items():
            tickets = [int(topic[len(beginning) :]) for topic in topics if topic.startswith(beginning)]
            if tickets and self._pages:
                for owner in await sync_to_async(_owners)(tickets, kind):
                    for page in self._pages.get(owner, ()):
                        page.tell(kind)

    def _tell_all(self) -> None:
        for pages in self._pages.values():
            for page in pages:
                page.tell("news")


def _owners(tickets: Iterable[int], kind: Kind) -> set[Owner]:
    """Whom news of these tickets concerns, as far as they came through a chat: everybody who wrote in them,
    for in a merged one several did. Of typing it is whoever wrote last, to whom it is typed."""
    theirs = Message.objects.filter(
        ticket__in=tickets, ticket__account__network=reach.NETWORK, visibility="private"
    )
    if kind == "typing":
        came = theirs.filter(direction="in", removed_at=None)
        theirs = came.order_by("ticket", "-at", "-external_id").distinct("ticket")
    rows = theirs.values_list("account_id", "identity__account_id", "identity__external_id")
    try:
        return {(account, id) for _, account, id in rows}
    finally:
        close_old_connections()


async def _admitted(key: str, origin: str, token: str) -> Who | None:
    return await sync_to_async(listener)(key, origin, token)


def listener(key: str, origin: str, token: str) -> Who | None:
    """Who may listen, now; they count as being here. Someone nameless has nothing to hear before they
    wrote: tokens are free, open streams are not."""
    try:
        who = _visitor(key, origin, token)
        if who is None or not (who.known or verbs.has_written(who)):
            return None
        verbs.come_by(who)
        return who
    finally:
        close_old_connections()


def is_visitor(path: str, token: str) -> bool:
    """Whether the path is of a chat and the token of a visitor of it: they may send a file."""
    key = path.removeprefix("/widget/").partition("/")[0]
    try:
        return _visitor(key, "", token) is not None
    finally:
        close_old_connections()


def _visitor(key: str, origin: str, token: str) -> Who | None:
    try:
        account = reach.site(key)
        if origin and not look_of(account).allows(origin):
            return None
        return who_has(token, account)
    except (reach.NoSuchSite, NotYours):
        return None


def _headers(origin: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"vary", b"Origin"),
    ]
    return [*headers, (b"access-control-allow-origin", origin.encode("latin-1"))] if origin else headers


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
