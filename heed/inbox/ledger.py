"""The ledger: what networks sent, written before anything else happens."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from heed.inbox.models import Delivery

CHANNEL = "heed_ledger"
"""The NOTIFY channel that wakes the intake."""


def append(account_id: int, bodies: Iterable[bytes]) -> None:
    """Add polled bodies to the ledger and wake the intake when the transaction commits."""
    rows = [Delivery(account_id=account_id, body=body, headers={"source": "collected"}) for body in bodies]
    if rows:
        Delivery.objects.bulk_create(rows)
        wake()


def wake() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
