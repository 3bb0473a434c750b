"""From the ledger to tickets.

One process claims deliveries in batches, lets the network's folder read them and applies the
batch in one transaction. What cannot be applied together is applied one by one, each behind its
own savepoint: a bad item is set aside with its error and its neighbours pass.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import psycopg
from django.db import DatabaseError, OperationalError, close_old_connections, connection, transaction

from heed.channels.base import (
    AccountChanged,
    AccountRecord,
    Broken,
    IdentityChanged,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    PostSeen,
    PostStale,
)
from heed.channels.base.faults import fault_in
from heed.channels.models import Account
from heed.channels.registry import NoSuchNetwork
from heed.channels.siblings import siblings
from heed.inbox import arrivals, events, news, outbox, posts
from heed.inbox.ledger import CHANNEL
from heed.inbox.models import Delivery
from heed.inbox.posts import Key
from heed.inbox.statements import cleaned, columns, run
from heed.lib import clock, live
from heed.lib.postgres import conninfo

log = logging.getLogger("heed.intake")

BATCH = 1000
MOST_BYTES = 16 * 1024 * 1024
"""Bodies of one batch together: some networks send megabytes in one."""


class Claimed(NamedTuple):
    """A waiting delivery that is ours until the transaction ends."""

    pk: int
    account_id: int
    at: datetime
    body: bytes
    tries: int


class Item(NamedTuple):
    """One piece of news and where it came from."""

    delivery: Claimed
    account: Account
    news: Inbound


@dataclass
class Reading:
    """A delivery and what its network made of it."""

    delivery: Claimed
    items: list[Item] = field(default_factory=list)
    set_aside: list[dict[str, str]] = field(default_factory=list)
    strange: list[dict[str, str]] = field(default_factory=list)


def run_intake(stop: threading.Event) -> None:
    """Work until told to stop, woken by the door and once a second."""
    while not stop.is_set():
        try:
            _work(stop)
        except (OperationalError, psycopg.OperationalError) as error:
            log.warning("the database is away: %s", str(error).splitlines()[0] if str(error) else error)
            close_old_connections()
            connection.close()
            stop.wait(1)


def _work(stop: threading.Event) -> None:
    listener = psycopg.connect(conninfo(connection.settings_dict), autocommit=True)
    try:
        listener.execute(f"LISTEN {CHANNEL}")
        while not stop.is_set():
            while not stop.is_set() and take_batch():
                pass
            for _ in listener.notifies(timeout=1.0, stop_after=1):
                pass
    finally:
        listener.close()


def take_batch(limit: int = BATCH) -> int:
    """Apply up to `limit` waiting deliveries in one transaction; gives back how many there were. Where that
    fails though each was tried by itself, one after the other; what fails then is set aside."""
    deliveries: list[Claimed] = []
    try:
        with transaction.atomic():
            deliveries = _claim(limit)
            if deliveries:
                _apply_deliveries(deliveries)
    except (OperationalError, psycopg.OperationalError):
        raise
    except Exception as error:
        if not deliveries:
            raise
        log.exception("%d deliveries cannot be taken", len(deliveries))
        if len(deliveries) == 1:
            _set_aside(deliveries[0], error)
        else:
            for _ in deliveries:
                take_batch(1)
    return len(deliveries)


def _set_aside(delivery: Claimed, error: Exception) -> None:
    reading = Reading(delivery, set_aside=[{"what": "delivery", "error": _told(error)}])
    with transaction.atomic():
        _conclude([reading])


def _claim(limit: int) -> list[Claimed]:
    """The next waiting deliveries, as many as fit in memory comfortably."""
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_CLAIM, [limit, MOST_BYTES], binary=True)
        return [Claimed(*row) for row in cursor]


_CLAIM = """
WITH waiting AS (
    SELECT id, account_id, at, body, tries FROM inbox_delivery WHERE state = 'pending'
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
SELECT id, account_id, at, body, tries FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY id) AS size, row_number() OVER (ORDER BY id) AS place
    FROM waiting
) AS measured
WHERE size <= %s OR place = 1 ORDER BY id
"""


def apply_news(account: Account, found: Iterable[Inbound]) -> None:
    """Apply news that did not come through the ledger: what we looked up ourselves."""
    with transaction.atomic():
        for each in found:
            if isinstance(each, MessageReceived):
                _hand_on(arrivals.store([arrivals.Arrival(account, each)]))
            elif not isinstance(each, NotUnderstood | Broken):
                news.apply(account, each)


def _apply_deliveries(deliveries: list[Claimed]) -> None:
    accounts = Accounts({delivery.account_id for delivery in deliveries})
    readings = [_read(delivery, accounts) for delivery in deliveries]
    items = [item for reading in readings for item in reading.items]
    try:
        with transaction.atomic():
            _apply(items)
    except OperationalError:
        raise
    except Exception as error:
        log.info("a batch holds something that cannot be applied (%s): one by one", type(error).__name__)
        for reading in readings:
            _apply_carefully(reading)
    _conclude(readings)
    _mark_last_delivery(readings)


def _read(delivery: Claimed, accounts: Accounts) -> Reading:
    """Let the network's folder read a delivery; whatever it raises sets only this one aside."""
    reading = Reading(delivery)
    account = accounts.by_id[delivery.account_id]
    try:
        found = account.adapter.read(delivery.body, accounts.record(account))
    except Malformed as error:
        said = str(error)[:500] or "malformed"
        reading.set_aside.append({"what": "delivery", "error": said, **fault_in(error)})
        return reading
    except NoSuchNetwork:
        reading.set_aside.append({"what": "delivery", "error": f"no network {account.network}"})
        return reading
    except Exception as error:
        log.exception("delivery %s cannot be read", delivery.pk)
        reading.set_aside.append({"what": "delivery", "error": _told(error), **fault_in(error)})
        return reading
    for each in found:
        _sort(reading, account, each, accounts)
    return reading


