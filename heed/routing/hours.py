"""Opening hours as arithmetic. Nothing here knows the database, or loops over minutes.

Intervals are meant on the wall clock: an instant is open when a clock on the wall there shows a time inside
one. So a night shift from 22:00 to 06:00 has nine hours when the clocks go back in it and seven when they go
forward. Days are read as pieces between changes of the clock, within which it is a plain shift.

Times in and out carry their zone; durations are seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 24 * 60
_SECOND = timedelta(seconds=1)
_NEVER_AFTER = 800
"""Days without any opening after which it is taken that there never will be one: more than two years, so
that a schedule open only on yearly days is understood."""


class Span(NamedTuple):
    """From when to when, in minutes since midnight on the wall clock. One that closes no later than it opens
    goes on into the next day; 0 to 1440 is the whole day."""

    opens: int
    closes: int

    @property
    def overnight(self) -> bool:
        return self.closes <= self.opens


class Stretch(NamedTuple):
    """An open time, in UTC, without its end."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day with hours of its own; without any the desk is closed from midnight to midnight. The night shift
    of the day before ends at midnight then. `year` 0 means every year."""

    name: str
    month: int
    day: int
    year: int = 0
    spans: tuple[Span, ...] = ()

    def next_after(self, day: date) -> date | None:
        """The first day from `day` on that it falls on; None when it is over for good."""
        for year in range(day.year, day.year + 9):  # the 29th of February is eight years apart at most
            if self.year in (0, year):
                try:
                    found = date(year, self.month, self.day)
                except ValueError:
                    continue
                if found >= day:
                    return found
        return None


@dataclass(frozen=True)
class OpeningHours:
    """A week in a time zone, and the days that are different. `week` is Monday to Sunday."""

    zone: str = "UTC"
    week: tuple[tuple[Span, ...], ...] = ((Span(0, DAY),),) * 7
    holidays: tuple[Holiday, ...] = ()

    @cached_property
    def always(self) -> bool:
        return not self.holidays and all(Span(0, DAY) in spans for spans in self.week)

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _days(self) -> dict[date, tuple[Stretch, ...]]:
        return {}

    @cached_property
    def _yearly(self) -> dict[tuple[int, int, int], Holiday]:
        """The first one named for a day counts; one of a year goes before one of every year."""
        return {(each.year, each.month, each.day): each for each in reversed(self.holidays)}

    # --------------------------------------------------------------------- the four questions

    def is_open(self, at: datetime) -> bool:
        return self.always or any(each.start <= at < each.end for each in self._of(self._local_day(at)))

    def next_opening(self, at: datetime) -> datetime | None:
        """When somebody is there: `at` itself while it is open. None when it never opens again."""
        if self.is_open(at):
            return at.astimezone(UTC)
        return next((each.start for each in self._from(at) if each.start >= at), None)

    def next_closing(self, at: datetime) -> datetime | None:
        """Until when it stays open from `at` on; None while it is closed, or when it never closes."""
        if self.always or not self.is_open(at):
            return None
        end: datetime | None = None
        for each in self._from(at):
            if end is not None and (each.start > end or end - at > timedelta(days=400)):
                break
            end = each.end
        return end

    def business_seconds(self, start: datetime, end: datetime) -> float:
        """For how long it was open between two times. Nothing when the end is no later than the start."""
        return length(self.open_between(start, end))

    def open_between(self, start: datetime, end: datetime) -> Iterator[Stretch]:
        """The open times between two times, in order."""
        if end <= start:
            return
        if self.always:
            yield Stretch(start, end)
            return
        day, last = self._local_day(start) - timedelta(days=1), self._local_day(end) + timedelta(days=1)
        while day <= last:
            for each in self._of(day):
                if each.end > start and each.start < end:
                    yield Stretch(max(start, each.start), min(end, each.end))
            day += timedelta(days=1)

    def add_business(self, at: datetime, seconds: float) -> datetime | None:
        """The first time by which it has been open for so long since `at`; None when that never comes.

        `business_seconds(at, add_business(at, s)) == s`.
        """
        left = timedelta(seconds=seconds)
        if left <= timedelta() or self.always:
            return at.astimezone(UTC) + max(timedelta(), left)
        for each in self._from(at):
            start = max(at, each.start)
            if each.end - start >= left:
                return start.astimezone(UTC) + left
            left -= each.end - start
        return None

    # ------------------------------------------------------------------------------ the days

    def stretches(self, day: date) -> tuple[Stretch, ...]:
        """The open times of a calendar day there, in order."""
        return self._of(day)

    def holiday(self, day: date) -> Holiday | None:
        """What makes this day different, if anything does."""
        found = self._yearly
        return found.get((day.year, day.month, day.day)) or found.get((0, day.month, day.day))

    def next_holiday(self, at: datetime) -> tuple[date, Holiday] | None:
        """The next day that is different, from today there on."""
        today = self._local_day(at)
        coming = [(day, each) for each in self.holidays if (day := each.next_after(today)) is not None]
        return min(coming, key=lambda row: row[0], default=None)

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(self.tz).date()

    def _from(self, at: datetime) -> Iterator[Stretch]:
        """The open times that end after `at`, in order, until there never will be one again."""
        day, empty = self._local_day(at) - timedelta(days=1), 0
        while empty <= _NEVER_AFTER:
            found = self._of(day)
            empty = 0 if found else empty + 1
            yield from (each for each in found if each.end > at)
            if day > date.max - timedelta(days=3):
                return
            day += timedelta(days=1)

    def _of(self, day: date) -> tuple[Stretch, ...]:
        found = self._days.get(day)
        if found is None:
            if len(self._days) > 4000:
                self._days.clear()
            found = self._days[day] = tuple(self._read(day))
        return found

    def _read(self, day: date) -> Iterator[Stretch]:
        """The wall clock of a day, laid over each piece of time in which it runs evenly."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = [
            Stretch(max(start, piece.start), min(end, piece.end))
            for piece, shift in pieces(self.zone, day)
            for opens, closes in self._wall(day)
            for start, end in [
                (midnight + timedelta(minutes=opens) - shift, midnight + timedelta(minutes=closes) - shift)
            ]
        ]
        yield from joined(each for each in found if each.start < each.end)

    def _wall(self, day: date) -> Iterator[tuple[int, int]]:
        """What is open between the day's two midnights, in minutes."""
        holiday = self.holiday(day)
        eve = day - timedelta(days=1)
        for span in self._spans(eve) if holiday is None else ():
            if span.overnight and span.closes:
                yield 0, span.closes
        for span in self._spans(day):
            yield span.opens, DAY if span.overnight else span.closes

    def _spans(self, day: date) -> tuple[Span, ...]:
        holiday = self.holiday(day)
        return self.week[day.weekday()] if holiday is None else holiday.spans


