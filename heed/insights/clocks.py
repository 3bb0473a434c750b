"""The three clocks by which every duration is kept, in seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from heed.routing.hours import Calendar, Stretch, joined


@dataclass(frozen=True, slots=True)
class Duration:
    elapsed: float
    business: float
    """By the hours in force while it ran."""
    handed: float | None = None
    """Elapsed since a bot handed over to people; None where none did."""


def duration(
    calendar: Calendar, start: datetime, end: datetime, handed_at: datetime | None = None
) -> Duration:
    """How long something took. A hand-off before it began does not count: the people were at work already."""
    handed = None
    if handed_at is not None and start <= handed_at <= end:
        handed = (end - handed_at).total_seconds()
    return Duration((end - start).total_seconds(), calendar.business_seconds(start, end), handed)


def union(calendar: Calendar, spans: Iterable[tuple[datetime, datetime]]) -> Duration:
    """The time covered by any of these, each moment once."""
    parts = list(joined(Stretch(*each) for each in spans))
    return Duration(
        sum((each.end - each.start).total_seconds() for each in parts),
        sum(calendar.business_seconds(each.start, each.end) for each in parts),
    )
