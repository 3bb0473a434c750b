"""The two published calculations of "very responsive" for a Page, with the distance to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import fmean, median
from typing import Literal

from heed.routing.hours import OpeningHours

SOON = 15 * 60.0
SHARE_PERCENT = 90
SILENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Line:
    """One private message of a talk with a Page."""

    talk: int
    at: datetime
    by: Literal["customer", "person", "bot", "automatic"]
    """`automatic` is an away or instant reply: never an answer."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How near a Page is. `of` were counted, `answered` of them in time; `missing` is how many more would
    have had to be; `seconds` is the median or mean, None where nothing was answered."""

    name: str
    of: int
    answered: int
    missing: int
    seconds: float | None
    sources: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        return self.of > 0 and self.missing == 0 and self.seconds is not None and self.seconds <= SOON


def median_of_7_days(
    lines: Iterable[Line], now: datetime, hours: OpeningHours, *, bots: bool = True
) -> Verdict:
    """*fb-median-7d*: of the days on which somebody wrote, talk by talk, nine in ten answered the same day,
    and the median first answer within 15 minutes. While away the clock waits: what comes then counts from
    the next opening, on that day."""
    asked: dict[tuple[int, object], list[Line]] = {}
    talks = _talks(lines)
    for rows in talks.values():
        for row in rows:
            begins = hours.next_opening(row.at) if row.by == "customer" else None
            if begins is not None and now - timedelta(days=7) < begins <= now:
                asked.setdefault((row.talk, begins.astimezone(hours.tz).date()), []).append(row)
    times: list[float] = []
    sources: list[str] = []
    for (talk, day), rows in asked.items():
        first = rows[0]
        answer = _answer_after(talks[talk], first.at, bots=bots)
        sources.append(first.source)
        if answer is not None and _day_of(answer.at, hours) == day:
            times.append(hours.business_seconds(first.at, answer.at))
            sources.append(answer.source)
    return Verdict(
        "fb-median-7d",
        len(asked),
        len(times),
        _missing(len(asked), len(times)),
        median(times) if times else None,
        tuple(sources),
    )


def fastest_90_of_30_days(lines: Iterable[Line], hours: OpeningHours, *, bots: bool = True) -> Verdict:
    """*fb-fastest90-30d*: of the messages that came after a day of silence on both sides, within 30 days
    before the last of them (fewer than 10: the last 10; fewer ever: all), nine in ten answered, and the mean
    of the fastest nine in ten within 15 minutes. What came while away does not count."""
    talks = _talks(lines)
    asked = sorted(
        (row for rows in talks.values() for row in _after_silence(rows) if hours.is_open(row.at)),
        key=lambda row: (row.at, row.talk),
    )
    if asked:
        recent = [row for row in asked if row.at > asked[-1].at - timedelta(days=30)]
        asked = recent if len(recent) >= 10 else asked[-10:]
    times: list[float] = []
    sources: list[str] = []
    for row in asked:
        answer = _answer_after(talks[row.talk], row.at, bots=bots)
        sources.append(row.source)
        if answer is not None:
            times.append((answer.at - row.at).total_seconds())
            sources.append(answer.source)
    fastest = sorted(times)[: _nine_in_ten(len(asked))]
    return Verdict(
        "fb-fastest90-30d",
        len(asked),
        len(times),
        _missing(len(asked), len(times)),
        fmean(fastest) if fastest else None,
        tuple(sources),
    )


def _talks(lines: Iterable[Line]) -> dict[int, list[Line]]:
    talks: dict[int, list[Line]] = {}
    for line in sorted(lines, key=lambda each: (each.at, each.by != "customer")):
        talks.setdefault(line.talk, []).append(line)
    return talks


def _after_silence(rows: Sequence[Line]) -> Iterable[Line]:
    """The customer's messages before which nobody had said anything for a day. What the desk says by
    itself does not break a silence."""
    last: datetime | None = None
    for row in rows:
        if row.by == "customer" and (last is None or row.at - last >= SILENCE):
            yield row
        if row.by != "automatic":
            last = row.at


def _answer_after(rows: Sequence[Line], at: datetime, *, bots: bool) -> Line | None:
    able = ("person", "bot") if bots else ("person",)
    return next((row for row in rows if row.at >= at and row.by in able), None)


def _day_of(at: datetime, hours: OpeningHours) -> object:
    return at.astimezone(hours.tz).date()


def _nine_in_ten(of: int) -> int:
    return ceil(of * SHARE_PERCENT / 100)


def _missing(of: int, answered: int) -> int:
    return max(0, _nine_in_ten(of) - answered)
