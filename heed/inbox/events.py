"""What can happen. One `Event` row per thing, written in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from heed.accounts.models import User
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.statements import columns, run, written
from heed.lib import clock, live
from heed.lib.jobs import Named
from heed.lib.rows import prepared

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
    "answer_mailed",
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
        "rated",
        "answer_mailed",
    }
)
"""The kinds a ticket's page tells of between the messages."""

REACT = "heed.react"
"""The job that hands events to their reactions. `heed.wiring` holds the table."""

_because: ContextVar[Mapping[str, Any]] = ContextVar("because", default=MappingProxyType({}))
"""Facts that every event written now carries, besides its own."""

_waited_for: dict[str, str | None] = {}
"""The kinds that have reactions; where these are not always waited for, the query of those that are now."""


def wait_for(kinds: Mapping[str, str | None]) -> None:
    """From now on only events of these kinds are handed to reactions, where a query is given only while it
    finds their kind."""
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
    at = at or clock.now()
    of = {"account": ticket.account_id, "ticket": ticket.pk, "message": message.pk if message else None}
    ids = record_with(_HAPPENED, of, kind, ticket=ticket, actor=actor, at=at, **data)
    assert ids is not None
    return Event(
        pk=ids[0],
        kind=kind,
        account_id=ticket.account_id,
        ticket=ticket,
        message=message,
        actor=actor,
        at=at,
        data={**_because.get(), **data},
    )


_HAPPENED = """
happened AS (
    SELECT %(account)s::bigint AS account_id, %(ticket)s::bigint AS ticket_id,
        %(message)s::bigint AS message_id)
"""


def record_with(
    parts: str,
    values: Mapping[str, Any],
    kind: Kind,
    *,
    ticket: Ticket,
    actor: User | None,
    at: datetime,
    **data: Any,
) -> tuple[int, int | None] | None:
    """Write in one statement what happened and what that was: `parts` of a WITH clause with their values, of
    which the last is called `happened` and gives at most one row, of account_id, ticket_id and message_id.

    Gives back the ids of the event and of the message; None where nothing happened."""
    together = _together.get()
    facts = {
        "kind": kind,
        "actor": actor.pk if actor else None,
        "happened_at": at,
        "data": written({**_because.get(), **data}),
        "handed": together is None and kind in _waited_for,
        "topics": live.payload(topics_of([ticket.pk])) if together is None else None,
    }
    with prepared() as cursor:
        cursor.execute(f"WITH {parts}, {_record(_waited_for.get(kind))}", {**values, **facts})
        row = cursor.fetchone()
    if row is None:
        return None
    if together is not None:
        hand_to_reactions([(kind, row[0])])
        tell_pages([ticket.pk])
    return row[0], row[1]


@cache
def _record(awaited: str | None) -> str:
    """The event, the job of its reactions, as procrastinate would write it, and the notice to open pages."""
    return _RECORD.format(awaited=f"%(kind)s::text IN ({awaited})" if awaited else "TRUE")


_RECORD = f"""
event AS (
    INSERT INTO inbox_event (kind, account_id, ticket_id, message_id, actor_id, at, data)
    SELECT %(kind)s::text, account_id, ticket_id, message_id, %(actor)s::bigint, %(happened_at)s::timestamptz,
        %(data)s::jsonb
    FROM happened
    RETURNING id, message_id),
job AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT 'reactions', '{REACT}', jsonb_build_object('events', jsonb_build_array(id))
    FROM event WHERE %(handed)s::boolean AND {{awaited}})
SELECT id, message_id,
    CASE WHEN %(topics)s::text IS NOT NULL THEN pg_notify('{live.CHANNEL}', %(topics)s::text) END
FROM event
"""  # noqa: S608 - our own names


def record_many(kind: Kind, happened: Sequence[tuple[Ticket, Mapping[str, Any]]]) -> None:
    """The same thing of many tickets at once, done by nobody in person: each ticket with the event's data."""
    now = clock.now()
    with told_together():
        write(Happened(kind, each.account_id, each.pk, now, data) for each, data in happened)
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
    message: int | None = None


def write(happened: Iterable[Happened]) -> None:
    """Write events in one statement and hand them to their reactions."""
    why = _because.get()
    rows = [
        (each.kind, each.account, each.ticket, each.at, written({**why, **each.data}), each.message)
        for each in happened
    ]
    if not rows:
        return
    told = columns(rows)
    if _waited_for.keys().isdisjoint(told[0]):
        run(_WRITE, *told)
    else:
        hand_to_reactions(run(f"{_WRITE} RETURNING kind, id", *told))


_WRITE = """
INSERT INTO inbox_event (kind, account_id, ticket_id, at, data, message_id)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::jsonb[], %s::bigint[])
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
    now = _waited_for_now({kind for kind, _pk in happened})
    wanted: list[Any] = [pk for kind, pk in happened if kind in now]
    if wanted:
        Named(REACT, "reactions").defer(events=wanted)


def _waited_for_now(kinds: Iterable[str]) -> set[str]:
    """Those of the kinds that are waited for at this moment."""
    known = {kind: _waited_for[kind] for kind in kinds if kind in _waited_for}
    now = {query: {kind for (kind,) in run(query)} for query in {*known.values()} if query is not None}
    return {kind for kind, query in known.items() if query is None or kind in now[query]}


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
