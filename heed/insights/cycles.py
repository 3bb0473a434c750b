"""From facts to cycles and waits: the one definition of each figure of a ticket.

A *cycle* goes from the first customer message to Solved; a customer who writes after that begins the next.
A *wait* goes from the oldest customer message that nobody answered to the answer. Several messages in a row
are one wait. Marked answered without an answer, a wait ends as *no reply needed* and is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from heed.inbox.presence import IDLE
from heed.insights.clocks import Duration, Hours, duration, union
from heed.insights.facts import Fact, Timeline, in_order


@dataclass
class Wait:
    """One wait of the customer."""

    since: datetime
    first: bool
    """Whether nobody had answered in the cycle before: its answer is the first reply."""
    lane: int
    sources: list[str]
    until: datetime | None = None
    """The answer of a person."""
    any_until: datetime | None = None
    """The first answer, also of a bot."""
    dropped: datetime | None = None
    """No reply was needed."""
    handed_at: datetime | None = None
    by: int | None = None
    """The person who sent the answer."""
    outside: bool = False
    """Answered, but not from Heed."""
    due: datetime | None = None
    missed: bool = False

    @property
    def open(self) -> bool:
        return self.until is None and self.dropped is None

    @property
    def end(self) -> datetime | None:
        return self.until or self.dropped

    def reply(self, hours: Hours) -> Duration | None:
        """Until a person answered."""
        return duration(hours.of(self.lane), self.since, self.until, self.handed_at) if self.until else None

    def any_reply(self, hours: Hours) -> Duration | None:
        """Until anybody answered, a bot too."""
        ends = [each for each in (self.any_until, self.until) if each is not None]
        return duration(hours.of(self.lane), self.since, min(ends), self.handed_at) if ends else None

    def kept(self, now: datetime) -> bool | None:
        """Whether the target was kept; None where none was set, no reply was needed, or it may still be."""
        if self.missed:
            return False
        if self.due is None or self.dropped is not None:
            return None
        if self.until is not None:
            return self.until <= self.due
        return None if now <= self.due else False


@dataclass
class Cycle:
    """From the first customer message to Solved."""

    opened: datetime
    sources: list[str]
    lane: int = 0
    """The ticket it was opened in."""
    waits: list[Wait] = field(default_factory=list)
    first_solved: datetime | None = None
    last_solved: datetime | None = None
    answers: list[str] = field(default_factory=list)
    due: datetime | None = None
    missed: bool = False

    @property
    def answered(self) -> bool:
        return bool(self.answers)

    @property
    def no_reply_needed(self) -> int:
        return sum(1 for each in self.waits if each.dropped is not None)

    def resolution(self, hours: Hours, *, last: bool = False) -> Duration | None:
        """From the opening to the first (or last) Solved in it."""
        end = self.last_solved if last else self.first_solved
        return duration(hours.of(self.lane), self.opened, end) if end else None

    def kept(self, now: datetime) -> bool | None:
        """Whether the target of its resolution was kept."""
        if self.missed:
            return False
        if self.due is None:
            return None
        if self.first_solved is not None:
            return self.first_solved <= self.due
        return None if now <= self.due else False


@dataclass
class Work:
    """Somebody had it open and worked on it, until they answered, left, or were idle for too long."""

    who: int
    since: datetime
    until: datetime
    answered: bool = False

    def seconds(self, since: datetime, until: datetime) -> float:
        """How much of it lies between these times."""
        return max(0.0, (min(self.until, until) - max(self.since, since)).total_seconds())


@dataclass
class Sent:
    """An answer somebody sent."""

    who: int
    at: datetime
    source: str


@dataclass
class Story:
    """The figures of one ticket."""

    cycles: list[Cycle] = field(default_factory=list)
    holders: list[int] = field(default_factory=list)
    """Who had it, each once, in order."""
    handed_over: list[datetime] = field(default_factory=list)
    """When it went from one person to another."""
    work: list[Work] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)
    """When it was asked whether all is well, with two choices to tap."""
    rated: dict[int, tuple[datetime, bool]] = field(default_factory=dict)
    """By question, when it was answered and whether well: the last tap counts."""
    spam: bool = False

    @property
    def waits(self) -> list[Wait]:
        return [wait for cycle in self.cycles for wait in cycle.waits]

    @property
    def reopens(self) -> int:
        return max(0, len(self.cycles) - 1)

    def waiting(self, hours: Hours, now: datetime) -> Duration:
        """All time in which the customer waited, also what runs still, each moment once."""
        return union(
            (hours.of(each.lane), each.since, each.end or max(now, each.since)) for each in self.waits
        )

    @property
    def still_waiting(self) -> bool:
        return any(each.open for each in self.waits)


def told(timeline: Timeline) -> Story:
    """The story of a ticket. Spam has none: it leaves all figures."""
    if timeline.spam:
        return Story(spam=True)
    reader = _Reader()
    facts = in_order(timeline.facts)
    for fact in facts:
        reader.read(fact)
    reader.story.work = worked(facts)
    return reader.story


def worked(facts: Sequence[Fact]) -> list[Work]:
    """Who worked on it when. It begins with opening, and ends with the last answer meanwhile, or else with
    leaving; the event log tells of leaving five minutes after the last thing somebody did, at the latest. Of
    what has not ended yet five minutes count."""
    found: list[Work] = []
    begun: dict[tuple[int, int], Work] = {}
    for fact in facts:
        if fact.who is None or fact.kind not in ("opened", "left", "answer"):
            continue
        key = fact.who, fact.lane
        now = begun.get(key)
        if fact.kind == "opened":
            if now is not None:
                now.until = min(now.until, fact.at)
            begun[key] = Work(fact.who, fact.at, fact.at + IDLE)
            found.append(begun[key])
        elif now is not None:
            if fact.kind == "answer" or not now.answered:
                now.until = fact.at
            now.answered = now.answered or fact.kind == "answer"
            if fact.kind == "left":
                del begun[key]
    return found


class _Reader:
    """Reads facts in order."""

    def __init__(self) -> None:
        self.story = Story()
        self.cycle: Cycle | None = None
        self.poured: dict[int, int] = {}
        self.holder: int | None = None
        self.said: set[int] = set()
        """The lanes in which a person has answered in this cycle."""
        self.unsolved = False
        """A person set another status after it was solved: the cycle goes on."""

    def read(self, fact: Fact) -> None:
        match fact.kind:
            case "customer":
                self._customer(fact)
            case "answer":
                self._answer(fact)
            case "bot":
                for wait in self._open(fact):
                    wait.any_until = wait.any_until or fact.at
            case "handed_off":
                for wait in self._open(fact):
                    wait.handed_at = wait.handed_at or fact.at
                    wait.sources.append(fact.source)
            case "answered":
                self._drop(fact)
            case "unanswered":
                if self.cycle is not None and not self._open(fact):
                    self._wait(fact)
            case "solved":
                self._solved(fact)
            case "unsolved" if self._lane(fact) == 0:
                self.unsolved = True
            case "assigned":
                self._assigned(fact)
            case "asked":
                self.story.asked.append(fact.at)
            case "rated":
                self.story.rated[fact.question] = fact.at, fact.name == "good"
            case "target" | "missed":
                self._target(fact)
            case "merged":
                self._merge(fact)

    def _lane(self, fact: Fact) -> int:
        return self._end(fact.lane)

    def _end(self, lane: int) -> int:
        while lane in self.poured:
            lane = self.poured[lane]
        return lane

    def _open(self, fact: Fact) -> list[Wait]:
        """The open waits something in this lane can end, also one that came in an earlier cycle elsewhere."""
        lane = self._lane(fact)
        return [each for each in self.story.waits if each.open and self._end(each.lane) == lane]

    def _customer(self, fact: Fact) -> None:
        waits = self._open(fact)
        if waits and self._lane(fact) != 0:
            return  # in a ticket that nothing here has solved
        if self.cycle is None or self._is_over(self.cycle):
            self.cycle = Cycle(fact.at, [fact.source], fact.lane)
            self.story.cycles.append(self.cycle)
            self.said.clear()
            self.unsolved = False
        if not any(each in waits for each in self.cycle.waits):
            self._wait(fact)

    def _is_over(self, cycle: Cycle) -> bool:
        return cycle.last_solved is not None and not self.unsolved

    def _wait(self, fact: Fact) -> None:
        assert self.cycle is not None
        lane = self._lane(fact)
        self.cycle.waits.append(Wait(fact.at, lane not in self.said, fact.lane, [fact.source]))

    def _answer(self, fact: Fact) -> None:
        if fact.who is not None:
            self.story.sent.append(Sent(fact.who, fact.at, fact.source))
        if self.cycle is None:
            return  # we wrote first
        self.said.add(self._lane(fact))
        self.cycle.answers.append(fact.source)
        for wait in self._open(fact):
            wait.until, wait.by, wait.outside = fact.at, fact.who, fact.who is None
            wait.sources.append(fact.source)

    def _drop(self, fact: Fact) -> None:
        for wait in self._open(fact):
            wait.dropped = fact.at
            wait.sources.append(fact.source)

    def _solved(self, fact: Fact) -> None:
        if self.cycle is None or self._lane(fact) != 0:
            return
        self.unsolved = False
        self.cycle.first_solved = self.cycle.first_solved or fact.at
        self.cycle.last_solved = fact.at
        self.cycle.sources.append(fact.source)
        self._drop(fact)

    def _merge(self, fact: Fact) -> None:
        """What comes in and waits opens a solved ticket again: the cycle in which it came goes on."""
        waits = self._open(fact)
        self.poured[fact.lane] = fact.into
        if self.cycle is None or not self._is_over(self.cycle) or self._lane(fact) != 0:
            return
        for cycle in reversed(self.story.cycles):
            if any(each in waits for each in cycle.waits):
                self.cycle, self.unsolved = cycle, True
                return

    def _assigned(self, fact: Fact) -> None:
        if fact.who is not None:
            if self.holder is not None and fact.who != self.holder:
                self.story.handed_over.append(fact.at)
            if fact.who not in self.story.holders:
                self.story.holders.append(fact.who)
        self.holder = fact.who

    def _target(self, fact: Fact) -> None:
        if fact.name == "resolution":
            cycle = self._to_be_solved(fact)
            if cycle is None:
                return
            if fact.kind == "missed":
                cycle.missed = True
            else:
                cycle.due = fact.due
            return
        waits = self._open(fact)
        if fact.since is not None and all(each.since > fact.since for each in waits):
            return  # of what was merged in for a while, and waits elsewhere again
        for wait in waits:
            if fact.kind == "missed":
                wait.missed = True
            else:
                wait.due = fact.due

    def _to_be_solved(self, fact: Fact) -> Cycle | None:
        """The cycle whose resolution something is said of in this lane: where it is known since when that was
        promised, the one that had begun then."""
        lane = self._lane(fact)
        cycles = [each for each in self.story.cycles if fact.since is None or each.opened <= fact.since]
        if lane != 0:  # what still stands alone is not solved with the rest
            came = (each for each in reversed(cycles) if any(wait.lane == lane for wait in each.waits))
            return next(came, None)
        if self.cycle is None or (fact.since is not None and cycles and cycles[-1] is not self.cycle):
            return cycles[-1] if cycles and self._brought_in(cycles[-1]) else None
        # Once it is solved that was of one which was merged in for a while.
        return None if self._is_over(self.cycle) else self.cycle

    def _brought_in(self, cycle: Cycle) -> bool:
        """Whether something of it came in with another ticket."""
        return any(each.lane != 0 and self._end(each.lane) == 0 for each in cycle.waits)


def facts_of(waits: Iterable[Wait]) -> list[str]:
    """The rows that waits came from."""
    return sorted({source for wait in waits for source in wait.sources if source})


def answered_share(cycles: Sequence[Cycle]) -> float | None:
    """Cycles with an answer, of all that were opened; None where there are none."""
    return sum(each.answered for each in cycles) / len(cycles) if cycles else None
