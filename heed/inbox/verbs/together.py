"""Deeds on many tickets at once, done by nobody in person: a rule's, for all that came in together.

Each does what the verb of the same name does to one ticket, with as many statements for a thousand as for
one, and gives back the tickets that refuse, with what these say. Call them in a transaction; the tickets are
locked in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from heed.accounts.models import Team, User
from heed.inbox import events, notices
from heed.inbox.models import Notice, Tag, Ticket
from heed.inbox.statements import among, run
from heed.inbox.verbs.refusals import CannotSolve, CannotTend
from heed.inbox.verbs.sorting import MOST_TAGS, too_many_tags
from heed.inbox.verbs.tending import (
    missing_among,
    needed_to_solve,
    refuse_archived,
    refuse_for,
    refuse_merged,
    refuse_spam,
)
from heed.lib import clock

Refused = dict[int, CannotTend]
"""What tickets say that refuse, by their numbers."""


def assign(numbers: Iterable[int], assignee: User | None, **why: Any) -> Refused:
    """Give the tickets to a colleague, who is told of each, or back to nobody; `why` is what the event tells
    of it besides. Raises `CannotTend` where they may not answer them."""
    refuse_for(assignee)
    facts = {"to": assignee.name, "person": assignee.pk} if assignee else {"to": ""}
    facts |= why
    changed, refused = _change(numbers, assignee=assignee)
    events.record_many("assigned", [(each, facts) for each in changed])
    if assignee is not None:
        notices.tell_of_many([assignee.pk], Notice.Kind.ASSIGNED, changed)
    return refused


def give_to_team(numbers: Iterable[int], team: Team | None) -> Refused:
    """Make them a team's matter, or nobody's in particular."""
    refuse_archived(team)
    facts = {"to": team.name, "team": team.pk} if team else {"to": ""}
    changed, refused = _change(numbers, team=team)
    events.record_many("team_changed", [(each, facts) for each in changed])
    return refused


def set_priority(numbers: Iterable[int], priority: int) -> Refused:
    changed, refused = _change(numbers, priority=priority)
    events.record_many("priority_changed", [(each, {"priority": priority}) for each in changed])
    return refused


def set_status(numbers: Iterable[int], status: str) -> Refused:
    """Set the status. Solving marks answered and wakes, too."""
    if status not in Ticket.Status.values:
        raise ValueError(f"A status is one of {', '.join(Ticket.Status.values)}.")
    solved = status == Ticket.Status.SOLVED
    wanted = needed_to_solve() if solved else []
    changed, refused = [], {}
    for ticket in _locked(numbers):
        if ticket.status == status:
            continue
        try:
            refuse_spam(ticket)
            missing = missing_among(wanted, ticket)
            if missing:
                raise CannotSolve(missing)
            refuse_merged(ticket)
        except CannotTend as why:
            refused[ticket.pk] = why
        else:
            changed.append(ticket)
    asleep = {"snoozed_until": None} if solved else {}
    _write(changed, status=status, solved_at=clock.now() if solved else None, **asleep)
    told = [(each, {"status": status, "before": each.status}) for each in changed]
    events.record_many("status_changed", told)
    waiting = [each for each in changed if solved and each.unanswered]
    since = [(each.waiting_since.isoformat() if each.waiting_since else "") for each in waiting]
    _write(waiting, unanswered=False, waiting_since=None)
    marked = [(each, {"waiting_since": at}) for each, at in zip(waiting, since, strict=True)]
    events.record_many("answered_marked", marked)
    return refused


def tag(numbers: Iterable[int], *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Refused:
    """Add tags and take others away, all of them as they are kept (see `tag_name`)."""
    wanted, unwanted = set(add), set(remove)
    told: list[tuple[Ticket, Mapping[str, Any]]] = []
    refused: Refused = {}
    for ticket in _locked(numbers):
        before = set(ticket.tags)
        after = (before | wanted) - unwanted
        if len(after) > MOST_TAGS and after != before:
            refused[ticket.pk] = too_many_tags()
        elif after != before:
            told.append((ticket, {"added": sorted(after - before), "removed": sorted(before - after)}))
    new = {name for _ticket, facts in told for name in facts["added"]}
    Tag.objects.bulk_create([Tag(name=name) for name in sorted(new)], ignore_conflicts=True)
    if told:
        run(_TAG, [each.pk for each, _facts in told], sorted(wanted), sorted(unwanted))
    events.record_many("tags_changed", told)
    return refused


_TAG = """
WITH given AS (SELECT %s::bigint[] AS tickets, %s::text[] AS wanted, %s::text[] AS unwanted)
UPDATE inbox_ticket AS t SET tags = coalesce((
    SELECT array_agg(DISTINCT name COLLATE "C" ORDER BY name COLLATE "C")
    FROM unnest(t.tags::text[] || given.wanted) AS name WHERE name <> ALL(given.unwanted)
), '{}')
FROM given WHERE t.id = ANY(given.tickets)
"""


def _change(numbers: Iterable[int], **values: Any) -> tuple[list[Ticket], Refused]:
    """Change the tickets that differ, except those that were merged away."""
    [(field, wanted)] = values.items()
    column = getattr(Ticket, field).field.attname
    value = wanted.pk if isinstance(wanted, Model) else wanted
    changed, refused = [], {}
    for ticket in _locked(numbers):
        if getattr(ticket, column) == value:
            continue
        try:
            refuse_merged(ticket)
            changed.append(ticket)
        except CannotTend as why:
            refused[ticket.pk] = why
    _write(changed, **{column: value})
    return changed, refused


def _write(tickets: Iterable[Ticket], **values: object) -> None:
    numbers = [each.pk for each in tickets]
    if numbers:
        Ticket.objects.filter(pk__in=among(numbers)).update(**values)


def _locked(numbers: Iterable[int]) -> Iterable[Ticket]:
    return Ticket.objects.select_for_update().filter(pk__in=among(numbers)).order_by("pk")
