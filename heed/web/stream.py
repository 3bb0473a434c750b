"""The live stream: server-sent nudges. A page that is nudged fetches its parts again.

Each process listens to the database once and hands the news to all its open pages. Nudges to one
page keep a distance, and what happens in between goes along with the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from heed.inbox import reach
from heed.lib.live import CHANNEL

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LIVE = "/live"
MOST_TOPICS = 100
PEOPLE = "people"
"""The topic of changed rights: every open page must prove again that it may listen."""

_BEAT = 20.0
_CHECK_AGAIN = 30.0


class Page:
    """One open page: the topics it has not been told of yet."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.news = asyncio.Event()

    def tell(self, topics: list[str]) -> None:
        self.topics.update(topics)
        self.news.set()

    def taken(self) -> list[str]:
        topics, self.topics = self.topics, set()
        self.news.clear()
        return sorted(topics) if len(topics) <= MOST_TOPICS else ["all"]


class Stream:
    """All open pages of this process."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._pages: set[Page] = set()
        self._listener: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies = _cookies(scope)
        if not await signed_in(cookies):
            await _refuse(send)
            return
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        page = Page()
        self._pages.add(page)
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await self._serve(page, cookies, gone, send)
        finally:
            self._pages.discard(page)
            gone.cancel()

    async def stop(self) -> None:
        """Let every page go; browsers come back by themselves."""
        self._stopping.set()
        for page in self._pages:
            page.news.set()
        if self._listener is not None:
            self._listener.cancel()

    def distance(self) -> float:
        """Seconds between two nudges to one page: more pages, more distance."""
        pages = len(self._pages)
        return 0.1 if pages <= 50 else 0.2 if pages <= 200 else 0.5

    async def _serve(self, page: Page, cookies: str, gone: asyncio.Task[None], send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _say(send, "hello", {"seq": await sync_to_async(_latest)()})
        checked = time.monotonic()
        while not gone.done() and not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(page.news.wait(), _BEAT)
            if PEOPLE in page.topics or time.monotonic() - checked > _CHECK_AGAIN:
                if not await signed_in(cookies):
                    return
                checked = time.monotonic()
            if not page.news.is_set():
                await _write(send, ": still here\n\n")
                continue
            topics = page.taken()
            if topics:
                await _say(send, "nudge", {"seq": await self._seq(), "topics": topics})
                await asyncio.sleep(self.distance())
        with contextlib.suppress(OSError, RuntimeError):
            await send({"type": "http.response.body", "body": b""})

    async def _seq(self) -> int:
        """How far the log has come; asked once for all pages that are nudged together."""
        now = time.monotonic()
        if now - self._seq_at > 0.1:
            self._seq_at = now
            self._seq_known = await sync_to_async(_latest)()
        return self._seq_known

    _seq_at = 0.0
    _seq_known = 0

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._tell(["all"])
                    async for notice in connection.notifies():
                        self._tell(json.loads(notice.payload))
            except psycopg.Error:
                await asyncio.sleep(1)

    def _tell(self, topics: list[str]) -> None:
        for page in self._pages:
            page.tell(topics)


_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def _latest() -> int:
    try:
        return reach.latest_event()
    finally:
        close_old_connections()


async def signed_in(cookies: str) -> bool:
    """Whether the one who sent this cookie header is signed in and active."""
    return await sync_to_async(_check)(cookies)


def _check(cookies: str) -> bool:
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    request = HttpRequest()
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(key)
    try:
        user = get_user(request)
        return bool(user.is_authenticated and user.is_active)
    finally:
        close_old_connections()


def _cookies(scope: Scope) -> str:
    return "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"cookie")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send) -> None:
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _say(send: Send, event: str, data: dict[str, Any]) -> None:
    await _write(send, f"event: {event}\nid: {data['seq']}\ndata: {json.dumps(data)}\n\n")


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
