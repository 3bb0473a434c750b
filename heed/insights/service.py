"""The figures of a time and of the tickets somebody may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.models.events import OF_PEOPLE
from heed.inbox.reach import sight
from heed.insights.clocks import Duration, Hours
from heed.insights.cycles import Cycle, Story, Wait, facts_of, told
from heed.insights.figures import Figure, figure
from heed.insights.reading import lives
from heed.routing import desk_hours

Clock = Literal["elapsed", "business", "handed"]
AT_ONCE = 500


@dataclass
class Service:
    """What was measured: each duration by each clock, with all that goes with it."""

    durations: dict[tuple[str, Clock], list[float]] = field(default_factory=lambda: defaultdict(list))
    sources: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cycles: int = 0
    answered: int = 0
    no_reply_needed: int = 0
    reopens: int = 0
    hand_overs: int = 0
    outside: int = 0
    kept: int = 0
    missed: int = 0
    spam: int = 0
    asked: int = 0
    rated: int = 0
    good: int = 0
    handled: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    sent: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def figure(self, name: str, clock: Clock = "elapsed") -> Figure:
        """One of first_reply, first_reply_any, next_reply, waiting_time, resolution_first,
        resolution_last, with the rows it came from."""
        return figure(self.durations[name, clock], self.waiting[name], sorted(set(self.sources[name])))

    @property
    def answered_share(self) -> float | None:
        return self.answered / self.cycles if self.cycles else None

    @property
    def kept_share(self) -> float | None:
        """Targets kept, of those that were kept or missed."""
        judged = self.kept + self.missed
        return self.kept / judged if judged else None

    @property
    def satisfaction(self) -> float | None:
        """Good ratings, of all."""
        return self.good / self.rated if self.rated else None

    @property
    def response_rate(self) -> float | None:
        """Ratings, of all that could be given."""
        return self.rated / self.asked if self.asked else None

    def add(self, name: str, found: Duration | None, sources: list[str]) -> None:
        """One more duration; one that has not ended still waits."""
        self.sources[name] += sources
        if found is None:
            self.waiting[name] += 1
            return
        self.durations[name, "elapsed"].append(found.elapsed)
        self.durations[name, "business"].append(found.business)
        if found.handed is not None:
            self.durations[name, "handed"].append(found.handed)


def service(user: User, since: datetime, until: datetime, now: datetime) -> Service:
    """The figures of the cycles opened from `since` until before `until`, and of what people did in that
    time, on the tickets this person may see figures of. Raises `NotAllowed`."""
    found, desk = Service(), desk_hours.read()
    for tickets in _tickets(user, since, until):
        for life in lives(tickets):
            story = told(life.timeline)
            if story.spam:
                found.spam += 1
                continue
            _count(found, story, life.hours(desk, now), since, until, now)
            _count_people(found, story, since, until)
    return found


def _tickets(user: User, since: datetime, until: datetime) -> Iterator[list[int]]:
    """The tickets in which something was said, done or asked in that time, some at a time."""
    done = Event.objects.filter(kind__in=OF_PEOPLE, at__gte=since, at__lt=until)
    asked = Message.objects.filter(direction="out", origin="follow_up", created_at__gte=since)
    asked = asked.filter(account__in=list(Account.objects.values_list("pk", flat=True)))
    rows = Ticket.objects.filter(sight(user, "figures").q(), opened_at__lt=until)
    ways = (
        rows.filter(last_at__gte=since),
        rows.filter(pk__in=done.values("ticket")),
        rows.filter(pk__in=asked.values("ticket")),
    )
    found = sorted({pk for way in ways for pk in way.values_list("pk", flat=True).iterator()})
    for start in range(0, len(found), AT_ONCE):
        yield found[start : start + AT_ONCE]


def _count(
    found: Service, story: Story, hours: Hours, since: datetime, until: datetime, now: datetime
) -> None:
    """What began in that time, however long it took."""
    cycles = [each for each in story.cycles if since <= each.opened < until]
    for cycle in cycles:
        _count_cycle(found, cycle, hours, now)
        found.reopens += cycle is not story.cycles[0]
    if cycles:
        waits = [wait for cycle in cycles for wait in cycle.waits]
        found.add("waiting_time", Story(cycles).waiting(hours, now), facts_of(waits))
        found.waiting["waiting_time"] += any(each.open for each in waits)


def _count_people(found: Service, story: Story, since: datetime, until: datetime) -> None:
    """What people did in that time, whenever the matter began."""
    found.hand_overs += sum(since <= at < until for at in story.handed_over)
    for work in story.work:
        if seconds := work.seconds(since, until):
            found.handled[work.who] += seconds
    found.asked += sum(since <= at < until for at in story.asked)
    ratings = [good for at, good in story.rated.values() if since <= at < until]
    found.rated += len(ratings)
    found.good += sum(ratings)
    for sent in story.sent:
        if since <= sent.at < until:
            found.sent[sent.who] += 1


def _count_cycle(found: Service, cycle: Cycle, hours: Hours, now: datetime) -> None:
    found.cycles += 1
    found.answered += cycle.answered
    found.no_reply_needed += cycle.no_reply_needed
    found.add("resolution_first", cycle.resolution(hours), cycle.sources)
    found.add("resolution_last", cycle.resolution(hours, last=True), cycle.sources)
    for wait in cycle.waits:
        found.outside += wait.outside
        _count_wait(found, wait, hours)
    for verdict in (cycle.kept(now), *(wait.kept(now) for wait in cycle.waits)):
        found.kept += verdict is True
        found.missed += verdict is False


def _count_wait(found: Service, wait: Wait, hours: Hours) -> None:
    name = "first_reply" if wait.first else "next_reply"
    if wait.dropped is None:
        found.add(name, wait.reply(hours), facts_of([wait]))
    if wait.first and (wait.dropped is None or wait.any_until is not None):
        found.add("first_reply_any", wait.any_reply(hours), facts_of([wait]))
