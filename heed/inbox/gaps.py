"""What was missed while the door was shut or an account did not work, read from the network afterwards.

What comes twice changes nothing, so a gap may be read more widely than it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from heed.channels.base import Network
from heed.channels.models import Account
from heed.channels.sessions import with_session
from heed.inbox import ledger
from heed.inbox.models import Gap, Heartbeat, Post
from heed.lib import clock, live

TOO_OLD = timedelta(days=7)
"""After so long what the network did not give is given up."""
_MOST_PAGES = 200
"""In one go; a longer gap is gone on with later."""
_EARLIER = timedelta(minutes=2)
_TALKED = timedelta(days=30)
_MOST_POSTS = 200


@contextmanager
def silence() -> Iterator[datetime | None]:
    """Since when the doors were shut before they opened last, where nobody has seen to it; else None.

    A transaction: whoever gets a time opens the gaps in it, and the next one gets None.
    """
    with transaction.atomic():
        door = Heartbeat.objects.select_for_update().filter(silent_since__isnull=False).first()
        yield door.silent_since if door else None
        if door:
            Heartbeat.objects.filter(pk=door.pk).update(silent_since=None)


def open_gap(account_id: int, since: datetime) -> Gap | None:
    """Note a gap until now, once. An account that is polled goes on from its cursor by itself, and needs
    none."""
    account = Account.objects.filter(pk=account_id).first()
    if account is None or not account.waits_for_calls or not account.external_id:
        return None
    readable = can_fill(account.adapter)
    start = {"since": (since - _EARLIER).isoformat(), "posts": _posts_talked_under(account)}
    gap, made = Gap.objects.get_or_create(
        account=account,
        since=since,
        defaults={
            "until": clock.now(),
            "cursor": start,
            "state": Gap.State.FILLING if readable else Gap.State.LOST,
        },
    )
    live.tell(["accounts"])
    return gap if made and readable else None


def _posts_talked_under(account: Account) -> list[str]:
    """The posts under which something was said lately: not all of them need be listed by the network."""
    lately = Post.objects.filter(account=account, tickets__last_at__gt=clock.now() - _TALKED)
    newest = lately.annotate(said_at=Max("tickets__last_at")).order_by("-said_at")
    return list(newest.values_list("external_id", flat=True)[:_MOST_POSTS])


def can_fill(network: Network) -> bool:
    """Whether the network lets us read what was missed."""
    return type(network).backfill is not Network.backfill


def fill(gap_id: int) -> int:
    """Read what was missed; gives back how many deliveries were found until now.

    A page and the cursor after it are stored together, so whoever goes on after a crash reads on,
    and of two who read the same page only one keeps it. A network that has more, but not yet, gives the
    cursor back as it was. Raises what the network's steps raise.
    """
    gap = Gap.objects.select_related("account").get(pk=gap_id)
    for _ in range(_MOST_PAGES):
        if gap.state != Gap.State.FILLING:
            break
        cursor = dict(gap.cursor)
        account = gap.account
        page = with_session(account, lambda record: account.adapter.backfill(record, cursor))  # noqa: B023
        if page.more and page.cursor == cursor:
            break
        gap.cursor, gap.found = dict(page.cursor), gap.found + len(page.bodies)
        gap.state = Gap.State.FILLING if page.more else Gap.State.FILLED
        facts = {"cursor": gap.cursor, "found": gap.found, "state": gap.state}
        with transaction.atomic():
            if not Gap.objects.filter(pk=gap.pk, state=Gap.State.FILLING, cursor=cursor).update(**facts):
                return gap.found
            ledger.append(account.pk, page.bodies)
            note_lost(account.pk, page.lost)
    live.tell(["accounts"])
    return gap.found


def note_lost(account_id: int, spans: Iterable[tuple[datetime, datetime]]) -> None:
    """Say of these times that what came in them cannot be had any more."""
    for since, until in spans:
        known = {"until": until, "state": Gap.State.LOST}
        Gap.objects.get_or_create(account_id=account_id, since=since, defaults=known)
        live.tell(["accounts"])


def unfilled() -> list[int]:
    """The gaps still to be read whose account works; what is too old to be had is given up."""
    filling = Gap.objects.filter(state=Gap.State.FILLING)
    filling.filter(until__lt=clock.now() - TOO_OLD).update(state=Gap.State.LOST)
    return list(filling.filter(account__problem="").order_by("pk").values_list("pk", flat=True))


def latest(account: Account) -> list[Gap]:
    """The last gaps of an account, newest first."""
    return list(account.gaps.order_by("-until")[:5])