def _sort(reading: Reading, account: Account, each: Inbound, accounts: Accounts) -> None:
    if isinstance(each, Broken):
        reading.set_aside.append({"what": each.what, "error": each.error, **each.fault})
    elif isinstance(each, NotUnderstood):
        reading.strange.append({"what": each.what, "error": ""})
    else:
        owners, dated = accounts.owners(account, each.owner), _dated(each, reading.delivery.at)
        reading.items += [Item(reading.delivery, owner, dated) for owner in owners]
        if not owners:
            reading.strange.append({"what": type(each).__name__, "error": f"no account {each.owner}"})


def _dated(found: Inbound, came: datetime) -> Inbound:
    """The news with the moment since when it holds, so that reading it later again changes nothing: when it
    came in, where the network does not say."""
    match found:
        case IdentitySeen(at=None) | AccountChanged(at=None) | PostStale(at=None) | MessageRemoved(at=None):
            return replace(found, at=came)
        case PostSeen(as_of=None):
            return replace(found, as_of=came)
    return found


def _apply(items: list[Item]) -> None:
    """Customers' messages together, what is said of posts together, all else one after the other."""
    received = [
        arrivals.Arrival(item.account, item.news) for item in items if isinstance(item.news, MessageReceived)
    ]
    _hand_on(arrivals.store(received))
    seen: list[tuple[Account, PostSeen]] = []
    stale: list[tuple[Account, PostStale]] = []
    told: list[tuple[Account, AccountChanged]] = []
    for item in _with_news(items):
        match item.news:
            case MessageReceived():
                continue
            case PostSeen():
                seen.append((item.account, item.news))
                continue
            case PostStale():
                stale.append((item.account, item.news))
                continue
            case AccountChanged():  # last: locked after tickets, as where an answer arrived, and not for long
                told.append((item.account, item.news))
                continue
            case MessageRemoved():  # may be about a post: its turn matters
                posts.take_over(seen)
                seen = []
        news.apply(item.account, item.news)
    posts.take_over(seen)
    posts.look_again(stale)
    for account, said in sorted(told, key=lambda each: each[0].pk):
        news.apply(account, said)
    # Now, while it can be done again without them: whom this belongs to may have given way meanwhile.
    connection.check_constraints()


def _with_news(items: list[Item]) -> list[Item]:
    """The items without those that say of people what we know. Where ids change hands, all of them."""
    if any(isinstance(item.news, IdentityChanged) for item in items):
        return items
    said = [(item.account, item.news) for item in items if isinstance(item.news, IdentitySeen)]
    known = arrivals.already_known(said)
    if known:
        wrote = _wrote_privately(items)
        still = ((account, news) for account, news in said if _who(account, news) in known)
        arrivals.still_reached((account, news) for account, news in still if not _since(wrote, account, news))
    return [item for item in items if not _is_of(item, known)]


def _wrote_privately(items: list[Item]) -> dict[Key, datetime]:
    """When people last wrote to us privately in this batch: their tickets say that they could be reached."""
    newest: dict[Key, datetime] = {}
    for account, found in ((item.account, item.news) for item in items):
        if not isinstance(found, MessageReceived) or not found.author:
            continue
        if found.visibility == "private" and found.opens_window:
            key = account.pk, found.author.external_id
            newest[key] = max(newest.get(key, found.at), found.at)
    return newest


