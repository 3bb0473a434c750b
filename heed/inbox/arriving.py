"""An answer that the network has: its id, and all that waited for it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from heed.channels.base import (
    Sent,
)
from heed.channels.models import Account
from heed.inbox import early, events, receipts
from heed.inbox.models import EarlyNews, Event, Message, Ticket
from heed.lib import clock, live

State = Message.State


@transaction.atomic
def arrived(message: Message, sent: Sent) -> None:
    """The network has it. An echo that came first is the same message: they become one row. Of what a person
    said that it arrived, its id becomes known."""
    row = receipts.locked(message)
    if row is None:
        return
    said_so = row.state in Message.ARRIVED and not row.external_id
    if row.state not in (*Message.IN_FLIGHT, State.FAILED) and not said_so:
        return
    if belongs_to_another(row, sent.external_id):
        if not said_so:
            _leave_to_a_person(row)
        return
    if row.state == State.FAILED:
        receipts.take_draft_back(row)
    echoed_at = _absorb_echo(row, sent.external_id)
    row.external_id = sent.external_id
    row.refs = {**row.refs, **dict(sent.refs), **_more(row, sent)}
    row.permalink = sent.permalink or row.permalink
    row.at = sent.at or echoed_at or row.at
    row.state = row.state if said_so else State.SENT
    row.lease_until = row.try_at = None
    row.reason = row.detail = ""
    row.save()
    Account.objects.filter(pk=row.account_id).update(last_sent_at=clock.now())
    _learn_private_id(row, sent.person)
    if not said_so:
        events.record("answer_sent", ticket=row.ticket, message=row, actor=row.author)
        receipts.settled(row)
    catch_up(row)


def catch_up(row: Message) -> None:
    """News may come before we know the message's id, or by a watermark: apply what waits."""
    waiting = EarlyNews.objects.filter(account_id=row.account_id)
    parts = Q(external_id__in=row.refs.get("more", []), what="receipt")
    for news in waiting.filter(Q(external_id=row.external_id) | parts):
        early.apply(row, news)
    if row.identity is None or row.visibility != "private":
        return
    for state, until in (
        (State.DELIVERED, row.identity.delivered_until),
        (State.SEEN, row.identity.seen_until),
    ):
        if until is not None and row.at <= until:
            receipts.receipt(row, state)


def belongs_to_another(row: Message, external_id: str) -> bool:
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
