"""The way of an answer out: one owner per row, honest states, nothing sent twice.

queued → sending → sent → delivered → seen, beside them retrying, failed and unknown. Before a
request leaves, the row says *sending* with a lease. Whoever finds a lease that ran out knows only
that a worker died: the outcome is unknown, and only the network or a person can say. A worker
that was merely slow finds before every decisive request that the row is no longer its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from heed.channels import quotas
from heed.channels.base import (
    AccountRecord,
    Action,
    Answer,
    Reason,
    Refusal,
    Sent,
    Target,
)
from heed.channels.models import Account
from heed.channels.sessions import with_session
from heed.inbox import events, receipts
from heed.inbox.arriving import arrived
from heed.inbox.models import Message, Ticket
from heed.inbox.outgoing import answer_of, choices_of, receiver, target_of, template_of, tried_before
from heed.inbox.possible import fits, possible
from heed.inbox.possible_choices import fault_of
from heed.inbox.statements import run
from heed.lib import clock, live
from heed.lib.http import AddressRefused, AnswerLost, Request, Steps, TooLarge, Unreachable, watched
from heed.lib.jobs import Named

log = logging.getLogger("heed.outbox")

WAITS = (2, 5, 15, 60, 180, 600, 1800)
"""Seconds until the next try, by how many were made. After the last one it has failed."""

_PATIENCE = timedelta(days=1)
"""For how long an answer waits while its network asks us to slow down, again and again. Being asked to is no
try: a long queue leaves as fast as the network takes it."""

_MOST_TIMES = 5
"""How often writing down what the network took is tried again, when somebody else went first."""

State = Message.State


class LeaseLost(Exception):
    """Another worker has taken over this answer: leave it alone."""


def send_next(ticket_id: int) -> datetime | None:
    """Send the ticket's waiting answers in order. Gives back when to come again, if at all."""
    while True:
        message, again = _claim(ticket_id)
        if message is None:
            return again
        _send(message)


def wake(ticket_ids: Iterable[int]) -> None:
    """The customer wrote: what waits there for nothing but that goes now."""
    for (ticket,) in run(_WAKE, clock.now(), sorted(ticket_ids)):
        Named(SEND, "send").defer(ticket=ticket)


SEND = "heed.inbox.jobs.send_answers"
"""The job that sends a ticket's waiting answers."""
_WAKE = """
WITH woken AS (
    UPDATE inbox_message SET try_at = %s
    WHERE ticket_id = ANY(%s) AND state = 'retrying' AND reason = 'used_up'
    RETURNING ticket_id)
SELECT DISTINCT ticket_id FROM woken
"""


# --------------------------------------------------------------------------------- sending


@transaction.atomic
def _claim(ticket_id: int) -> tuple[Message | None, datetime | None]:
    """Take the ticket's first waiting answer, or say when to come again.

    Locking all waiting rows of the ticket makes workers queue up, so answers keep their order.
    """
    now = clock.now()
    _hold_where_one_was_left(ticket_id, now)
    waiting = (
        Message.objects.select_for_update(of=("self",))
        .filter(ticket_id=ticket_id, state__in=(State.QUEUED, State.SENDING, State.RETRYING))
        .annotate(account_rests_until=F("account__paused_until"))  # of the account it goes out from
        .order_by("id")
    )
    for row in waiting:
        if row.state == State.SENDING:
            if row.lease_until is not None and row.lease_until > now:
                return None, row.lease_until
            _set_unknown(row, "the worker stopped while sending")
            continue
        rest = max(filter(None, (row.try_at, row.account_rests_until)), default=clock.now())
        if rest > clock.now():
            return None, rest
        row.state = State.SENDING
        row.attempts += 1
        row.lease_until = lease()
        row.at = max(row.at, clock.now())
        row.started_at = row.started_at or clock.now()
        row.save(update_fields=["state", "attempts", "lease_until", "at", "started_at"])
        return loaded(row.pk), None
    return None, None


def _hold_where_one_was_left(ticket_id: int, now: datetime) -> None:
    """Lock the ticket before its messages where a worker died with one of them: that changes the ticket, too.
    Sending waits for nobody who works on it."""
    left = Q(messages__lease_until__lte=now) | Q(messages__lease_until=None)
    tickets = Ticket.objects.select_for_update(of=("self",)).order_by()
    tickets.filter(left, pk=ticket_id, messages__state=State.SENDING).first()


