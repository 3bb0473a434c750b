"""Deliveries are written before they are acknowledged; those that come together share one INSERT."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import psycopg

from heed.door.line import Line
from heed.lib import clock
from heed.lib.live import EVERYTHING, News

log = logging.getLogger("heed.door")

MOST_ROWS = 500
_GATHER = 0.002
"""Seconds to wait for company before a write: a fraction of the flush it saves."""

_PATIENCE = 10.0
"""Seconds that a delivery waits to be written. After that it is to be sent again, even if it is written
later: what comes twice is known by its messages."""
_LATE_EVERY = 0.25
"""Seconds between two looks at who waits too long: a clock for each delivery costs more than the rest of
its waiting."""

_INSERT = """
INSERT INTO inbox_delivery (account_id, at, headers, body, state, problems, tries)
SELECT account, at, headers, body, 'pending', '[]'::jsonb, 0
FROM unnest(%s::bigint[], %s::timestamptz[], %s::jsonb[], %s::bytea[]) AS new (account, at, headers, body)
"""
_REFUSED = "UPDATE channels_account SET refused = refused + %s WHERE id = %s"
_COUNT_EVERY = 1.0
BEAT_EVERY = 10.0
"""Seconds between two beats."""
_BEAT = """
INSERT INTO inbox_heartbeat AS known (name, at) VALUES ('door', %(now)s)
ON CONFLICT (name) DO UPDATE SET at = greatest(known.at, %(now)s), silent_since =
    CASE WHEN %(now)s - known.at >= interval '2 minutes' THEN coalesce(known.silent_since, known.at)
    ELSE known.silent_since END
"""


class Row(NamedTuple):
    account: int
    at: datetime
    headers: str
    body: bytes


class NotWritten(Exception):
    """A delivery was not written in time, or the ledger ends."""


class Ledger:
    """Writes deliveries in small batches over one connection, and counts what was turned away."""

    def __init__(self, conninfo: str, news: News, on_news: Callable[[], None]) -> None:
        self._news = news
        self._on_news = on_news
        self._waiting: dict[asyncio.Future[None], Row] = {}
        self._owed: dict[asyncio.Future[None], float] = {}
        """Until when each is to be told, by the loop's time, the oldest first."""
        self._ends = False
        self._refused: Counter[int] = Counter()
        self._wake = asyncio.Event()
        self._line = Line(conninfo)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        ever = self._write_on, self._late_on, self._listen_on, self._count_on, self._beat_on
        self._tasks = [asyncio.create_task(each()) for each in ever]

    async def stop(self) -> None:
        """End it. Who waits for a delivery to be written is told that it was not."""
        self._ends = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _fail(self._taken(len(self._waiting)), NotWritten())
        with contextlib.suppress(psycopg.Error):
            await self._flush_refused()
        await self._line.close()

    async def append(self, account: int, headers: Mapping[str, str], body: bytes) -> None:
        """Write a delivery; returns when it is on disk. Raises when it is not, or not soon."""
        if self._ends:
            raise NotWritten
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting[done] = Row(account, clock.now(), json.dumps(headers), body)
        self._owed[done] = loop.time() + _PATIENCE
        self._wake.set()
        try:
            await done
        finally:
            self._waiting.pop(done, None)
            self._owed.pop(done, None)

    def refuse(self, account: int) -> None:
        """Count a delivery that was turned away."""
        self._refused[account] += 1

    async def _write_on(self) -> None:
        """Who comes alone is written at once; as long as many come, each write waits for company."""
        together = 0
        while True:
            await self._wake.wait()
            if together > 1:
                await asyncio.sleep(_GATHER)
            batch = self._taken(MOST_ROWS)
            if not self._waiting:
                self._wake.clear()
            together = len(batch)
            try:
                if batch:
                    await self._write(batch)
            finally:
                _fail(batch, NotWritten())  # who was told nothing, because this ends

    async def _late_on(self) -> None:
        """Tell who waits for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LATE_EVERY)
            for done, until in self._owed.items():  # telling them takes them out only later
                if until > loop.time():
                    break
                if not done.done():
                    done.set_exception(NotWritten())

    def _taken(self, most: int) -> list[tuple[Row, asyncio.Future[None]]]:
        """The first of those that wait, which wait no more."""
        first = list(itertools.islice(self._waiting, most))
        return [(self._waiting.pop(each), each) for each in first]

    async def _write(self, batch: list[tuple[Row, asyncio.Future[None]]]) -> None:
        """Write a batch and tell its callers. Never raises: whatever goes wrong fails this batch,
        and the next one is written."""
        columns = [list(column) for column in zip(*(row for row, _ in batch), strict=True)]
        try:
            async with self._line.held() as connection:
                await connection.execute(_INSERT, columns)
        except Exception as error:
            if len(batch) > 1 and isinstance(error, psycopg.Error) and not _is_broken(error):
                for each in batch:
                    await self._write([each])
                return
            log.warning("the ledger cannot be written: %s", type(error).__name__)
            _fail(batch, error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        with contextlib.suppress(Exception):
            async with self._line.held() as connection:
                await connection.execute("NOTIFY heed_ledger")

    async def _listen_on(self) -> None:
        """Hear when accounts change, or may have."""
        async for topics in self._news.heard():
            if "accounts" in topics or EVERYTHING in topics:
                self._on_news()

    async def _count_on(self) -> None:
        while True:
            await asyncio.sleep(_COUNT_EVERY)
            with _on_the_next_time("counting"):
                await self._flush_refused()

    async def _beat_on(self) -> None:
        """Say on the ledger's own connection that deliveries can be taken in. Whoever says it first after
        a longer silence notes from when it was: what was sent meanwhile is read from the networks."""
        while True:
            with _on_the_next_time("the beat"):
                async with self._line.held() as connection:
                    await connection.execute(_BEAT, {"now": clock.now()})
            await asyncio.sleep(BEAT_EVERY)

    async def _flush_refused(self) -> None:
        for account, count in list(self._refused.items()):
            async with self._line.held() as connection:
                await connection.execute(_REFUSED, [count, account])
            self._refused[account] -= count  # others were turned away meanwhile
            if not self._refused[account]:
                del self._refused[account]


@contextlib.contextmanager
def _on_the_next_time(what: str) -> Iterator[None]:
    """Whatever goes wrong is for this time only: a beat that ended would look like an outage."""
    try:
        yield
    except psycopg.Error:
        pass  # the database is not there, as whoever writes to it says
    except Exception as error:
        log.warning("%s at the door: %s", what, type(error).__name__)


def _is_broken(error: psycopg.Error) -> bool:
    """The database is at fault, not one of the rows."""
    return isinstance(error, psycopg.OperationalError)


def _fail(batch: list[tuple[Row, asyncio.Future[None]]], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
