"""The connection that comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from django.db import connection

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
