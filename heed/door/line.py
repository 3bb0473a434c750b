"""A connection to the database that comes back after it broke."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
from psycopg.conninfo import make_conninfo

_PATIENCE = 5
"""Seconds."""


class Line:
    """One connection, used by one at a time. A database that does not answer is waited for some seconds when
    connecting, and so is who uses the connection."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = make_conninfo(conninfo, connect_timeout=_PATIENCE)
        self._connection: psycopg.AsyncConnection | None = None
        self._using = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """The connection, opened again when it broke. Raises `psycopg.Error`."""
        await self._taken()
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
            try:
                yield self._connection
            except psycopg.OperationalError:
                await self._connection.close()
                raise
        finally:
            self._using.release()

    async def _taken(self) -> None:
        """Be the one who uses it. Raises `psycopg.OperationalError` when somebody does for too long."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._using.acquire()
        except TimeoutError:
            raise psycopg.OperationalError("the connection is in use for too long") from None

    async def close(self) -> None:
        """End it once nobody uses it: closing it under a statement ends the whole process. Whoever uses it
        for longer than a few seconds is left alone, and it ends with the process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE), self._using:
                if self._connection is not None:
                    await self._connection.close()
