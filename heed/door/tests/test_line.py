"""The connection that comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from heed.door import line as lines
from heed.door.line import Line
from heed.lib.postgres import conninfo

pytestmark = pytest.mark.django_db(transaction=True)


def test_closing_waits_for_who_uses_it() -> None:
    """Memory that a statement still reads must not be given back."""
    line = Line(conninfo(connection.settings_dict))

    async def asking(held: asyncio.Event) -> Any:
        async with line.held() as opened:
            held.set()
            return await (await opened.execute("SELECT 7 FROM pg_sleep(0.2)")).fetchone()

    async def closed_meanwhile() -> Any:
        held = asyncio.Event()
        answer = asyncio.create_task(asking(held))
        await held.wait()
        await asyncio.sleep(0)
        await line.close()
        return answer.result()

    assert asyncio.run(closed_meanwhile()) == (7,)


def test_after_closing_it_opens_again() -> None:
    line = Line(conninfo(connection.settings_dict))

    async def twice() -> list[Any]:
        found = []
        for _ in range(2):
            async with line.held() as opened:
                found.append(await (await opened.execute("SELECT 1")).fetchone())
            await line.close()
        return found

    assert asyncio.run(twice()) == [(1,), (1,)]


def test_no_database_is_said() -> None:
    async def held() -> None:
        async with Line("host=/nowhere").held():
            raise AssertionError("there is none")

    with pytest.raises(psycopg.OperationalError):
        asyncio.run(held())


def test_who_waits_too_long_for_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(conninfo(connection.settings_dict))
    monkeypatch.setattr(lines, "_PATIENCE", 0.01)

    async def beside() -> Any:
        async with line.held():
            with pytest.raises(psycopg.OperationalError, match="in use for too long"):
                async with line.held():
                    raise AssertionError("somebody has it")
        async with line.held() as opened:
            return await (await opened.execute("SELECT 1")).fetchone()

    assert asyncio.run(beside()) == (1,)


def test_a_database_that_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(conninfo: str, **_: Any) -> Any:
        raise psycopg.OperationalError(str(conninfo_to_dict(conninfo)["connect_timeout"]))

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)

    async def held() -> None:
        async with Line("host=/nowhere").held():
            raise AssertionError("there is none")

    with pytest.raises(psycopg.OperationalError, match=r"^5$"):
        asyncio.run(held())
