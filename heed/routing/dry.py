"""What a rule would have done in the past days, without doing anything.

The tickets are looked at as they were then: their events tell how they stood, their messages what had been
said. It reads the newest first and stops when it has looked at enough; the answer says so.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Max, Q

from heed.inbox.conditions import Condition, Facts, Test, of_rule, parse
from heed.inbox.models import Event, Message, Ticket
from heed.lib import clock
from heed.routing import actions, by_time, desk_hours, rules
from heed.routing.as_it_was import AsItWas, at_the_split
from heed.routing.models import Rule
from heed.routing.told_elsewhere import Groups, blocks_of, with_others

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
    groups_of_today: bool = False
    """Of some customers it was not written down then which group they were in: they had today's."""

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.touches)


@dataclass
class _Then(Facts):
    """A ticket as it was at a moment, and what had been said by then."""

    said: list[Message]
    inside: frozenset[int]
    """The tickets that had been merged into it."""

    @cached_property
    def messages(self) -> list[Message]:
        homes = {None, self.ticket.pk, *self.inside}
        return [each for each in self.said if each.at <= self.now and each.home_id in homes]


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
        for story in _stories(numbers[start : start + _AT_ONCE], looking.of_groups, found.since):
            found.looked_at += 1
            _note(found, looking.touch(story, found.since))
    found.groups_of_today = looking.groups_of_today
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


@dataclass(frozen=True, slots=True)
class _Story:
    """A ticket with all that happened and was said, and the one it was split off, as that was then."""

    ticket: Ticket
    events: list[Event]
    said: list[Message]
    source: Ticket | None
    group_unknown_until: datetime | None


def _stories(numbers: list[int], of_groups: bool, since: datetime) -> Iterator[_Story]:
    """The stories of these tickets; `of_groups`: with what changed their customers' groups since a time."""
    rows = Ticket.objects.select_related("account", "identity", "customer", "post")
    tickets = rows.in_bulk(numbers)
    sources = rows.in_bulk({each.split_from_id for each in tickets.values() if each.split_from_id})
    events: dict[int, list[Event]] = defaultdict(list)
    happened = Event.objects.filter(ticket__in=[*numbers, *sources])
    for event in happened.select_related("message").order_by("at", "id"):
        events[event.ticket_id or 0].append(event)
    said: dict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(Q(ticket__in=numbers) | Q(home__in=numbers)).order_by("id"):
        for number in {message.ticket_id, message.home_id or message.ticket_id}:
            said[number].append(message)
    blocks = blocks_of({each.identity_id for each in tickets.values()})
    groups = Groups({each.customer_id for each in tickets.values()} if of_groups else (), since)
    for number in numbers:
        if number in tickets:
            ticket = tickets[number]
            source = sources.get(ticket.split_from_id or 0)
            at_split = at_the_split(source, events[source.pk], number) if source else None
            elsewhere = [*blocks[ticket.identity_id], *groups.changes(ticket)]
            happened_here = with_others(events[number], elsewhere)
            yield _Story(ticket, happened_here, said[number], at_split, groups.unknown_until(ticket))


class _Looking:
    """Puts a rule to tickets as they were."""

    def __init__(self, rule: Rule, condition: Condition, now: datetime) -> None:
        self.rule = rule
        self.condition = condition
        self.now = now
        self.kinds = {kind for kind in rule.when if kind != Rule.TIME}
        self.by_time = Rule.TIME in rule.when
        self.of_groups = condition.asks("group")
        self.groups_of_today = False
        self._asker = of_rule(now, desk_hours.zone())
        self._test = condition.test_of_rule(self._asker)

    def touch(self, story: _Story, since: datetime) -> Touch | None:
        """What the rule would have done to this ticket; None where nothing."""
        first: tuple[datetime, Ticket] | None = None
        states: set[object] = set()
        for at, event, then, inside in _moments(story, since, self.now, between=self.by_time):
            if event is None and (_state(then) in states or not self.by_time):
                continue
            if event is not None and not self._sets_off(event, story.ticket):
                continue
            if not self._looks_at(then, by_time=event is None):
                continue
            if story.group_unknown_until is not None and at < story.group_unknown_until:
                self.groups_of_today = True
            if not self._holds(_Then(then, None, at, story.said, inside)):
                continue
            states.add(event.pk if event is not None else _state(then))
            first = first or (at, then)
        if first is None:
            return None
        at, then = first
        return Touch(story.ticket, at, len(states), tuple(_deeds(self.rule.actions, then)))

    def _sets_off(self, event: Event, ticket: Ticket) -> bool:
        if event.ticket_id != ticket.pk or event.kind not in self.kinds:
            return False
        return event.message is None or not event.message.origin

    def _looks_at(self, then: Ticket, *, by_time: bool) -> bool:
        if then.spam and not self.condition.asks("is", "spam"):
            return False
        if then.merged_into_id and not self.condition.asks("is", "merged"):
            return False
        if then.identity.blocked and not self.condition.asks("is", "blocked"):
            return False
        if not by_time or then.status != Ticket.Status.SOLVED:
            return True
        asks = self.condition.asks
        return asks("is", "solved") or asks("status", "solved") or asks("solved")

    def _holds(self, then: _Then) -> bool:
        test: Test = self._test
        if self.condition.moves:
            test = self.condition.test_of_rule(self._asker.at(then.now))
        return test.holds(then)


def _moments(
    story: _Story, since: datetime, now: datetime, *, between: bool
) -> Iterator[tuple[datetime, Event | None, Ticket, frozenset[int]]]:
    """How the ticket stood right after each event of the period, and with `between` also right before the
    next one and now: what grows with time is largest there."""
    events, was = story.events, AsItWas(story.ticket, story.events, story.source)
    for place, event in enumerate(events):
        was.apply(event)
        until = events[place + 1].at - _BEFORE if place + 1 < len(events) else now
        if event.at >= since:
            yield event.at, event, *was.as_rules_saw_it(event, events[place + 1 :])
            if between:
                yield event.at, None, *was.taken()
        if between and until >= max(since, event.at):
            yield until, None, *was.taken()


def _state(then: Ticket) -> tuple[object, ...]:
    return then.status, then.unanswered, then.waiting_since, then.due_at, then.last_at


def _deeds(wanted: Iterable[dict[str, Any]], then: Ticket) -> Iterator[str]:
    """What would have changed; what was so already is left out."""
    for action in wanted:
        if actions.would_change(then, action):
            yield actions.tell(action)