def _send(message: Message) -> None:
    account = message.account
    if message.origin == "follow_up" and not message.ticket.solved:
        _attempt(message).delete()  # the matter goes on: nobody asks any more whether it is settled
        return
    closed = _closed_meanwhile(message)
    if closed is not None:
        _fail(message, closed, detail="it closed while the answer waited")
        return
    try:
        _show_presence(message)
        answer = answer_of(message)
        with _held_on_to(message):
            sent = with_session(account, lambda record: _fenced(message, record, answer))
    except LeaseLost:
        log.warning("message %s was taken over by another worker", message.pk)
    except FileNotFoundError:
        _fail(message, "file_refused", detail="a file is no longer in the data folder")
    except Refusal as refusal:
        _refused(message, refusal)
    except AddressRefused as error:
        _fail(message, "not_configured", detail=str(error))
    except Unreachable as error:
        if message.attempts <= len(WAITS):
            _retry(message, None, "network_down", str(error))
        else:
            _fail(message, "network_down", detail=str(error))
    except (AnswerLost, TooLarge) as error:
        _set_unknown(message, str(error))
    except Exception as error:  # what the request did is not known; a blind second one could double it
        log.exception("sending message %s", message.pk)
        _set_unknown(message, f"{type(error).__name__}: {error}")
    else:
        _took(message, sent)


def _took(message: Message, sent: Sent) -> None:
    """The network has it. That must be written down: where the database breaks it off, again."""
    for _ in range(_MOST_TIMES):
        try:
            arrived(message, sent)
            return
        except OperationalError as error:
            log.warning("message %s was taken, to be written down again: %s", message.pk, error)
            connection.close_if_unusable_or_obsolete()
    arrived(message, sent)


def _refused(message: Message, refusal: Refusal) -> None:
    told = f"{refusal.code} {refusal.detail}"
    slower = refusal.retry and refusal.reason == "slow_down"
    since = _slow_since(message)
    wait = _rest(clock.now() - since, refusal.after) if slower else refusal.after
    if refusal.reason == "quota_spent":
        quotas.note_spent(message.account)
    if refusal.whole_account:
        pause(message.account, wait)
    if slower and clock.now() - since < _PATIENCE:
        _retry(message, wait, "slow_down", told, attempts=F("attempts") - 1, slowed_at=since)
    elif refusal.retry and not slower and message.attempts <= len(WAITS):
        _retry(message, wait, refusal.reason, told)
    else:
        _fail(message, refusal.reason, code=refusal.code, detail=refusal.detail)


def _slow_since(message: Message) -> datetime:
    """When the network began to ask for it, without anything else in between."""
    return (message.slowed_at if message.reason == "slow_down" else None) or clock.now()


def _rest(waited: timedelta, asked: float | None) -> float:
    """For how many seconds to rest: as long again as it took so far, or as long as the network asks for. One
    that asks for next to nothing, again and again, is asked less and less often."""
    seconds = waited.total_seconds()
    if asked is None:
        return min(max(seconds, WAITS[2]), WAITS[-1])
    return max(asked, WAITS[0], min(seconds / 10, WAITS[4]))


def _closed_meanwhile(message: Message) -> Reason | None:
    """Why the answer may not leave any more, when the window closed while it waited. An answer that
    may leave by a later way only takes that one."""
    way = possible(message.ticket, message.answers, sending=message, account=message.account).way(
        message.visibility
    )
    late = way.late.name if way.late else ""
    if late != message.manner.get("late", ""):
        message.manner = {**message.manner, "late": late}
        Message.objects.filter(pk=message.pk).update(manner=message.manner)
    filled = template_of(message)
    if filled is not None and fits(filled, way):
        return None
    offered = choices_of(message)
    fault = fault_of(offered, message.text, way.choices) if way.allowed and offered else None
    return (fault.reason if fault else None) if way.allowed else way.reason


def pause(account: Account, wait: float | None) -> None:
    """The network wants the whole account to wait: its other answers need not find out for themselves. Nobody
    who heard of a shorter wait at the same time makes it shorter."""
    until = clock.now() + timedelta(seconds=wait if wait is not None else WAITS[2])
    Account.objects.filter(pk=account.pk).update(paused_until=Greatest("paused_until", until))