ALWAYS = OpeningHours()
"""Around the clock."""


@lru_cache(maxsize=20_000)
def pieces(zone: str, day: date) -> tuple[tuple[Stretch, timedelta], ...]:
    """The time around a calendar day of a zone, cut where its clocks change, each piece with its distance
    from UTC. Wide enough for every zone on earth."""
    tz = ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    start, end = midnight - timedelta(hours=15), midnight + timedelta(hours=39)
    marks = [start + timedelta(hours=6 * step) for step in range(10)]
    cuts = [start, *(found for pair in pairwise(marks) if (found := _change(tz, *pair))), end]
    return tuple((Stretch(a, b), _shift(tz, a)) for a, b in pairwise(cuts))


def _shift(tz: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(tz).utcoffset() or timedelta()


def _change(tz: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The instant from which the clocks show another distance from UTC, if they change between the two."""
    before = _shift(tz, start)
    if _shift(tz, end) == before:
        return None
    while end - start > _SECOND:
        middle = start + (end - start) // 2
        if _shift(tz, middle) == before:
            start = middle
        else:
            end = middle
    return end.replace(microsecond=0)


def length(stretches: Iterable[Stretch]) -> float:
    """Of all of them, in seconds."""
    return sum((each.end - each.start for each in stretches), timedelta()).total_seconds()


def joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """The same time in order, each part of it once."""
    open_now: Stretch | None = None
    for each in sorted(stretches):
        if open_now is None:
            open_now = each
        elif each.start <= open_now.end:
            open_now = Stretch(open_now.start, max(open_now.end, each.end))
        else:
            yield open_now
            open_now = each
    if open_now is not None:
        yield open_now


class Calendar:
    """Hours that changed: what held from when on. Before the first, the first held already."""

    def __init__(self, first: OpeningHours, changes: Sequence[tuple[datetime, OpeningHours]] = ()) -> None:
        kept = sorted(changes, key=lambda each: each[0])
        self.starts = [each[0] for each in kept]
        self.hours = [first, *(each[1] for each in kept)]

    def at(self, moment: datetime) -> OpeningHours:
        """The hours that hold at a moment."""
        return self.hours[bisect_right(self.starts, moment)]

    def business_seconds(self, start: datetime, end: datetime) -> float:
        """The open time between two moments, each part by the hours that held then."""
        return length(self.open_between(start, end))

    def open_between(self, start: datetime, end: datetime) -> Iterator[Stretch]:
        """The open times between two moments, in order."""
        inside = [each for each in self.starts if start < each < end]
        for since, until in pairwise([start, *inside, end]):
            yield from self.at(since).open_between(since, until)
