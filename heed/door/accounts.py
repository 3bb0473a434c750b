"""What the door knows of the accounts. Plain SQL over a few columns, so that it can stay up alone
while the rest is upgraded."""

from __future__ import annotations

import re
import time
from typing import NamedTuple

from heed.channels.base import AccountRecord, Network
from heed.channels.registry import networks
from heed.door.line import Line
from heed.lib.crypto import KeyRing

_FRESH_FOR = 30.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_QUERY = """
SELECT id, network, external_id, name, base_url, locked_credentials, settings
FROM channels_account WHERE hook_token = %s
"""


class Known(NamedTuple):
    """An account at the door."""

    pk: int
    network: Network
    record: AccountRecord
    until: float


class Accounts:
    """Accounts by the secret part of their address, remembered for half a minute.

    They are looked up on a connection of their own: whoever tries addresses never holds up the
    ledger.
    """

    def __init__(self, conninfo: str, ring: KeyRing) -> None:
        self._line = Line(conninfo)
        self._ring = ring
        self._known: dict[str, Known] = {}
        self._changes = 0

    async def find(self, token: str) -> Known | None:
        """The account with this address; None when it is nobody's. Raises `psycopg.Error`."""
        if not _TOKEN.fullmatch(token):
            return None
        known = self._known.get(token)
        if known is not None and known.until > time.monotonic():
            return known
        return await self._fetched(token)

    async def _fetched(self, token: str) -> Known | None:
        """Looked up, and remembered unless accounts changed while that was done."""
        changes = self._changes
        async with self._line.held() as connection:
            row = await (await connection.execute(_QUERY, [token])).fetchone()
        if row is None or row[1] not in networks():
            self._known.pop(token, None)
            return None
        pk, network, external_id, name, base_url, locked, settings = row
        record = AccountRecord(external_id, name, self._ring.open(locked), base_url, settings=settings)
        known = Known(pk, networks()[network], record, time.monotonic() + _FRESH_FOR)
        if changes == self._changes:
            self._known[token] = known
        return known

    def forget(self) -> None:
        """Accounts changed: read them anew."""
        self._changes += 1
        self._known.clear()

    async def close(self) -> None:
        await self._line.close()
