"""A connection to the database that comes back after it broke."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg

_PATIENCE = 5.0
"""Seconds."""


class Line:
    """One connection, used by one at a time."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection | None = None
        self._using = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """The connection, opened again when it broke. Raises `psycopg.Error`."""
        async with self._using:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
            try:
                yield self._connection
            except psycopg.OperationalError:
                await self._connection.close()
                raise

    async def close(self) -> None:
        """End it once nobody uses it: closing it under a statement ends the whole process. Whoever uses it
        for longer than a few seconds is left alone, and it ends with the process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE), self._using:
                if self._connection is not None:
                    await self._connection.close()
