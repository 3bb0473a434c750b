"""What can happen. One `Event` row per thing, written in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from procrastinate.contrib.django import app

from heed.accounts.models import User
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.statements import columns, run, written
from heed.lib import clock, live

Kind = Literal[
    "ticket_opened",
    "ticket_reopened",
    "message_received",
    "message_edited",
    "message_removed",
    "hidden_changed",
    "answered_outside",
    "answered_by_machine",
    "answer_queued",
    "answer_sent",
    "answer_failed",
    "answer_unknown",
    "note_written",
    "answered_marked",
    "unanswered_marked",
    "assigned",
    "status_changed",
    "action_done",
    "action_failed",
    "post_stale",
    "post_pictured",
    "account_problem",
    "team_changed",
    "priority_changed",
    "tags_changed",
    "field_changed",
    "language_told",
    "snoozed",
    "woke",
    "follow_up_set",
    "follow_up_due",
    "marked_spam",
    "not_spam",
    "blocked",
    "unblocked",
    "merged",
    "unmerged",
    "split",
    "unsplit",
    "joined",
    "parted",
    "opened_by",
    "left_by",
    "rule_ran",
    "due_soon",
    "due_missed",
    "target_set",
    "handed_off",
    "rated",
]

TOLD: frozenset[Kind] = frozenset(
    {
        "ticket_reopened",
        "answered_outside",
        "answered_marked",
        "unanswered_marked",
        "assigned",
        "status_changed",
        "hidden_changed",
        "action_failed",
        "team_changed",
        "priority_changed",
        "tags_changed",
        "field_changed",
        "snoozed",
        "woke",
        "follow_up_due",
        "marked_spam",
        "not_spam",
        "blocked",
        "unblocked",
        "merged",
        "unmerged",
        "split",
        "unsplit",
        "joined",
        "parted",
        "rule_ran",
        "due_missed",
    }
)
"""The kinds a ticket's page tells of between the messages."""

REACT = "heed.react"
"""The job that hands events to their reactions. `heed.wiring` holds the table."""

_because: ContextVar[Mapping[str, Any]] = ContextVar("because", default=MappingProxyType({}))
"""Facts that every event written now carries, besides its own."""

Kinds = Callable[[], Collection[str]]
"""Says which kinds of events are waited for at this moment."""

_waited_for: dict[str, Kinds | None] = {}
"""The kinds that have reactions; of those that are not always waited for, who knows whether they are."""


def wait_for(kinds: Mapping[str, Kinds | None]) -> None:
    """From now on only events of these kinds are handed to reactions, where somebody is named only while that
    one waits for them."""
    _waited_for.clear()
    _waited_for.update(kinds)


@contextmanager
def because(**facts: Any) -> Iterator[None]:
    """Whatever is written inside says in its data why it happened, such as which rule did it."""
    before = _because.set(facts)
    try:
        yield
    finally:
        _because.reset(before)


def record(
    kind: Kind,
    *,
    ticket: Ticket,
    message: Message | None = None,
    actor: User | None = None,
    at: datetime | None = None,
    **data: Any,
) -> Event:
    """Write what happened to a ticket, hand it to the reactions and tell the open pages."""
    event = Event.objects.create(
        kind=kind,
        account_id=ticket.account_id,
        ticket=ticket,
        message=message,
        actor=actor,
        at=at or clock.now(),
        data={**_because.get(), **data},
    )
    hand_to_reactions([(kind, event.pk)])
    tell_pages([ticket.pk])
    return event


def record_many(kind: Kind, happened: Sequence[tuple[Ticket, Mapping[str, Any]]]) -> None:
    """The same thing of many tickets at once, done by nobody in person: each ticket with the event's data."""
    because, now = _because.get(), clock.now()
    with told_together():
        write(
            Happened(kind, each.account_id, each.pk, now, {**because, **data} if because else data)
            for each, data in happened
        )
        tell_pages(each.pk for each, _data in happened)


def tell_pages(tickets: Iterable[int]) -> None:
    """Tell the open pages that these tickets changed: at the end, where all is told together."""
    together = _together.get()
    if together is not None:
        together.tickets.update(tickets)
    else:
        live.tell(topics_of(tickets))


class Happened(NamedTuple):
    """What happened to a ticket by itself, before it is written."""

    kind: Kind
    account: int
    ticket: int
    at: datetime
    data: Mapping[str, Any]


def write(happened: Iterable[Happened]) -> None:
    """Write events in one statement and hand them to their reactions."""
    rows = [(*facts, written(data)) for *facts, data in happened]
    if not rows:
        return
    told = columns(rows)
    if _waited_for.keys().isdisjoint(told[0]):
        run(_WRITE, *told)
    else:
        hand_to_reactions(run(f"{_WRITE} RETURNING kind, id", *told))


_WRITE = """
INSERT INTO inbox_event (kind, account_id, ticket_id, at, data)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::jsonb[])
"""


def hand_to_reactions(happened: Iterable[tuple[str, int]]) -> None:
    """Defer one job for a batch of events (kind and id), inside the transaction that wrote them.
    Nothing is deferred for kinds that no reaction waits for."""
    wanted = [(kind, pk) for kind, pk in happened if kind in _waited_for]
    together = _together.get()
    if together is not None:
        together.events += wanted
    else:
        _defer(wanted)


def _defer(happened: Sequence[tuple[str, int]]) -> None:
    """Defer a job for those events that are waited for now."""
    asked = {_waited_for[kind] for kind, _pk in happened}
    now = {each: each() for each in asked if each is not None}
    wanted: list[Any] = [
        pk for kind, pk in happened if (who := _waited_for[kind]) is None or kind in now[who]
    ]
    if wanted:
        app.configure_task(REACT, queue="reactions", allow_unknown=True).defer(events=wanted)


@dataclass
class _Together:
    events: list[tuple[str, int]] = field(default_factory=list)
    tickets: set[int] = field(default_factory=set)


_together: ContextVar[_Together | None] = ContextVar("together", default=None)


@contextmanager
def told_together() -> Iterator[None]:
    """What happens meanwhile is handed on as one batch at the end, and told to the open pages at once: a rule
    that touches five hundred tickets makes one job and not five hundred. Use it inside a transaction; where
    that fails, nothing is handed on."""
    if _together.get() is not None:
        yield
        return
    found = _Together()
    token = _together.set(found)
    try:
        yield
    finally:
        _together.reset(token)
    _defer(found.events)
    if found.tickets:
        live.tell(topics_of(sorted(found.tickets)))


def topics_of(ticket_ids: Iterable[int]) -> list[str]:
    """The live topics that tell of changes to these tickets."""
    return ["queue", *(f"ticket:{number}" for number in ticket_ids)]