def _since(wrote: Mapping[Key, datetime], account: Account, news: IdentitySeen) -> bool:
    at = wrote.get(_who(account, news))
    return at is not None and news.at is not None and at >= news.at


def _who(account: Account, news: IdentitySeen) -> Key:
    return account.pk, news.person.external_id


def _is_of(item: Item, people: set[Key]) -> bool:
    found = item.news
    return isinstance(found, IdentitySeen) and _who(item.account, found) in people


def _hand_on(stored: arrivals.Stored) -> None:
    events.hand_to_reactions(stored.events)
    if stored.tickets:
        outbox.wake(stored.tickets)
        live.tell(events.topics_of(stored.tickets))


def _apply_carefully(reading: Reading) -> None:
    for item in reading.items:
        try:
            with transaction.atomic():
                _apply([item])
        except OperationalError:
            raise
        except Exception as error:
            if not isinstance(error, DatabaseError):
                log.exception("an item of delivery %s cannot be applied", reading.delivery.pk)
            reading.set_aside.append({"what": type(item.news).__name__, "error": _told(error)})


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _conclude(readings: list[Reading]) -> None:
    now = clock.now()
    plain = [each for each in readings if not each.set_aside and not each.strange]
    run(_CONCLUDE, now, [each.delivery.pk for each in plain if not _of_others(each)])
    shared = [(each.delivery.pk, _array(_owners(each))) for each in readings if _of_others(each)]
    if shared:
        run(_CONCLUDE_SHARED, now, *columns(shared))
    odd = [each for each in readings if each.set_aside or each.strange]
    for each in odd:
        state = Delivery.State.SET_ASIDE if each.set_aside else Delivery.State.NOT_UNDERSTOOD
        Delivery.objects.filter(pk=each.delivery.pk).update(
            state=state,
            done_at=now,
            problems=cleaned(each.set_aside + each.strange),  # they quote what came
            tries=each.delivery.tries + 1,
        )
    if odd:
        live.tell(["deliveries"])


_CONCLUDE = """
UPDATE inbox_delivery SET state = 'done', done_at = %s, problems = '[]' WHERE id = ANY(%s::bigint[])
"""
_CONCLUDE_SHARED = """
UPDATE inbox_delivery AS d SET state = 'done', done_at = %s, problems = '[]', owners = new.owners::bigint[]
FROM unnest(%s::bigint[], %s::text[]) AS new (id, owners) WHERE d.id = new.id
"""


def _owners(reading: Reading) -> list[int]:
    """The accounts a delivery tells of; the one it came to where it tells of none."""
    return sorted({item.account.pk for item in reading.items}) or [reading.delivery.account_id]


def _of_others(reading: Reading) -> bool:
    return _owners(reading) != [reading.delivery.account_id]


def _array(numbers: list[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def _mark_last_delivery(readings: list[Reading]) -> None:
    """Networks call one address with the news of all accounts of an app: what counts is whom it is about."""
    newest: dict[int, datetime] = {}
    for reading in readings:
        for account in _owners(reading):
            newest[account] = max(newest.get(account, reading.delivery.at), reading.delivery.at)
    run(_LAST_DELIVERY, *columns(sorted(newest.items())))


_LAST_DELIVERY = """
WITH news AS (
    SELECT a.id, new.at FROM channels_account a
    JOIN unnest(%s::bigint[], %s::timestamptz[]) AS new (account, at) ON a.id = new.account
    ORDER BY a.id FOR NO KEY UPDATE OF a
)
UPDATE channels_account AS a SET last_delivery_at = greatest(a.last_delivery_at, news.at)
FROM news WHERE a.id = news.id
"""


class Accounts:
    """The accounts of a batch, fetched and decrypted once."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.by_id = {account.pk: account for account in Account.objects.filter(pk__in=list(ids))}
        self._records: dict[int, AccountRecord] = {}
        self._owners: dict[tuple[int, str], list[Account]] = {}

    def record(self, account: Account) -> AccountRecord:
        """The account as its network sees it. Raises when its secrets cannot be opened."""
        if account.pk not in self._records:
            self._records[account.pk] = account.record()
        return self._records[account.pk]

    def owners(self, account: Account, named: str) -> list[Account]:
        """The accounts a payload names. Others than the one called must prove the same secret."""
        if named in ("", account.external_id):
            return [account]
        key = (account.pk, named)
        if key not in self._owners:
            self._owners[key] = siblings(account, external_id=named)[:1] or self._known_as(account, named)
        return self._owners[key]

    def _known_as(self, account: Account, named: str) -> list[Account]:
        every = (account, *siblings(account))
        return [each for each in every if named in each.adapter.known_as(each.record())]
