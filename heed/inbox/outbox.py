"""The way of an answer out: one owner per row, honest states, nothing sent twice.

queued → sending → sent → delivered → seen, beside them retrying, failed and unknown. Before a
request leaves, the row says *sending* with a lease. Whoever finds a lease that ran out knows only
that a worker died: the outcome is unknown, and only the network or a person can say. A worker
that was merely slow finds before every decisive request that the row is no longer its own.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from heed.channels.base import (
    AccountRecord,
    Action,
    Answer,
    CannotTell,
    Choice,
    Choices,
    FilledTemplate,
    NotThere,
    OutgoingFile,
    Reason,
    Refusal,
    Sent,
    Target,
)
from heed.channels.models import Account
from heed.channels.sessions import with_session
from heed.inbox import early, events, files, receipts
from heed.inbox.models import Attachment, EarlyNews, Event, Message, Ticket
from heed.inbox.possible import fits, names_of, possible
from heed.inbox.possible_choices import fault_of
from heed.lib import clock, live
from heed.lib.http import AddressRefused, AnswerLost, Steps, TooLarge, Unreachable

log = logging.getLogger("heed.outbox")

WAITS = (2, 5, 15, 60, 180, 600, 1800)
"""Seconds until the next try, by how many were made. After the last one it has failed."""

State = Message.State
_ABOUT_THEN = timedelta(minutes=1)


class LeaseLost(Exception):
    """Another worker has taken over this answer: leave it alone."""


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
    account, answer = message.account, _answer(message, asking=True)
    try:
        finding = with_session(account, lambda record: account.adapter.find(record, answer))
    except (Unreachable, AnswerLost, TooLarge, Refusal) as error:
        return _ask_again(message, _patience(message), str(error))
    match finding:
        case Sent() if _belongs_to_another(message, finding.external_id):
            return _ask_again(message, None)
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
    row = receipts.locked(message)
    if row is None or row.state not in (*Message.IN_FLIGHT, State.FAILED):
        return
    if _belongs_to_another(row, sent.external_id):
        _leave_to_a_person(row)
        return
    if row.state == State.FAILED:
        receipts.take_draft_back(row)
    echoed_at = _absorb_echo(row, sent.external_id)
    row.external_id = sent.external_id
    row.refs = {**row.refs, **dict(sent.refs), **_more(row, sent)}
    row.at = sent.at or echoed_at or row.at
    row.state = State.SENT
    row.lease_until = row.try_at = None
    row.reason = row.detail = ""
    row.save()
    Account.objects.filter(pk=row.account_id).update(last_sent_at=clock.now())
    _learn_private_id(row, sent.person)
    catch_up(row)
    events.record("answer_sent", ticket=row.ticket, message=row, actor=row.author)


def catch_up(row: Message) -> None:
    """News may come before we know the message's id, or by a watermark: apply what waits."""
    for news in EarlyNews.objects.filter(account_id=row.account_id, external_id=row.external_id):
        early.apply(row, news)
    if row.identity is None or row.visibility != "private":
        return
    for state, until in (
        (State.DELIVERED, row.identity.delivered_until),
        (State.SEEN, row.identity.seen_until),
    ):
        if until is not None and row.at <= until:
            receipts.receipt(row, state)


# --------------------------------------------------------------------------------- sending


@transaction.atomic
def _claim(ticket_id: int) -> tuple[Message | None, datetime | None]:
    """Take the ticket's first waiting answer, or say when to come again.

    Locking all waiting rows of the ticket makes workers queue up, so answers keep their order.
    """
    waiting = (
        Message.objects.select_for_update(of=("self",))
        .filter(ticket_id=ticket_id, state__in=(State.QUEUED, State.SENDING, State.RETRYING))
        .annotate(account_rests_until=F("account__paused_until"))  # of the account it goes out from
        .order_by("id")
    )
    for row in waiting:
        if row.state == State.SENDING:
            if row.lease_until is not None and row.lease_until > clock.now():
                return None, row.lease_until
            _set_unknown(row, "the worker stopped while sending")
            continue
        rest = max(filter(None, (row.try_at, row.account_rests_until)), default=clock.now())
        if rest > clock.now():
            return None, rest
        row.state = State.SENDING
        row.attempts += 1
        row.lease_until = _lease()
        row.at = max(row.at, clock.now())
        row.started_at = row.started_at or clock.now()
        row.save(update_fields=["state", "attempts", "lease_until", "at", "started_at"])
        return loaded(row.pk), None
    return None, None


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
        answer = _answer(message)
        sent = with_session(account, lambda record: _fenced(message, record, answer))
    except LeaseLost:
        log.warning("message %s was taken over by another worker", message.pk)
    except FileNotFoundError:
        _fail(message, "file_refused", detail="a file is no longer in the data folder")
    except Refusal as refusal:
        if refusal.whole_account:
            _pause(message.account, refusal.after)
        if refusal.retry and message.attempts <= len(WAITS):
            _retry(message, refusal.after, refusal.reason, f"{refusal.code} {refusal.detail}")
        else:
            _fail(message, refusal.reason, code=refusal.code, detail=refusal.detail)
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
        arrived(message, sent)


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


