"""Hours, targets and automatic messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from heed.api.shapes.given import Given, Priority, Text
from heed.api.shapes.shape import Shape
from heed.api.shapes.tickets import PRIORITIES
from heed.lib.languages import WRITTEN
from heed.lib.text import clean
from heed.routing import desk_hours
from heed.routing.desk_hours import Place
from heed.routing.models import AutomaticMessage, Hours, Policy, Promise, Schedule

Short = Annotated[Text, Field(max_length=80)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(clean)
]
Time = Annotated[str, Field(max_length=5)]
Times = Annotated[list[tuple[Time, Time]], Field(max_length=6)]
Ids = Annotated[list[int], Field(max_length=200)]
Within = Annotated[int, Field(ge=60, le=90 * 24 * 3600)]
Kind = Literal["away", "instant", "greeting"]
if TYPE_CHECKING:
    Language = str
else:
    Language = Literal[tuple(WRITTEN)]


class PlaceOut(Shape):
    """A team, an account or a brand; none of them: everything that has no hours of its own."""

    team: int | None
    account: int | None
    brand: int | None


class PlaceGiven(Given):
    team: int | None = None
    account: int | None = None
    brand: int | None = None


class HolidayOut(Shape):
    name: str
    day: str
    times: list[list[str]]


class HolidayGiven(Given):
    """A day: `2026-12-25`, or `12-25` for every year. Without times it is closed."""

    name: Short = ""
    day: Annotated[str, Field(max_length=10)]
    times: Times = []


class ScheduleOut(Shape):
    """Times are on the wall clock of the zone; one that closes no later than it opens goes on into the next
    day. `opens_at` and `closes_at` are what comes next."""

    id: int
    name: str
    zone: str
    week: list[list[list[str]]]
    holidays: list[HolidayOut]
    places: list[PlaceOut]
    since: datetime
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None


class Schedules(Shape):
    items: list[ScheduleOut]


class ScheduleGiven(Given):
    """All of it. The week is seven days, Monday first."""

    name: Name
    zone: Annotated[str, Field(max_length=64)]
    week: Annotated[list[Times], Field(min_length=7, max_length=7)]
    holidays: Annotated[list[HolidayGiven], Field(max_length=60)] = []
    places: Annotated[list[PlaceGiven], Field(max_length=200)] = []


class TargetOut(Shape):
    id: int
    name: str
    position: int
    on: bool
    priorities: list[Priority]
    groups: list[str]
    teams: list[int]
    accounts: list[int]
    brands: list[int]
    first_reply: int | None
    next_reply: int | None
    resolution: int | None
    time: str
    warn_before: int
    pause_pending: bool
    pause_hold: bool
    pause_snoozed: bool


class Targets(Shape):
    items: list[TargetOut]


class TargetGiven(Given):
    """All of it: what is left out is as in a new one. Times are seconds; an empty list is for all."""

    name: Name
    on: bool = True
    priorities: Annotated[list[Priority], Field(max_length=4)] = []
    groups: Annotated[list[Short], Field(max_length=100)] = []
    teams: Ids = []
    accounts: Ids = []
    brands: Ids = []
    first_reply: Within | None = None
    next_reply: Within | None = None
    resolution: Within | None = None
    time: Literal["business", "elapsed"] = "business"
    warn_before: Annotated[int, Field(ge=0, le=90 * 24 * 3600)] = 900
    pause_pending: bool = True
    pause_hold: bool = True
    pause_snoozed: bool = False


class TargetMove(Given):
    to: Literal["up", "down"]


class PromiseOut(Shape):
    """`due` is empty while its clock stands; `end` is kept, late or dropped once it has ended."""

    target: str
    policy: str
    seconds: int
    since: datetime
    paused: bool
    due: datetime | None
    missed_at: datetime | None
    ended_at: datetime | None
    end: str


class Promises(Shape):
    items: list[PromiseOut]


class AutomaticOut(Shape):
    """Without an account it is for all that have none of their own."""

    kind: str
    account: int | None
    on: bool
    texts: dict[str, str]
    language: str
    publicly: bool
    again_after_hours: int


class AutomaticMessages(Shape):
    items: list[AutomaticOut]


class AutomaticGiven(Given):
    """All of it. `language` is the one for people whose own has no words here."""

    on: bool = True
    texts: dict[Language, Annotated[Text, Field(max_length=1000)]]
    language: Language = "en"
    publicly: bool = False
    again_after_hours: Annotated[int, Field(ge=1, le=1440)] = 12


def of_schedule(schedule: Schedule, places: Sequence[Place], held: Hours, now: datetime) -> ScheduleOut:
    hours = desk_hours.opening_hours(held)
    return ScheduleOut(
        id=schedule.pk,
        name=schedule.name,
        zone=held.zone,
        week=[_times(day) for day in held.week],
        holidays=[
            HolidayOut(name=each["name"], day=each["day"], times=_times(each.get("spans", ())))
            for each in held.holidays
        ],
        places=[
            PlaceOut(team=team or None, account=account or None, brand=brand or None)
            for team, account, brand in places
        ],
        since=held.since,
        open=hours.is_open(now),
        opens_at=None if hours.is_open(now) else hours.next_opening(now),
        closes_at=hours.next_closing(now),
    )


def _times(spans: Sequence[Sequence[int]]) -> list[list[str]]:
    return [[f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in span] for span in spans]


def of_policy(policy: Policy) -> TargetOut:
    facts: dict[str, Any] = {name: getattr(policy, name) for name in TargetGiven.model_fields}
    facts["priorities"] = [PRIORITIES[each] for each in policy.priorities]
    return TargetOut(id=policy.pk, position=policy.position, **facts)


def of_promise(promise: Promise) -> PromiseOut:
    return PromiseOut(
        target=promise.target,
        policy=promise.policy.name,
        seconds=promise.seconds,
        since=promise.since,
        paused=promise.paused,
        due=promise.due,
        missed_at=promise.missed_at,
        ended_at=promise.ended_at,
        end=promise.end,
    )


def of_automatic(row: AutomaticMessage) -> AutomaticOut:
    return AutomaticOut(
        kind=row.kind,
        account=row.account_id,
        on=row.on,
        texts=row.texts,
        language=row.language,
        publicly=row.publicly,
        again_after_hours=max(1, row.again_after // 3600),
    )
