"""What the door knows of the accounts. Plain SQL over a few columns, so that it can stay up alone
while the rest is upgraded."""

from __future__ import annotations

import time
from typing import NamedTuple

import psycopg

from heed.channels.base import AccountRecord, Network
from heed.channels.registry import networks
from heed.lib.crypto import KeyRing

_FRESH_FOR = 30.0
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
    """Accounts by the secret part of their address, remembered for half a minute."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._known: dict[str, Known] = {}

    def remembered(self, token: str) -> Known | None:
        known = self._known.get(token)
        return known if known is not None and known.until > time.monotonic() else None

    async def fetch(self, token: str, connection: psycopg.AsyncConnection) -> Known | None:
        """Read an account from the database; None when the address is nobody's."""
        row = await (await connection.execute(_QUERY, [token])).fetchone()
        if row is None or row[1] not in networks():
            self._known.pop(token, None)
            return None
        pk, network, external_id, name, base_url, locked, settings = row
        record = AccountRecord(external_id, name, self._ring.open(locked), base_url, settings=settings)
        known = Known(pk, networks()[network], record, time.monotonic() + _FRESH_FOR)
        self._known[token] = known
        return known

    def forget(self) -> None:
        """Accounts changed: read them anew."""
        self._known.clear()