def template_of(message: Message) -> FilledTemplate | None:
    """The template an answer sends, if it sends one."""
    kept = message.manner.get("template")
    if not kept:
        return None
    names = names_of(message.account, kept["name"], kept["language"])
    return FilledTemplate(kept["name"], kept["language"], tuple(kept["values"]), names)


def choices_of(message: Message) -> Choices | None:
    """The choices an answer offers, if it offers any."""
    kept = message.manner.get("choices")
    if not kept:
        return None
    return Choices(tuple(Choice(**each) for each in kept["items"]), kept["opener"])


def _pause(account: Account, after: float | None) -> None:
    """The network wants the whole account to wait: its other answers need not find out for themselves."""
    until = clock.now() + timedelta(seconds=after if after is not None else WAITS[2])
    Account.objects.filter(pk=account.pk).update(paused_until=until)


def _fenced(message: Message, record: AccountRecord, answer: Answer) -> Steps[Sent]:
    """The network's steps, with a look at the lease before each request that makes things happen.
    Raises `LeaseLost`."""
    steps = message.account.adapter.send(record, answer)
    try:
        request = next(steps)
        while True:
            if request.decisive and not _still_mine(message):
                raise LeaseLost
            try:
                response = yield request
            except Exception as error:
                request = steps.throw(error)
            else:
                request = steps.send(response)
    except StopIteration as done:
        sent: Sent = done.value
        return sent


def _still_mine(message: Message) -> bool:
    """Whether this attempt still owns the row; if so, its lease is renewed."""
    return bool(_attempt(message).update(lease_until=_lease()))


def _attempt(message: Message) -> Any:
    """The row as this attempt took it: no later attempt, and nothing proved meanwhile."""
    return Message.objects.filter(pk=message.pk, state=State.SENDING, attempts=message.attempts)


def _show_presence(message: Message) -> None:
    """Mark as seen and show typing before a private answer, where the network has it. Best effort."""
    wanted = message.account.able.on_private
    if message.visibility != "private" or message.attempts > 1 or message.ticket.last_private_in is None:
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


def _answer(message: Message, *, asking: bool = False) -> Answer:
    """The message as its network sees it; `asking` what became of it, without its files' bytes. Raises
    `FileNotFoundError` when a file is gone."""
    return Answer(
        key=str(message.send_key),
        visibility="public" if message.visibility == "public" else "private",
        text=message.text,
        person=receiver(message),
        to=target_of(message.answers) if message.answers else None,
        files=tuple(
            _outgoing(each, with_bytes=not asking) for each in message.attachments.order_by("position")
        ),
        created=message.created_at,
        started=message.started_at if message.attempts > 1 or asking else None,
        tried=message.at if message.attempts > 1 or asking else None,
        taken=_taken(message),
        chosen=bool(message.manner.get("chosen")),
        quote=bool(message.manner.get("quote")),
        late=message.manner.get("late", ""),
        template=template_of(message),
        choices=choices_of(message),
    )


def _taken(message: Message) -> frozenset[str]:
    """The ids of our other messages of that time on this account."""
    others = Message.objects.filter(
        account_id=message.account_id, direction="out", created_at__gte=message.created_at - _ABOUT_THEN
    )
    rows = others.exclude(pk=message.pk).exclude(external_id="").values_list("external_id", "refs")[:500]
    return frozenset(each for external_id, refs in rows for each in (external_id, *refs.get("more", [])))


def receiver(message: Message) -> str:
    """The id by which the network reaches whom this is written to, or came from."""
    if message.identity is None:
        return ""
    if message.visibility == "private":
        return message.identity.private_id or message.identity.external_id
    return message.identity.external_id


def target_of(row: Message) -> Target:
    """A message as the target of an answer or action."""
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


