"""How an account does: last in and out, what waits, what failed, and the silence it usually keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count

from heed.channels.models import Account
from heed.inbox.models import Delivery, Message
from heed.lib import clock

TWO_WEEKS = timedelta(days=14)
ENOUGH = 30
"""Deliveries in two weeks from which a rhythm can be told."""


@dataclass(frozen=True)
class Health:
    """What the account's page shows. `failed` are answers of the last seven days by reason."""

    last_in: datetime | None
    last_out: datetime | None
    to_read: int
    to_send: int
    set_aside: int
    failed: dict[str, int] = field(default_factory=dict)


def of_account(account: Account) -> Health:
    odd = Delivery.objects.filter(account=account)
    return Health(
        last_in=account.last_delivery_at,
        last_out=account.last_sent_at,
        to_read=odd.filter(state=Delivery.State.PENDING).count(),
        to_send=Message.objects.filter(account=account, state__in=Message.IN_FLIGHT).count(),
        set_aside=odd.filter(state=Delivery.State.SET_ASIDE).count(),
        failed=_failed(account),
    )


def _failed(account: Account) -> dict[str, int]:
    rows = Message.objects.filter(
        account=account, state=Message.State.FAILED, created_at__gte=clock.now() - timedelta(days=7)
    )
    counted = rows.order_by().values("reason").annotate(n=Count("pk"))
    return {row["reason"] or "bad_request": row["n"] for row in counted}


def learn_rhythms() -> None:
    """Write down the longest silence of every account in the past two weeks; none where too little came."""
    with connection.cursor() as cursor:
        cursor.execute(_RHYTHMS, [clock.now() - TWO_WEEKS, ENOUGH])


_RHYTHMS = """
UPDATE channels_account AS a SET usual_silence = found.longest
FROM channels_account AS every
LEFT JOIN (
    SELECT account_id, extract(epoch FROM max(gap)) AS longest FROM (
        SELECT owner AS account_id, at - lag(at) OVER (PARTITION BY owner ORDER BY at) AS gap
        FROM inbox_delivery, unnest(coalesce(owners, ARRAY[account_id])) AS owner WHERE at > %s
    ) AS gaps
    GROUP BY account_id HAVING count(*) >= %s
) AS found ON found.account_id = every.id
WHERE a.id = every.id
"""