def _fenced(message: Message, record: AccountRecord, answer: Answer) -> Steps[Sent]:
    """The network's steps, with a look at the lease before each request that makes things happen.
    Raises `LeaseLost`."""

    def look(_: Request) -> None:
        if not _still_mine(message):
            raise LeaseLost

    return watched(message.account.adapter.send(record, answer), look)


def _still_mine(message: Message) -> bool:
    """Whether this attempt still owns the row; if so, its lease is renewed. From now on it may arrive, and
    only some time after this can be told that it did not, however long its files took before."""
    return bool(_attempt(message).update(lease_until=lease(), at=Greatest("at", clock.now())))


@contextmanager
def _held_on_to(message: Message) -> Iterator[None]:
    """Meanwhile its lease is renewed, as long as this process lives: large files and slow lines take longer
    than a lease, and whoever finds that one ran out takes the answer for left behind."""
    done = threading.Event()
    beat = threading.Thread(target=_renew, args=(message, done), name="lease", daemon=True)
    beat.start()
    try:
        yield
    finally:
        done.set()


def _renew(message: Message, done: threading.Event) -> None:
    while not done.wait(settings.HEED_SEND_LEASE / 3):
        try:
            if not _attempt(message).update(lease_until=lease()):
                return
        except OperationalError as error:  # it may be back before the lease runs out
            log.warning("the lease of message %s was not renewed: %s", message.pk, error)
        finally:
            connection.close()


def _attempt(message: Message) -> Any:
    """The row as this attempt took it: no later attempt, and nothing proved meanwhile."""
    return Message.objects.filter(pk=message.pk, state=State.SENDING, attempts=message.attempts)


def _show_presence(message: Message) -> None:
    """Mark as seen and show typing before a private answer, where the network has it. Best effort."""
    wanted = message.account.able.on_private
    if message.visibility != "private" or tried_before(message) or message.ticket.last_private_in is None:
        return
    for action in _PRESENCE:
        if action in wanted:
            _try_action(message, action)


_PRESENCE: tuple[Action, ...] = ("seen", "typing")


def _try_action(message: Message, action: Action) -> None:
    account, person = message.account, receiver(message)
    target = target_of(message.answers) if message.answers else Target("", "private", "message", "", {})
    try:
        with_session(account, lambda record: account.adapter.act(record, action, target, person))
    except Exception as error:  # the answer matters, not the sign before it
        log.info("%s before message %s: %s", action, message.pk, error)


# -------------------------------------------------------------------------------- outcomes


def _retry(message: Message, after: float | None, reason: Reason, detail: str, **changed: Any) -> None:
    wait = after if after is not None else WAITS[min(message.attempts, len(WAITS)) - 1]
    _conclude(
        message,
        state=State.RETRYING,
        try_at=clock.now() + timedelta(seconds=wait),
        reason=reason,
        detail=detail,
        **changed,
    )


@transaction.atomic
def _fail(message: Message, reason: Reason, *, code: str = "", detail: str = "") -> None:
    """Fail this attempt, unless an echo proved meanwhile that it arrived."""
    receipts.locked(message)
    if _attempt(message).exists():
        receipts.fail(message, reason, code=code, detail=detail)


@transaction.atomic
def _set_unknown(message: Message, detail: str) -> None:
    """What left may arrive until its line broke, which is noticed now."""
    receipts.locked(message)
    now = clock.now()
    at = Greatest("at", now)
    if _conclude(message, state=State.UNKNOWN, at=at, try_at=now + timedelta(seconds=2), detail=detail):
        receipts.doubt(message)


def _conclude(message: Message, **values: Any) -> bool:
    """Let go of the row, unless an echo proved meanwhile that it arrived."""
    values["detail"] = values.get("detail", "")[:500]
    changed = bool(_attempt(message).update(lease_until=None, **values))
    live.tell(events.topics_of([message.ticket_id]))
    return changed


def lease() -> datetime:
    """Until when an answer belongs to whoever takes it now, if they do not hold on to it."""
    return clock.now() + timedelta(seconds=settings.HEED_SEND_LEASE)


def loaded(pk: int) -> Message:
    """An answer with all that sending it needs."""
    return Message.objects.select_related(
        "account", "ticket__post", "ticket__identity", "identity", "author", "answers__ticket__post"
    ).get(pk=pk)


def merged(refs: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """References with what an action gave back; None removes one."""
    return {key: value for key, value in {**refs, **more}.items() if value is not None}
