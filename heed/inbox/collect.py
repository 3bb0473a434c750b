"""Networks that do not call us are polled; what they say goes into the same ledger."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q

from heed.channels.base import Collected, Refusal
from heed.channels.models import Account
from heed.channels.registry import networks
from heed.channels.sessions import with_session
from heed.inbox import gaps, ledger
from heed.lib import clock
from heed.lib.http import AnswerLost, TooLarge, Unreachable

_LOCK_SPACE = 7102  # the first key of our advisory locks: "collecting for accounts"
EARS = 7103
"""The first key of the locks of those who listen to accounts (`ears`)."""

_HEARD_RHYTHM = timedelta(seconds=60)
_MOST_PAGES = 20
_HOPELESS = ("sign_in_again", "not_configured", "wrong_server", "already_connected", "private_address")
_RHYTHM = 1.5  # seconds; the job that asks who is due comes every two
LONGEST_REST = timedelta(minutes=5)
_LONGEST_ASKED = timedelta(days=1)


def due() -> list[int]:
    """The accounts to poll now.

    Few accounts are asked every two seconds. Many take turns, so that together they stay at two
    questions a second: networks count requests per address. An account that somebody listens to is
    asked once a minute, in case a nudge was lost. Whoever refused or did not answer is left alone for
    a while.
    """
    polled = [network.name for network in networks().values() if network.polls]
    sound = Account.objects.filter(network__in=polled).exclude(Q(problem__in=_HOPELESS) | Q(external_id=""))
    rhythm = timedelta(seconds=max(_RHYTHM, sound.count() / 2))
    rested = sound.filter(Q(collected_at=None) | Q(collected_at__lte=clock.now() - rhythm))
    rested = rested.exclude(collect_at__gt=clock.now())
    rested = rested.exclude(pk__in=_heard(), collected_at__gt=clock.now() - _HEARD_RHYTHM)
    return list(rested.values_list("pk", flat=True))


class Busy(Exception):
    """Somebody else is polling this account just now."""


def collect(account_id: int) -> int:
    """Poll an account until nothing is new; gives back how many deliveries came. Raises `Busy`, and what the
    network's steps raise: after that it rests, and nobody is asked.

    Bodies and cursor are stored in one transaction, so a crash repeats a page and never skips one.
    Only one poller works on an account at a time.
    """
    if not _take(account_id):
        raise Busy(account_id)
    try:
        return 0 if _rests(account_id) else sum(_pages(account_id))
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        _rest(account_id, error)
        raise
    finally:
        _give_back(account_id)


def _rests(account_id: int) -> bool:
    return Account.objects.filter(pk=account_id, collect_at__gt=clock.now()).exists()


def _rest(account_id: int, error: Exception) -> None:
    """Leave the network alone for as long as it asks for, and for as long again as it has not answered."""
    account = Account.objects.get(pk=account_id)
    now = clock.now()
    failing = now - (account.collected_at or account.created_at) if account.collect_at else timedelta(0)
    wait = min(max(failing, timedelta(seconds=_RHYTHM)), LONGEST_REST)
    asked = min(timedelta(seconds=error.after or 0), _LONGEST_ASKED) if isinstance(error, Refusal) else wait
    Account.objects.filter(pk=account_id).update(collect_at=now + max(wait, asked))


def _pages(account_id: int) -> list[int]:
    counts: list[int] = []
    for _ in range(_MOST_PAGES):
        collected = _page(Account.objects.get(pk=account_id))
        with transaction.atomic():
            ledger.append(account_id, collected.bodies)
            gaps.note_lost(account_id, collected.lost)
            Account.objects.filter(pk=account_id).update(
                cursor=dict(collected.cursor), collected_at=clock.now(), collect_at=None
            )
        counts.append(len(collected.bodies))
        if not collected.more:
            break
    return counts


def _page(account: Account) -> Collected:
    cursor = dict(account.cursor)
    return with_session(account, lambda record: account.adapter.collect(record, cursor))


def _heard() -> set[int]:
    """The accounts to which somebody listens now."""
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, [EARS])
        return {int(row[0]) for row in cursor.fetchall()}


_HEARD = """
SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _take(account_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, account_id])
        row = cursor.fetchone()
        return bool(row and row[0])


def _give_back(account_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, account_id])
