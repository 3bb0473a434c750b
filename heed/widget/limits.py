"""How much strangers may ask for, and why so much: tokens are free, and so is any number of browsers."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Literal

from django.conf import settings
from django.db.models import Case, F, Q, Sum, Value, When

from heed.accounts import audit
from heed.channels.models import Account
from heed.inbox.statements import run
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex
from heed.widget.models import Upload, Visitor
from heed.widget.tokens import NAMELESS

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

MOST_A_MINUTE = 60
"""What one visitor may ask for in a minute: a message costs 2, a file 6. Nobody types faster."""

MOST_NEW_FROM_ONE = 20
"""Nameless visitors who may begin to write from one address within a minute. Behind the address of an office
there are fewer; and it takes many addresses at once to use up what an account takes."""

MOST_NEW_A_MINUTE = 300
"""Nameless visitors who may begin to write to one account within a minute. Nobody could answer more."""

MOST_BYTES_FROM_ONE = 500 * 1024 * 1024
"""Bytes of files from one address within a day: fifty of the largest."""

MOST_BYTES_WAITING = 5 * 1024 * 1024 * 1024
"""Bytes of files on one account that no message has taken up yet. Nearly all do at once, and the others stay
for a day: so much of the disk can be lost to them."""

_HOME = 56
"""The bits of an IPv6 address that are of one line: its owner has all addresses below."""

What = Literal["new", "bytes"]


class Refused(Exception):
    """The visitor asked for what cannot be; `status` is HTTP's, `code` for the script."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


def spend(visitor: Visitor, cost: int) -> None:
    """Count what a visitor asks for; raises `Refused` when it is too much for one minute."""
    now = clock.now()
    over = Q(spent_since__lt=now - MINUTE)
    fits = Visitor.objects.filter(over | Q(spent__lte=MOST_A_MINUTE - cost), pk=visitor.pk)
    if not fits.update(
        spent=Case(When(over, then=Value(cost)), default=F("spent") + cost),
        spent_since=Case(When(over, then=Value(now)), default=F("spent_since")),
    ):
        raise Refused(429, "slow")


def let_begin(account: Account) -> None:
    """Count somebody nameless who begins to write; raises `Refused` when they are too many for one minute.
    Those for whom the site vouches are not counted: nobody makes them up."""
    if _spent("new", 1, MINUTE) > MOST_NEW_FROM_ONE:
        raise Refused(429, "slow")
    new = Visitor.objects.filter(account=account, visitor__startswith=NAMELESS)
    if new.filter(created_at__gt=clock.now() - MINUTE).count() >= MOST_NEW_A_MINUTE:
        raise Refused(429, "slow")


def let_keep(account: Account, size: int) -> None:
    """Count the bytes of a file; raises `Refused` when too many came from there, or wait on the account."""
    if _spent("bytes", size, DAY) > MOST_BYTES_FROM_ONE:
        raise Refused(429, "full")
    waiting = Upload.objects.filter(account=account, used=False).aggregate(bytes=Sum("size"))["bytes"] or 0
    if waiting + size > MOST_BYTES_WAITING:
        raise Refused(429, "full")


def _spent(what: What, amount: int, window: timedelta) -> int:
    """How much was asked for from the address of this request since its window began, this included; nothing
    where the address cannot be known."""
    caller, now = _caller(), clock.now()
    if not caller:
        return 0
    ((spent,),) = run(_SPEND, caller, what, now, amount, now - window, now - window)
    return int(spent)


_SPEND = """
INSERT INTO widget_spending AS s (caller, what, since, amount) VALUES (%s, %s, %s, %s)
ON CONFLICT (caller, what) DO UPDATE SET
    amount = CASE WHEN s.since < %s THEN excluded.amount ELSE s.amount + excluded.amount END,
    since = CASE WHEN s.since < %s THEN excluded.since ELSE s.since END
RETURNING amount
"""


def _caller() -> str:
    """A digest of the address that asks, as nobody needs to read it; empty where it cannot be known."""
    try:
        address = ipaddress.ip_address(audit.asked_from())
    except ValueError:
        return ""
    if address.is_unspecified:
        return ""
    line = ipaddress.ip_network((address, _HOME), strict=False) if address.version == 6 else address
    return hmac_sha256_hex(settings.SECRET_KEY, f"heed widget caller {line}".encode())[:32]
