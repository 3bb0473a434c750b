"""What became of an answer of which nobody knows whether it arrived.

The network is asked, and where it cannot say, a person decides. It is sent again only where it is not there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from heed.channels.base import CannotTell, NotThere, Refusal, Sent
from heed.channels.sessions import with_session
from heed.inbox import events, receipts
from heed.inbox.arriving import arrived, belongs_to_another
from heed.inbox.models import Message
from heed.inbox.outbox import WAITS, lease, loaded
from heed.inbox.outgoing import answer_of
from heed.lib import clock, live
from heed.lib.http import AnswerLost, TooLarge, Unreachable

State = Message.State

_MOST_ROUNDS = len(WAITS)
"""How often it is sent again because the network says that it has not got it."""


def resolve(message_id: int) -> datetime | None:
    """Ask the network what became of an answer with an unknown outcome; when to ask again, if at all."""
    message = _claim(message_id)
    if message is None:
        return None
    account, answer = message.account, answer_of(message, asking=True)
    try:
        finding = with_session(account, lambda record: account.adapter.find(record, answer))
    except (Unreachable, AnswerLost, TooLarge, Refusal) as error:
        return _ask_again(message, _patience(message), str(error))
    match finding:
        case Sent() if belongs_to_another(message, finding.external_id):
            return _ask_again(message, None)
        case Sent():
            arrived(message, finding)
        case NotThere() if _rounds(message) >= _MOST_ROUNDS:
            _give_up(message)
        case NotThere():
            _queue_again(message)
            return clock.now()
        case CannotTell(ask_again=seconds):
            return _ask_again(message, seconds)
    return None


@transaction.atomic
def _claim(message_id: int) -> Message | None:
    row = (
        Message.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=message_id, state=State.UNKNOWN, try_at__lte=clock.now())
        .first()
    )
    if row is None or (row.lease_until is not None and row.lease_until > clock.now()):
        return None
    row.lease_until = lease()
    row.attempts += 1
    row.save(update_fields=["lease_until", "attempts"])
    return loaded(row.pk)


def _ask_again(message: Message, seconds: float | None, detail: str = "") -> datetime | None:
    again = clock.now() + timedelta(seconds=seconds) if seconds is not None else None
    changed = {"lease_until": None, "try_at": again, **({"detail": detail[:500]} if detail else {})}
    if Message.objects.filter(pk=message.pk, state=State.UNKNOWN).update(**changed):
        receipts.tell_of_doubt(message)
    if again is None:
        live.tell(events.topics_of([message.ticket_id]))
    return again


def _patience(message: Message) -> float | None:
    """How long until the next question, growing; None when it is time for a person to decide."""
    asked = message.attempts - 1
    return float(WAITS[asked]) if asked < len(WAITS) else None


def _queue_again(message: Message) -> None:
    Message.objects.filter(pk=message.pk, state=State.UNKNOWN).update(
        state=State.QUEUED,
        lease_until=None,
        try_at=None,
        reason="",
        detail="",
        manner={**message.manner, "rounds": _rounds(message) + 1},
    )


def _rounds(message: Message) -> int:
    return int(message.manner.get("rounds", 0))


@transaction.atomic
def _give_up(message: Message) -> None:
    """It never gets there, unless an echo proved meanwhile that it did."""
    row = receipts.locked(message)
    if row is not None and row.state == State.UNKNOWN:
        receipts.fail(row, "network_down", detail=row.detail)
