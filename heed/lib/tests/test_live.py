"""News of the database: who hears what, over how many connections, and after a break."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest
from django.db import connection

from heed.lib.live import CHANNEL, EVERYTHING, News, payload
from heed.lib.postgres import conninfo

pytestmark = pytest.mark.django_db(transaction=True)

LISTENING = f"FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN {CHANNEL}'"


class Follower:
    """Follows from now on. What it hears comes in portions."""

    def __init__(self, news: News) -> None:
        self.portions: list[set[str]] = []
        self.busy = asyncio.Lock()
        self.task = asyncio.create_task(self._follow(news))

    async def _follow(self, news: News) -> None:
        async for topics in news.heard():
            self.portions.append(topics)
            async with self.busy:
                pass

    def heard(self, topic: str) -> bool:
        return any(topic in portion for portion in self.portions)

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    for _ in range(6000):
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


def played(play: Callable[[News, psycopg.AsyncConnection], Awaitable[None]]) -> None:
    """Play with a database beside it, in a thread of its own: in this one a browser's loop may run."""
    database = conninfo(connection.settings_dict)

    async def run() -> None:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as beside:
            await play(News(database), beside)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


async def tell(beside: psycopg.AsyncConnection, *topics: str) -> None:
    await beside.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload(topics)])


async def listening(beside: psycopg.AsyncConnection) -> int:
    row = await (await beside.execute(f"SELECT count(*) {LISTENING}")).fetchone()
    return int(row[0]) if row else 0


def test_one_connection_listens_for_all_who_follow_and_goes_with_the_last() -> None:
    async def play(news: News, beside: psycopg.AsyncConnection) -> None:
        one, other = Follower(news), Follower(news)
        await until(lambda: _is(listening(beside), 1))
        await tell(beside, "ticket:41", "queue")
        await until(lambda: one.heard("ticket:41") and other.heard("queue"))
        assert await listening(beside) == 1
        await one.leave()
        await tell(beside, "ticket:42")
        await until(lambda: other.heard("ticket:42"))
        assert not one.heard("ticket:42")
        await other.leave()
        await until(lambda: _is(listening(beside), 0))
        again = Follower(news)
        await until(lambda: _is(listening(beside), 1))
        await again.leave()

    played(play)


def test_after_a_break_everything_may_have_been_missed() -> None:
    async def play(news: News, beside: psycopg.AsyncConnection) -> None:
        follower = Follower(news)
        await until(lambda: _is(listening(beside), 1))
        await tell(beside, "first")
        await until(lambda: follower.heard("first"))
        follower.portions.clear()
        await beside.execute(f"SELECT pg_terminate_backend(pid) {LISTENING}")
        await until(lambda: follower.heard(EVERYTHING))
        await tell(beside, "second")
        await until(lambda: follower.heard("second"))
        await follower.leave()

    played(play)


def test_what_nobody_can_read_deafens_nobody() -> None:
    async def play(news: News, beside: psycopg.AsyncConnection) -> None:
        follower = Follower(news)
        await until(lambda: _is(listening(beside), 1))
        await beside.execute(f"NOTIFY {CHANNEL}, 'by hand'")
        await until(lambda: _heard_anew(follower, beside))
        await follower.leave()

    async def _heard_anew(follower: Follower, beside: psycopg.AsyncConnection) -> bool:
        await tell(beside, "after")
        return follower.heard("after")

    played(play)


def test_who_is_busy_hears_of_all_that_came_meanwhile_at_once() -> None:
    async def play(news: News, beside: psycopg.AsyncConnection) -> None:
        quick, slow = Follower(news), Follower(news)
        async with slow.busy:
            await until(lambda: _is(listening(beside), 1))
            for topic in ("one", "two", "three"):
                await tell(beside, topic, "queue")
                await until(partial(quick.heard, topic))
            assert not slow.heard("one")
        await until(lambda: slow.heard("three"))
        assert {"one", "two", "three", "queue"} <= slow.portions[1]
        await quick.leave()
        await slow.leave()

    played(play)


async def _is(found: Awaitable[int], wanted: int) -> bool:
    return await found == wanted