def _outgoing(attachment: Attachment, *, with_bytes: bool) -> OutgoingFile:
    content = b""
    if with_bytes:
        with files.open_file(attachment.path) as file:
            content = file.read()
    link = files.public_link(attachment.pk)
    return OutgoingFile(attachment.name, attachment.mime, content, link, attachment.text)


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


@transaction.atomic
def _fail(message: Message, reason: Reason, *, code: str = "", detail: str = "") -> None:
    """Fail this attempt, unless an echo proved meanwhile that it arrived."""
    if _attempt(message).select_for_update(of=("self",)).exists():
        receipts.fail(message, reason, code=code, detail=detail)


def _set_unknown(message: Message, detail: str) -> None:
    if _conclude(message, state=State.UNKNOWN, try_at=clock.now() + timedelta(seconds=2), detail=detail):
        events.record("answer_unknown", ticket=message.ticket, message=message, actor=message.author)


def _conclude(message: Message, **values: Any) -> bool:
    """Let go of the row, unless an echo proved meanwhile that it arrived."""
    values["detail"] = values.get("detail", "")[:500]
    changed = bool(_attempt(message).update(lease_until=None, **values))
    live.tell(events.topics_of([message.ticket_id]))
    return changed


@transaction.atomic
def _claim_unknown(message_id: int) -> Message | None:
    row = (
        Message.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=message_id, state=State.UNKNOWN, try_at__lte=clock.now())
        .first()
    )
    if row is None or (row.lease_until is not None and row.lease_until > clock.now()):
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


def _belongs_to_another(row: Message, external_id: str) -> bool:
    """Whether another answer written in Heed already has this id: then it is no proof for this one."""
    others = Message.objects.filter(account_id=row.account_id, external_id=external_id).exclude(pk=row.pk)
    return bool(external_id) and others.exclude(direction="out", send_key=None).exists()


def _leave_to_a_person(row: Message) -> None:
    Message.objects.filter(pk=row.pk).update(state=State.UNKNOWN, lease_until=None, try_at=None)
    live.tell(events.topics_of([row.ticket_id]))


def _absorb_echo(row: Message, external_id: str) -> datetime | None:
    """Drop the row that our own echo made before we knew its id; gives back the network's time."""
    echo = (
        Message.objects.filter(account_id=row.account_id, external_id=external_id).exclude(pk=row.pk).first()
    )
    parked = EarlyNews.objects.filter(account_id=row.account_id, external_id=external_id, what="echo").first()
    if echo is None or not external_id:
        return parked.at if parked else None
    _take_answered_back(row, echo)
    at = echo.at
    echo.delete()
    return at


def _take_answered_back(row: Message, echo: Message) -> None:
    """The ticket was not answered outside Heed after all: give back what that had changed."""
    told = Event.objects.filter(kind="answered_outside", message=echo).first()
    if told is None:
        return
    before = told.data.get("before", {})
    marked = Event.objects.filter(ticket=row.ticket_id, kind="answered_marked", pk__gt=told.pk).exists()
    waited = (
        {} if marked else {key: before.get(key) for key in ("unanswered", "waiting_since") if key in before}
    )
    Ticket.objects.filter(pk=row.ticket_id).update(outside_until=before.get("outside_until"), **waited)


def _learn_private_id(row: Message, person: str) -> None:
    if row.identity is None or row.visibility != "private":
        return
    if person and person != row.identity.external_id:
        type(row.identity).objects.filter(pk=row.identity.pk).update(private_id=person)
        row.identity.private_id = person
    if row.ticket.kind == Ticket.Kind.PUBLIC:
        Ticket.objects.filter(pk=row.ticket_id).update(took_private=True)


def _more(row: Message, sent: Sent) -> dict[str, list[str]]:
    """The ids of the other parts, where the network took the answer in several messages."""
    known = [each for each in row.refs.get("more", []) if each != sent.external_id]
    parts = [*known, *(each for each in sent.more if each not in known)]
    return {"more": parts} if parts else {}


def _lease() -> datetime:
    return clock.now() + timedelta(seconds=settings.HEED_SEND_LEASE)


def loaded(pk: int) -> Message:
    """An answer with all that sending it needs."""
    return Message.objects.select_related(
        "account", "ticket__post", "ticket__identity", "identity", "author", "answers__ticket__post"
    ).get(pk=pk)


def merged(refs: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """References with what an action gave back; None removes one."""
    return {key: value for key, value in {**refs, **more}.items() if value is not None}
