"""The chat's live stream: a visitor's open page is told that there is news, and fetches it.

Whose ticket changed is found out once for all pages of a process. The token comes in a header: it never
stands in an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Literal

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections

from heed.inbox.models import Message
from heed.lib import sse
from heed.lib.live import EVERYTHING, News, Untold
from heed.lib.sse import Receive, Scope, Send
from heed.widget import reach, verbs
from heed.widget.look import look_of
from heed.widget.tokens import NotYours, Who, who_has

log = logging.getLogger("heed.live")

Owner = tuple[int, str]
"""An account and the visitor's id there."""
Kind = Literal["news", "typing"]
TOPICS: dict[str, Kind] = {"ticket:": "news", "typing:": "typing"}
"""What a page is told of, by the beginning of the topic."""

PATH = re.compile(r"/widget/([A-Za-z0-9_-]{4,64})/live")
MOST_PAGES = 8
"""Open streams of one visitor in one process."""

_DISTANCE = 0.3


class VisitorStream:
    """All visitors' open pages of this process."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._pages: dict[Owner, set[Untold]] = defaultdict(set)
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
            await sse.refuse(send, 401, _ANY_ORIGIN)
            return
        owner = (who.account, who.id)
        if len(self._pages[owner]) >= MOST_PAGES:
            await sse.refuse(send, 429, _ANY_ORIGIN)
            return
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        page = Untold()
        self._pages[owner].add(page)
        gone = asyncio.create_task(sse.until_gone(receive))
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
        self, page: Untold, claim: tuple[str, str, str], gone: asyncio.Task[None], send: Send
    ) -> None:
        await sse.begin(send, *_headers(claim[1]))
        await sse.say(send, "event: hello\ndata: {}\n\n")
        checked = time.monotonic()
        while not gone.done() and not self._stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(page.woken.wait(), sse.BEAT)
            if time.monotonic() - checked >= sse.BEAT:
                if await _admitted(*claim) is None:
                    return
                checked = time.monotonic()
            told = sorted(page.taken())
            if not told:
                await sse.say(send, sse.STILL_HERE)
                continue
            await sse.say(send, "".join(f"event: {kind}\ndata: {{}}\n\n" for kind in told))
            await asyncio.sleep(_DISTANCE)
        await sse.end(send)

    async def _listen(self) -> None:
        async for topics in self._news.heard():
            try:
                await self._hand_on(topics)
            except DatabaseError:
                log.warning("whose tickets changed cannot be read; every visitor's page asks for itself")
                self._tell_all()

    async def _hand_on(self, topics: Collection[str]) -> None:
        if EVERYTHING in topics:
            self._tell_all()
        for beginning, kind in TOPICS.items():
            tickets = [int(topic[len(beginning) :]) for topic in topics if topic.startswith(beginning)]
            if tickets and self._pages:
                for owner in await sync_to_async(_owners)(tickets, kind):
                    for page in self._pages.get(owner, ()):
                        page.tell([kind])

    def _tell_all(self) -> None:
        for pages in self._pages.values():
            for page in pages:
                page.tell(["news"])


def _owners(tickets: Iterable[int], kind: Kind) -> set[Owner]:
    """Whom news of these tickets concerns, as far as they came through a chat: everybody who wrote in them,
    for in a merged one several did. Of typing it is whoever wrote last, to whom it is typed."""
    theirs = Message.objects.filter(
        ticket__in=tickets, ticket__account__network=reach.NETWORK, visibility="private"
    )
    if kind == "typing":
        came = theirs.filter(direction="in", removed_at=None)
        theirs = came.order_by("ticket", "-at", "-external_id").distinct("ticket")
    else:
        theirs = theirs.order_by().distinct()
    rows = theirs.values_list("identity__account_id", "identity__external_id")
    try:
        return set(rows)
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


_ANY_ORIGIN = (b"access-control-allow-origin", b"*")


def _headers(origin: str) -> list[sse.Header]:
    vary = (b"vary", b"Origin")
    return [vary, (b"access-control-allow-origin", origin.encode("latin-1"))] if origin else [vary]
