"""The way of an answer out: one owner per row, honest states, nothing sent twice.

queued → sending → sent → delivered → seen, beside them retrying, failed and unknown. Before a
request leaves, the row says *sending* with a lease. Whoever finds a lease that ran out knows only
that a worker died: the outcome is unknown, and only the network or a person can say.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from heed.channels.base import (
    Action,
    Answer,
    CannotTell,
    NotThere,
    OutgoingFile,
    Reason,
    Refusal,
    Sent,
    Target,
)
from heed.channels.sessions import with_session
from heed.inbox import events, files
from heed.inbox.models import Attachment, Draft, EarlyNews, Event, Message, Ticket
from heed.lib import clock, live
from heed.lib.http import AddressRefused, AnswerLost, TooLarge, Unreachable

log = logging.getLogger("heed.outbox")

WAITS = (2, 5, 15, 60, 180, 600, 1800)
"""Seconds until the next try, by how many were made. After the last one it has failed."""

State = Message.State
_RANK = {State.SENT: 1, State.DELIVERED: 2, State.SEEN: 3}


def send_next(ticket_id: int) -> datetime | None:
    """Send the ticket's waiting answers in order. Gives back when to come again, if at all."""
    while True:
        message, again = _claim(ticket_id)
        if message is None:
            return again
        _send(message)


def resolve(message_id: int) -> datetime | None:
    """Ask the network what became of an answer with an unknown outcome; when to ask again, if at all."""
    message = _claim_unknown(message_id)
    if message is None:
        return None
    account = message.account
    try:
        finding = with_session(account, lambda record: account.adapter.find(record, _answer(message)))
    except (Unreachable, AnswerLost, TooLarge, Refusal) as error:
        return _ask_again(message, _patience(message), str(error))
    match finding:
        case Sent():
            arrived(message, finding)
        case NotThere():
            _queue_again(message)
            return clock.now()
        case CannotTell(ask_again=seconds):
            return _ask_again(message, seconds)
    return None


@transaction.atomic
def arrived(message: Message, sent: Sent) -> None:
    """The network has it. An echo that came first is the same message: they become one row."""
    row = _lock(message)
    if row is None or row.state not in (*Message.IN_FLIGHT, State.FAILED):
        return
    _absorb_echo(row, sent.external_id)
    row.external_id = row.external_id or sent.external_id
    row.refs = {**row.refs, **dict(sent.refs), **_more(row, sent)}
    row.at = sent.at or row.at
    row.state = State.SENT
    row.lease_until = row.try_at = None
    row.reason = row.detail = ""
    row.save()
    _learn_private_id(row, sent.person)
    catch_up(row)
    events.record("answer_sent", ticket=row.ticket, message=row, actor=row.author)


def catch_up(row: Message) -> None:
    """Receipts may come before we know the message's id, or by a watermark: apply what waits."""
    waiting = EarlyNews.objects.filter(account_id=row.account_id, external_id=row.external_id, what="receipt")
    for news in waiting:
        receipt(row, news.data["state"], news.data.get("reason", ""))
    waiting.delete()
    if row.identity is None or row.visibility != "private":
        return
    for state, until in (
        (State.DELIVERED, row.identity.delivered_until),
        (State.SEEN, row.identity.seen_until),
    ):
        if until is not None and row.at <= until:
            receipt(row, state)


def receipt(row: Message, state: str, reason: str = "") -> None:
    """The network reports on our message. A state only moves forward, but to failed."""
    if state == State.FAILED:
        fail(row, "bad_request", detail=reason)
    elif _RANK[State(state)] > _RANK.get(State(row.state), 0) and row.state in _RANK:
        row.state = State(state)
        Message.objects.filter(pk=row.pk).update(state=state)


@transaction.atomic
def fail(message: Message, reason: Reason, *, code: str = "", detail: str = "") -> None:
    """It will not be sent. The text returns to its author as a draft, with the reason."""
    row = _lock(message)
    if row is None or row.state == State.FAILED:
        return
    row.state, row.reason, row.detail = State.FAILED, reason, f"{code} {detail}".strip()[:500]
    row.lease_until = row.try_at = None
    row.save()
    _return_as_draft(row)
    events.record("answer_failed", ticket=row.ticket, message=row, actor=row.author, reason=reason)


# --------------------------------------------------------------------------------- sending


