"""How a ticket went, by its log alone: when its clock ran, had those never been in it that have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from heed.inbox.models import Ticket
from heed.inbox.statements import run
from heed.routing import targets
from heed.routing.models import Policy


class Step(NamedTuple):
    """Something in the log after which a clock may stand, run, or run by other hours."""

    at: datetime
    kind: str
    status: str
    team: int
    undone: bool


class Stretch(NamedTuple):
    """From when until when a clock ran, and which team's ticket it was; None where the log never says."""

    since: datetime
    until: datetime
    team: int | None


def courses(tickets: Collection[int]) -> Mapping[int, Sequence[Step]]:
    """All such steps of these tickets, in order. A solving that was taken back never was."""
    found: dict[int, list[Step]] = defaultdict(list)
    for pk, *step in run(_STEPS, [*tickets]):
        found[pk].append(Step(*step))
    return {pk: _without_taken_back(steps) for pk, steps in found.items()}


def stretches(policy: Policy, steps: Iterable[Step], since: datetime, until: datetime) -> Iterator[Stretch]:
    """When a policy's clock ran in that time."""
    status, asleep, paused, start = "", False, False, since
    steps = list(steps)
    team = 0 if any(each.kind == "team_changed" for each in steps) else None
    for step in steps:
        if step.at >= until:
            break
        if step.at > start and not paused:
            yield Stretch(start, step.at, team)
        start = max(start, step.at)
        status, asleep = _after(step, status, asleep=asleep)
        team = step.team if step.kind == "team_changed" else team
        paused = targets.stands(policy, status, asleep=asleep)
    if not paused and start < until:
        yield Stretch(start, until, team)


def _after(step: Step, status: str, *, asleep: bool) -> tuple[str, bool]:
    """The status after a step, and whether it was put off then."""
    match step.kind:
        case "status_changed":
            return step.status, asleep and step.status != Ticket.Status.SOLVED
        case "snoozed":
            return status, True
        case "woke":
            return (status if step.undone else Ticket.Status.OPEN), False
        case "ticket_reopened":
            return Ticket.Status.OPEN, False
    return status, asleep


def _without_taken_back(steps: Iterable[Step]) -> list[Step]:
    found: list[Step] = []
    for step in steps:
        if step.kind == "status_changed" and step.undone:
            last = next((each for each in reversed(found) if each.kind == "status_changed"), None)
            if last is not None and last.status == Ticket.Status.SOLVED:
                found.remove(last)
                continue
        found.append(step)
    return found


_STEPS = """
SELECT e.ticket_id, e.at, e.kind, coalesce(e.data->>'status', ''), coalesce((e.data->>'team')::bigint, 0),
    e.data ? 'undone'
FROM inbox_event e WHERE e.ticket_id = ANY(%s) AND NOT e.data ? 'number'
    AND e.kind IN ('status_changed', 'ticket_reopened', 'snoozed', 'woke', 'team_changed')
ORDER BY e.at, coalesce((e.data->>'of')::bigint, e.id), e.id
"""
