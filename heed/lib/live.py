"""News of the database: a NOTIFY carries topics, sent when the transaction commits."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable

import psycopg

from heed.lib.rows import prepared

log = logging.getLogger("heed.live")

CHANNEL = "heed_live"
EVERYTHING = "all"
"""The topic for those who may have missed something."""

_MOST_TOPICS = 300  # a NOTIFY payload holds 8,000 bytes


def tell(topics: Iterable[str]) -> None:
    """Tell every open page that these topics changed, once the transaction commits."""
    names = sorted(set(topics))
    with prepared() as cursor:
        for start in range(0, len(names), _MOST_TOPICS):
            some = payload(names[start : start + _MOST_TOPICS])
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, some])


def payload(topics: Iterable[str]) -> str:
    """What a notification says, for a statement that tells by itself of no more than a few topics."""
    return json.dumps(sorted(topics), separators=(",", ":"))


class Untold:
    """Topics that somebody has not been told of yet. `woken` is set while there are any."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.woken = asyncio.Event()

    def tell(self, topics: Iterable[str]) -> None:
        self.topics.update(topics)
        self.woken.set()

    def taken(self) -> set[str]:
        topics, self.topics = self.topics, set()
        self.woken.clear()
        return topics


class News:
    """What a process hears from the database: one connection that listens, for all who follow, as long as
    anybody does. It comes back a second after it broke."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._followers: set[Untold] = set()
        self._listener: asyncio.Task[None] | None = None

    async def heard(self) -> AsyncIterator[set[str]]:
        """The topics as they are told, without end; what is told while one is busy comes together. At first,
        and whenever something may have been missed, `EVERYTHING` is among them."""
        follower = Untold()
        follower.tell([EVERYTHING])
        self._followers.add(follower)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        try:
            while True:
                await follower.woken.wait()
                yield follower.taken()
        finally:
            self._followers.discard(follower)
            if self._listener is not None and not self._followers:
                self._listener.cancel()
                self._listener = None

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._hand_on([EVERYTHING])
                    async for notice in connection.notifies():
                        self._hand_on(json.loads(notice.payload))
            except Exception as error:  # whatever it is: those who follow would hear nothing more
                if not isinstance(error, psycopg.Error):
                    log.exception("what the database tells cannot be heard")
                await asyncio.sleep(1)

    def _hand_on(self, topics: Iterable[str]) -> None:
        for follower in self._followers:
            follower.tell(topics)