@transaction.atomic
def _claim(ticket_id: int) -> tuple[Message | None, datetime | None]:
    """Take the ticket's first waiting answer, or say when to come again.

    Locking all waiting rows of the ticket makes workers queue up, so answers keep their order.
    """
    waiting = (
        Message.objects.select_for_update(of=("self",))
        .filter(ticket_id=ticket_id, state__in=(State.QUEUED, State.SENDING, State.RETRYING))
        .order_by("id")
    )
    for row in waiting:
        if row.state == State.SENDING:
            if row.lease_until is not None and row.lease_until > clock.now():
                return None, row.lease_until
            _set_unknown(row, "the worker stopped while sending")
            continue
        if row.state == State.RETRYING and row.try_at is not None and row.try_at > clock.now():
            return None, row.try_at
        row.state = State.SENDING
        row.attempts += 1
        row.lease_until = _lease()
        row.save(update_fields=["state", "attempts", "lease_until"])
        return loaded(row.pk), None
    return None, None


def _send(message: Message) -> None:
    account = message.account
    _show_presence(message)
    answer = _answer(message)
    Message.objects.filter(pk=message.pk, started_at=None).update(started_at=clock.now())
    try:
        sent = with_session(account, lambda record: account.adapter.send(record, answer))
    except Refusal as refusal:
        if refusal.retry and message.attempts <= len(WAITS):
            _retry(message, refusal.after, refusal.reason, f"{refusal.code} {refusal.detail}")
        else:
            fail(message, refusal.reason, code=refusal.code, detail=refusal.detail)
    except AddressRefused as error:
        fail(message, "not_configured", detail=str(error))
    except Unreachable as error:
        if message.attempts <= len(WAITS):
            _retry(message, None, "network_down", str(error))
        else:
            fail(message, "network_down", detail=str(error))
    except (AnswerLost, TooLarge) as error:
        _set_unknown(message, str(error))
    except Exception as error:  # what the request did is not known; a blind second one could double it
        log.exception("sending message %s", message.pk)
        _set_unknown(message, f"{type(error).__name__}: {error}")
    else:
        arrived(message, sent)


def _show_presence(message: Message) -> None:
    """Mark as seen and show typing before a private answer, where the network has it. Best effort."""
    wanted = message.account.adapter.capabilities.on_private
    if message.visibility != "private" or message.attempts > 1 or message.ticket.last_private_in is None:
        return
    for action in _PRESENCE:
        if action in wanted:
            _try_action(message, action)


_PRESENCE: tuple[Action, ...] = ("seen", "typing")


def _try_action(message: Message, action: Action) -> None:
    account, person = message.account, _receiver(message)
    target = _target(message.answers) if message.answers else Target("", "private", "message", "", {})
    try:
        with_session(account, lambda record: account.adapter.act(record, action, target, person))
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.info("%s before message %s: %s", action, message.pk, error)


def _answer(message: Message) -> Answer:
    """The message as its network sees it."""
    return Answer(
        key=str(message.send_key),
        visibility="public" if message.visibility == "public" else "private",
        text=message.text,
        person=_receiver(message),
        to=_target(message.answers) if message.answers else None,
        files=tuple(_outgoing(each) for each in message.attachments.order_by("position")),
        created=message.created_at,
        started=message.started_at,
    )


def _receiver(message: Message) -> str:
    if message.identity is None:
        return ""
    if message.visibility == "private":
        return message.identity.private_id or message.identity.external_id
    return message.identity.external_id


def _target(row: Message) -> Target:
    post = row.ticket.post
    return Target(
        external_id=row.external_id,
        visibility="public" if row.visibility == "public" else "private",
        kind=row.kind,
        post=post.external_id if post else "",
        refs={**row.refs, "parent": row.parent},
        ours=row.direction == "out",
        at=row.at,
    )


def target_of(message: Message) -> Target:
    """A message as the target of an action."""
    return _target(message)


def _outgoing(attachment: Attachment) -> OutgoingFile:
    with files.open_file(attachment.path) as file:
        content = file.read()
    return OutgoingFile(attachment.name, attachment.mime, content, files.public_link(attachment.pk))


# -------------------------------------------------------------------------------- outcomes


def _retry(message: Message, after: float | None, reason: Reason, detail: str) -> None:
    wait = after if after is not None else WAITS[min(message.attempts, len(WAITS)) - 1]
    _conclude(
        message,
        state=State.RETRYING,
        try_at=clock.now() + timedelta(seconds=wait),
        reason=reason,
        detail=detail,
    )


def _set_unknown(message: Message, detail: str) -> None:
    _conclude(message, state=State.UNKNOWN, try_at=clock.now() + timedelta(seconds=2), detail=detail)
    events.record("answer_unknown", ticket=message.ticket, message=message, actor=message.author)


