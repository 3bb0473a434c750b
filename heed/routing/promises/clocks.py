"""A promise as it stands: read for many tickets, counted, and written for all that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from heed.inbox.statements import columns, run
from heed.routing.desk_hours import ROUND_THE_CLOCK, DeskHours, Version
from heed.routing.models import Policy
from heed.routing.targets import Course


@dataclass(slots=True)
class Clock:
    """One promise to a ticket. What is written of it stands in the order of `_CHANGING`."""

    ticket: int
    target: str
    policy: Policy
    version: Version
    """The hours it runs by."""
    seconds: int
    since: datetime
    used: float
    counted_at: datetime
    paused: bool = False
    due: datetime | None = None
    warn_at: datetime | None = None
    warned_at: datetime | None = None
    missed_at: datetime | None = None
    ended_at: datetime | None = None
    end: str = ""
    by: int | None = None
    """The answer that ended it."""
    pk: int = 0

    @property
    def course(self) -> Course:
        """How far it has come."""
        return Course(self.version.hours, self.seconds, self.used, self.counted_at, self.paused)

    def set_due(self) -> None:
        """When it is due by what is known now, and when to warn of that."""
        self.due = self.course.due
        warn = timedelta(seconds=self.policy.warn_before)
        self.warn_at = max(self.since, self.due - warn) if self.due and warn else None


Key = tuple[int, str, datetime]
"""Ticket, target, and since when."""


def any_runs(tickets: Iterable[int]) -> bool:
    """Whether anything is promised to any of these."""
    sql = "SELECT 1 FROM routing_promise WHERE ticket_id = ANY(%s) AND ended_at IS NULL LIMIT 1"
    return bool(run(sql, list(tickets)))


def running_of(
    tickets: Sequence[int], found: Iterable[Policy], desk: DeskHours
) -> dict[int, dict[str, Clock]]:
    """What is promised to these tickets, by target."""
    running: dict[int, dict[str, Clock]] = defaultdict(dict)
    for each in _made(run(f"{_READ} AND ended_at IS NULL", [*tickets]), found, desk):
        running[each.ticket][each.target] = each
    return running


def over(waits: Mapping[int, Any], found: Iterable[Policy], desk: DeskHours) -> dict[Key, Clock]:
    """What was promised to these tickets for a wait or cycle that is now and has ended."""
    rows = [
        row
        for row in run(f"{_READ} AND ended_at IS NOT NULL", [*waits])
        if row[5] in (waits[row[0]].began, waits[row[0]].waits_since)
    ]
    return {(each.ticket, each.target, each.since): each for each in _made(rows, found, desk)}


def brought(waits: Mapping[int, Any], found: Iterable[Policy], desk: DeskHours) -> dict[Key, Clock]:
    """What was promised in tickets that went on in these for a wait or cycle that is now, by the ticket in
    which it goes on. Of several the one that ran last."""
    gone_on = dict(run(_GONE_ON, [pk for pk, each in waits.items() if each.holds_others]))
    rows = [
        row
        for row in run(_READ, [*gone_on])
        if row[5] in (waits[gone_on[row[0]]].began, waits[gone_on[row[0]]].waits_since)
    ]
    ended = sorted(_made(rows, found, desk), key=lambda each: (each.ended_at is None, each.ended_at))
    return {(gone_on[each.ticket], each.target, each.since): each for each in ended}


_GONE_ON = """
WITH RECURSIVE gone_on AS (
    SELECT id, merged_into_id AS into_id FROM inbox_ticket WHERE merged_into_id = ANY(%s)
    UNION ALL
    SELECT t.id, gone_on.into_id FROM inbox_ticket t JOIN gone_on ON t.merged_into_id = gone_on.id
)
SELECT id, into_id FROM gone_on
"""

_READ = """
SELECT ticket_id, target, policy_id, hours_id, seconds, since, used, counted_at, paused, due, warn_at,
    warned_at, missed_at, ended_at, "end", by_id, id FROM routing_promise WHERE ticket_id = ANY(%s)
"""


def _made(rows: Sequence[tuple[Any, ...]], found: Iterable[Policy], desk: DeskHours) -> list[Clock]:
    policies = {each.pk: each for each in found}
    others = {row[2] for row in rows} - policies.keys()
    if others:  # put away, and running on until they are moved
        policies |= Policy.objects.in_bulk(others)
    versions = {each.pk: each for row in desk.versions.values() for each in row}
    return [
        Clock(ticket, target, policies[policy], versions[hours] if hours else ROUND_THE_CLOCK, *rest)
        for ticket, target, policy, hours, *rest in rows
    ]


# ------------------------------------------------------------------------------------- written


def write(changed: Iterable[Clock], new: Iterable[Clock]) -> None:
    """Write what changed, and what began. Where somebody else has begun the same one, theirs stays. What ends
    makes room first: of a ticket's targets only one of each runs at any moment."""
    rows = [(each.pk, *_facts(each)) for each in changed]
    over = [row for row in rows if row[_ENDED_AT] is not None]
    on = [row for row in rows if row[_ENDED_AT] is None]
    for part in filter(None, (over, on)):
        run(_CHANGE, *columns(part))
    begun = [(each.ticket, each.target, *_facts(each)[:_WHEN_NEW]) for each in new]
    if begun:
        run(_BEGIN, *columns(begun))


def _facts(each: Clock) -> tuple[Any, ...]:
    return (
        each.policy.pk,
        each.version.pk or None,
        each.seconds,
        each.since,
        each.used,
        each.counted_at,
        each.paused,
        each.due,
        each.warn_at,
        each.warned_at,
        each.missed_at,
        each.ended_at,
        each.end,
        each.by,
    )


_CHANGING = {
    "policy_id": "bigint",
    "hours_id": "bigint",
    "seconds": "int",
    "since": "timestamptz",
    "used": "float8",
    "counted_at": "timestamptz",
    "paused": "bool",
    "due": "timestamptz",
    "warn_at": "timestamptz",
    "warned_at": "timestamptz",
    "missed_at": "timestamptz",
    "ended_at": "timestamptz",
    "end": "text",
    "by_id": "bigint",
}
"""The columns of a promise that change, and their types."""
_WHEN_NEW = 9
"""So many of them say something of one that has just begun."""
_ENDED_AT = 1 + [*_CHANGING].index("ended_at")
"""Where a row that changes says whether it is over, after its id."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _arrays(names: Iterable[str]) -> str:
    return ", ".join(f"%s::{_CHANGING[name]}[]" for name in names)


_CHANGE = f"""
UPDATE routing_promise AS p SET {", ".join(f'"{name}" = new."{name}"' for name in _CHANGING)}
FROM unnest(%s::bigint[], {_arrays(_CHANGING)}) AS new (id, {_listed(_CHANGING)}) WHERE p.id = new.id
"""  # noqa: S608

_BEGIN = f"""
INSERT INTO routing_promise (ticket_id, target, {_listed([*_CHANGING][:_WHEN_NEW])}, "end")
SELECT *, '' FROM unnest(%s::bigint[], %s::text[], {_arrays([*_CHANGING][:_WHEN_NEW])})
ON CONFLICT DO NOTHING
"""  # noqa: S608
