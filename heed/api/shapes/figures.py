"""What was measured."""

from __future__ import annotations

from datetime import datetime

from heed.api.shapes.shape import Shape
from heed.insights.figures import Figure
from heed.insights.responsive import Verdict
from heed.insights.service import Clock, Service

DURATIONS = (
    "first_reply",
    "first_reply_any",
    "next_reply",
    "waiting_time",
    "resolution_first",
    "resolution_last",
)
CLOCKS: tuple[Clock, ...] = ("elapsed", "business", "handed")
MOST_SOURCES = 500
MOST_PEOPLE = 1000


class FigureOut(Shape):
    """Seconds."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None
    still_waiting: int


class DurationOut(Shape):
    """One duration by its three clocks. `handed` begins where a bot handed over."""

    name: str
    elapsed: FigureOut
    business: FigureOut
    handed: FigureOut
    sources: list[str]
    sources_left_out: int


class PersonOut(Shape):
    person: int
    sent: int
    handled: float


class FiguresOut(Shape):
    since: datetime
    until: datetime
    cycles: int
    answered: int
    answered_share: float | None
    no_reply_needed: int
    reopens: int
    hand_overs: int
    outside: int
    kept: int
    missed: int
    kept_share: float | None
    spam: int
    asked: int
    rated: int
    good: int
    satisfaction: float | None
    response_rate: float | None
    durations: list[DurationOut]
    people: list[PersonOut]


class VerdictOut(Shape):
    name: str
    of: int
    answered: int
    missing: int
    seconds: float | None
    reached: bool
    sources: list[str]
    sources_left_out: int


class Responsive(Shape):
    cut: bool
    items: list[VerdictOut]


COUNTS = (
    "cycles",
    "answered",
    "answered_share",
    "no_reply_needed",
    "reopens",
    "hand_overs",
    "outside",
    "kept",
    "missed",
    "kept_share",
    "spam",
    "asked",
    "rated",
    "good",
    "satisfaction",
    "response_rate",
)
COLUMNS = ("figure", "clock", "value", "n", "mean", "median", "p90", "still_waiting")


def of_service(found: Service, since: datetime, until: datetime) -> FiguresOut:
    """`sources` are the messages (`m12`) and events (`e7`) a duration came from."""
    people = sorted({*found.sent, *found.handled})[:MOST_PEOPLE]
    return FiguresOut(
        since=since,
        until=until,
        durations=[_duration(found, name) for name in DURATIONS],
        people=[
            PersonOut(person=who, sent=found.sent.get(who, 0), handled=found.handled.get(who, 0.0))
            for who in people
        ],
        **{name: getattr(found, name) for name in COUNTS},
    )


def rows_of(found: Service) -> list[list[str]]:
    """The same as a table: each count with its value, each duration by each clock. Names and numbers only."""
    rows = [[name, "", _cell(getattr(found, name)), "", "", "", "", ""] for name in COUNTS]
    for name in DURATIONS:
        for clock in CLOCKS:
            each = found.figure(name, clock)
            told = (each.n, each.mean, each.median, each.p90, each.still_waiting)
            rows.append([name, clock, "", *(_cell(value) for value in told)])
    return rows


def of_verdict(found: Verdict) -> VerdictOut:
    return VerdictOut(
        name=found.name,
        of=found.of,
        answered=found.answered,
        missing=found.missing,
        seconds=found.seconds,
        reached=found.reached,
        sources=list(found.sources[:MOST_SOURCES]),
        sources_left_out=max(0, len(found.sources) - MOST_SOURCES),
    )


def _duration(found: Service, name: str) -> DurationOut:
    elapsed = found.figure(name)
    return DurationOut(
        name=name,
        elapsed=_figure(elapsed),
        business=_figure(found.figure(name, "business")),
        handed=_figure(found.figure(name, "handed")),
        sources=list(elapsed.sources[:MOST_SOURCES]),
        sources_left_out=max(0, len(elapsed.sources) - MOST_SOURCES),
    )


def _figure(each: Figure) -> FigureOut:
    return FigureOut.model_validate(each)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