def _conclude(message: Message, **values: Any) -> None:
    """Let go of the row, unless an echo proved meanwhile that it arrived."""
    values["detail"] = values.get("detail", "")[:500]
    Message.objects.filter(pk=message.pk, state=State.SENDING).update(lease_until=None, **values)
    live.tell(events.topics_of([message.ticket_id]))


@transaction.atomic
def _claim_unknown(message_id: int) -> Message | None:
    row = (
        Message.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=message_id, state=State.UNKNOWN)
        .first()
    )
    if row is None or row.try_at is None or (row.lease_until is not None and row.lease_until > clock.now()):
        return None
    row.lease_until = _lease()
    row.attempts += 1
    row.save(update_fields=["lease_until", "attempts"])
    return loaded(row.pk)


def _ask_again(message: Message, seconds: float | None, detail: str = "") -> datetime | None:
    again = clock.now() + timedelta(seconds=seconds) if seconds is not None else None
    changed = {"lease_until": None, "try_at": again, **({"detail": detail[:500]} if detail else {})}
    Message.objects.filter(pk=message.pk, state=State.UNKNOWN).update(**changed)
    if again is None:
        live.tell(events.topics_of([message.ticket_id]))
    return again


def _patience(message: Message) -> float | None:
    """How long until the next question, growing; None when it is time for a person to decide."""
    asked = message.attempts - 1
    return float(WAITS[asked]) if asked < len(WAITS) else None


def _queue_again(message: Message) -> None:
    Message.objects.filter(pk=message.pk, state=State.UNKNOWN).update(
        state=State.QUEUED, lease_until=None, try_at=None, reason="", detail=""
    )


def _more(row: Message, sent: Sent) -> dict[str, list[str]]:
    """The ids of the other parts, where the network took the answer in several messages."""
    known = [each for each in row.refs.get("more", []) if each != sent.external_id]
    parts = [*known, *(each for each in sent.more if each not in known)]
    return {"more": parts} if parts else {}


def _absorb_echo(row: Message, external_id: str) -> None:
    """Drop the row that our own echo made before we knew its id."""
    echo = (
        Message.objects.filter(account_id=row.account_id, external_id=external_id).exclude(pk=row.pk).first()
    )
    if echo is None or not external_id:
        return
    if echo.direction == "out" and echo.author_id is None:
        row.at = echo.at
        Event.objects.filter(message=echo).delete()
        echo.delete()
        if not row.ticket.messages.filter(direction="out", author=None).exclude(visibility="note").exists():
            Ticket.objects.filter(pk=row.ticket_id).update(outside_until=None)
    else:
        row.external_id = f"{external_id}#{row.pk}"


def _learn_private_id(row: Message, person: str) -> None:
    if row.identity is None or row.visibility != "private":
        return
    if person and person != row.identity.external_id:
        type(row.identity).objects.filter(pk=row.identity.pk).update(private_id=person)
        row.identity.private_id = person
    if row.ticket.kind == Ticket.Kind.PUBLIC:
        Ticket.objects.filter(pk=row.ticket_id).update(took_private=True)


def _return_as_draft(row: Message) -> None:
    """Give the text and files back to their author, above what they have begun meanwhile."""
    if row.author is None:
        return
    begun = Draft.objects.filter(user=row.author, ticket=row.ticket, visibility=row.visibility).first()
    text = row.text if begun is None or not begun.text else f"{row.text}\n\n{begun.text}"
    Draft.objects.update_or_create(
        user=row.author,
        ticket=row.ticket,
        visibility=row.visibility,
        defaults={"text": text, "failed": row, "updated_at": clock.now()},
    )
    for attachment in row.attachments.all():
        attachment.pk, attachment.message, attachment.owner, attachment.ticket = (
            None,
            None,
            row.author,
            row.ticket,
        )
        attachment.save(force_insert=True)


def _lease() -> datetime:
    return clock.now() + timedelta(seconds=settings.HEED_SEND_LEASE)


def _lock(message: Message) -> Message | None:
    return (
        Message.objects.select_for_update(of=("self",))
        .select_related("ticket", "identity", "author", "account")
        .filter(pk=message.pk)
        .first()
    )


def loaded(pk: int) -> Message:
    return Message.objects.select_related(
        "account", "ticket__post", "ticket__identity", "identity", "author", "answers__ticket__post"
    ).get(pk=pk)


def merged(refs: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """References with what an action gave back; None removes one."""
    return {key: value for key, value in {**refs, **more}.items() if value is not None}
