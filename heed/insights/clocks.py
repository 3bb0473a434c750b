"""The three clocks by which every duration is kept, in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from heed.routing.hours import Calendar, Stretch, joined, length


@dataclass(frozen=True, slots=True)
class Duration:
    elapsed: float
    business: float
    """By the hours in force while it ran."""
    handed: float | None = None
    """Elapsed since a bot handed over to people; None where none did."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours that held for a matter while it ran."""

    own: Calendar
    merged_in: Mapping[int, Calendar] = field(default_factory=dict)
    """By the ticket that was merged in: those that held there, and since then here."""

    def of(self, lane: int) -> Calendar:
        return self.merged_in.get(lane, self.own)


def duration(
    calendar: Calendar, start: datetime, end: datetime, handed_at: datetime | None = None
) -> Duration:
    """How long something took. A hand-off before it began does not count: the people were at work already."""
    handed = None
    if handed_at is not None and start <= handed_at <= end:
        handed = (end - handed_at).total_seconds()
    return Duration((end - start).total_seconds(), calendar.business_seconds(start, end), handed)


def union(spans: Iterable[tuple[Calendar, datetime, datetime]]) -> Duration:
    """The time covered by any of these, each moment once; by the hours, what any of them counts."""
    parts = [(calendar, Stretch(start, end)) for calendar, start, end in spans]
    opened = [each for calendar, part in parts for each in calendar.open_between(*part)]
    return Duration(
        length(joined(part for _calendar, part in parts)),
        length(joined(opened)),
    )
