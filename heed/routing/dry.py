"""What a rule would have done in the past days, without doing anything.

The tickets are looked at as they were then: their events tell how they stood, their messages what had been
said. It reads the newest first and stops when it has looked at enough; the answer says so.
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Max

from heed.inbox.conditions import Condition, Facts, Test, parse
from heed.inbox.models import Event, Message, Ticket
from heed.lib import clock
from heed.routing import actions, by_time, desk_hours, rules
from heed.routing.models import Rule

DAYS = 7
MOST_TICKETS = 1000
"""Tickets looked at."""
MOST_EVENTS = 200_000
"""Newest events among which is looked."""
MOST_SECONDS = 4.0
MOST_SHOWN = 50
_AT_ONCE = 100
_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Touch:
    """A ticket the rule would have touched, when first, how often, and what would have changed."""

    ticket: Ticket
    at: datetime
    times: int
    deeds: tuple[str, ...]


@dataclass(slots=True)
class DryRun:
    """What came of it."""

    since: datetime
    touches: list[Touch] = field(default_factory=list)
    count: int = 0
    looked_at: int = 0
    cut: bool = False
    """It would have taken longer: only the newest tickets were looked at."""
    now: int = 0
    """How many of them it would touch right away when it is switched on, where it looks at time."""

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.touches)


@dataclass
class _Then(Facts):
    """A ticket as it was at a moment, and what had been said by then."""

    said: list[Message]

    @cached_property
    def messages(self) -> list[Message]:
        return [each for each in self.said if each.created_at <= self.now]


def dry_run(rule: Rule, *, days: int = DAYS) -> DryRun:
    """What this rule, saved or not, would have done. Raises `BadCondition`."""
    condition = parse(rule.condition)
    now = clock.now()
    found = DryRun(now - timedelta(days=days))
    deadline = time.monotonic() + MOST_SECONDS
    looking = _Looking(rule, condition, now)
    numbers = _numbers(rule, condition, found)
    for start in range(0, len(numbers), _AT_ONCE):
        if time.monotonic() > deadline:
            found.cut = True
            break
        for ticket, events, said in _stories(numbers[start : start + _AT_ONCE]):
            found.looked_at += 1
            _note(found, looking.touch(ticket, events, said, found.since))
    return found


def _note(found: DryRun, touch: Touch | None) -> None:
    if touch is None:
        return
    found.count += 1
    if len(found.touches) < MOST_SHOWN:
        found.touches.append(touch)


def _numbers(rule: Rule, condition: Condition, found: DryRun) -> list[int]:
    """The tickets to look at, the newest first."""
    wanted: dict[int, None] = {}
    kinds = [kind for kind in rule.when if kind != Rule.TIME]
    if kinds:
        newest = Event.objects.aggregate(n=Max("pk"))["n"] or 0
        rows = Event.objects.filter(pk__gt=newest - MOST_EVENTS, kind__in=kinds, at__gte=found.since)
        found.cut = (
            newest > MOST_EVENTS
            and Event.objects.filter(pk=newest - MOST_EVENTS, at__gte=found.since).exists()
        )
        _gather(wanted, rows.exclude(ticket=None).order_by("-pk").values_list("ticket", flat=True).iterator())
    if Rule.TIME in rule.when:
        ready = rules.made_ready(rule)
        if ready is not None:
            right_away = list(
                by_time.in_time(ready).order_by("-pk").values_list("pk", flat=True)[: MOST_TICKETS + 1]
            )
            found.now = len(right_away)
            _gather(wanted, iter(right_away))
        rows_ = Ticket.objects.filter(last_at__gte=found.since).order_by("-last_at", "-id")
        _gather(wanted, rows_.values_list("pk", flat=True)[: MOST_TICKETS + 1].iterator())
    numbers = list(wanted)
    found.cut = found.cut or len(numbers) > MOST_TICKETS
    return numbers[:MOST_TICKETS]


def _gather(wanted: dict[int, None], numbers: Iterator[int | None]) -> None:
    for number in numbers:
        if number is not None:
            wanted[number] = None
        if len(wanted) > MOST_TICKETS:
            return


def _stories(numbers: list[int]) -> Iterator[tuple[Ticket, list[Event], list[Message]]]:
    """The tickets with all that happened and was said, some at a time."""
    rows = Ticket.objects.filter(pk__in=numbers)
    tickets = rows.select_related("account", "identity", "customer", "post").in_bulk(numbers)
    events: dict[int, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(ticket__in=numbers).select_related("message").order_by("at", "id"):
        events[event.ticket_id or 0].append(event)
    said: dict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(ticket__in=numbers).order_by("id"):
        said[message.ticket_id].append(message)
    for number in numbers:
        if number in tickets:
            yield tickets[number], events[number], said[number]


class _Looking:
    """Puts a rule to tickets as they were."""

    def __init__(self, rule: Rule, condition: Condition, now: datetime) -> None:
        self.rule = rule
        self.condition = condition
        self.now = now
        self.kinds = {kind for kind in rule.when if kind != Rule.TIME}
        self.by_time = Rule.TIME in rule.when
        self.zone = desk_hours.zone()
        self._test = condition.test_of_rule(now, self.zone)

    def touch(
        self, ticket: Ticket, events: list[Event], said: list[Message], since: datetime
    ) -> Touch | None:
        """What the rule would have done to this ticket; None where nothing."""
        first: tuple[datetime, Ticket] | None = None
        states: set[object] = set()
        for at, event, then in _moments(ticket, events, since, self.now, between=self.by_time):
            if event is None and (_state(then) in states or not self.by_time):
                continue
            if event is not None and not self._sets_off(event):
                continue
            if not self._looks_at(then, by_time=event is None) or not self._holds(then, said, at):
                continue
            states.add(event.pk if event is not None else _state(then))
            first = first or (at, then)
        if first is None:
            return None
        at, then = first
        return Touch(ticket, at, len(states), tuple(_deeds(self.rule.actions, then)))

    def _sets_off(self, event: Event) -> bool:
        return event.kind in self.kinds and not (event.message is not None and event.message.origin)

    def _looks_at(self, then: Ticket, *, by_time: bool) -> bool:
        if (then.spam and not self.condition.asks("is", "spam")) or then.merged_into_id:
            return False
        if then.identity.blocked and not self.condition.asks("is", "blocked"):
            return False
        if not by_time or then.status != Ticket.Status.SOLVED:
            return True
        asks = self.condition.asks
        return asks("is", "solved") or asks("status", "solved") or asks("solved")

    def _holds(self, then: Ticket, said: list[Message], at: datetime) -> bool:
        test: Test = self.condition.test_of_rule(at, self.zone) if self.condition.moves else self._test
        return test.holds(_Then(then, None, at, said))


def _moments(
    ticket: Ticket, events: list[Event], since: datetime, now: datetime, *, between: bool
) -> Iterator[tuple[datetime, Event | None, Ticket]]:
    """How the ticket stood right after each event of the period, and with `between` also right before the
    next one and now: what grows with time is largest there."""
    then = as_it_began(ticket)
    for place, event in enumerate(events):
        apply(then, event)
        until = events[place + 1].at - _BEFORE if place + 1 < len(events) else now
        if event.at >= since:
            yield event.at, event, copy.copy(then)
            if between:
                yield event.at, None, copy.copy(then)
        if between and until >= max(since, event.at):
            yield until, None, copy.copy(then)


def as_it_began(ticket: Ticket) -> Ticket:
    """The ticket as it was when it was opened."""
    then = copy.copy(ticket)
    then.status, then.priority, then.tags = Ticket.Status.NEW, Ticket.Priority.NORMAL, []
    then.assignee_id = then.team_id = None
    then.unanswered, then.waiting_since = True, ticket.opened_at
    then.solved_at = then.snoozed_until = None
    then.spam, then.language, then.last_at = False, "", ticket.opened_at
    return then


def apply(then: Ticket, event: Event) -> None:
    """Let happen to the ticket what the event tells."""
    facts = event.facts
    match event.kind:
        case "message_received":
            then.last_at, then.snoozed_until = event.at, None
            if not then.unanswered:
                then.unanswered, then.waiting_since = True, event.at
        case "ticket_reopened":
            then.status, then.solved_at = Ticket.Status.OPEN, None
        case "answer_queued":
            then.last_at = event.at
            if then.status == Ticket.Status.NEW and not facts.get("origin"):
                then.status = Ticket.Status.OPEN
        case "answered_marked":
            then.unanswered, then.waiting_since = False, None
        case "unanswered_marked":
            then.unanswered, then.waiting_since = True, event.at
        case "status_changed":
            then.status = str(facts.get("status") or then.status)
            then.solved_at = event.at if then.status == Ticket.Status.SOLVED else None
        case _:
            _sort(then, event, facts)


def _sort(then: Ticket, event: Event, facts: dict[str, Any]) -> None:
    match event.kind:
        case "assigned":
            then.assignee_id = facts.get("person")
        case "team_changed":
            then.team_id = facts.get("team")
        case "priority_changed":
            then.priority = int(facts.get("priority") or then.priority)
        case "tags_changed":
            tags = (set(then.tags) | set(facts.get("added", []))) - set(facts.get("removed", []))
            then.tags = sorted(tags)
        case "language_told":
            then.language = str(facts.get("language") or "")
        case "snoozed":
            then.snoozed_until = clock.from_iso(str(facts["until"])) if facts.get("until") else None
        case "woke":
            then.snoozed_until = None
        case "marked_spam":
            then.spam = True
        case "not_spam":
            then.spam = False


def _state(then: Ticket) -> tuple[object, ...]:
    return then.status, then.unanswered, then.waiting_since, then.due_at, then.last_at


def _deeds(wanted: Iterable[dict[str, Any]], then: Ticket) -> Iterator[str]:
    """What would have changed; what was so already is left out."""
    for action in wanted:
        if actions.would_change(then, action):
            yield actions.tell(action)
