"""Which hours hold where and when: a team's before the account's before the brand's before the desk's own;
a place that has none is always open."""

from __future__ import annotations

from calendar import day_abbr
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.db.models import F, Model
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts import reach as people
from heed.accounts.models import User
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import need
from heed.channels import reach as channels
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.routing.hours import ALWAYS, Calendar, Holiday, OpeningHours, Span
from heed.routing.models import Hours, Schedule, SchedulePlace
from heed.routing.moving import promises_may_have_moved


class Place(NamedTuple):
    """Whose matter something is, by ids; 0 where there is none."""

    team: int = 0
    account: int = 0
    brand: int = 0


EVERYWHERE = Place()


def place_of(ticket: Ticket) -> Place:
    """A ticket's place; its account must be loaded."""
    return Place(ticket.team_id or 0, ticket.account_id, ticket.account.brand_id or 0)


@dataclass(frozen=True, slots=True)
class Version:
    """A schedule's hours from a moment on. `pk` 0 is always open."""

    pk: int
    since: datetime | None
    hours: OpeningHours
    schedule: int = 0


ROUND_THE_CLOCK = Version(0, None, ALWAYS)


@dataclass(frozen=True)
class DeskHours:
    """All schedules and where they hold, read at once: there are few."""

    versions: Mapping[int, Sequence[Version]] = field(default_factory=dict)
    """By schedule, the oldest first."""
    names: Mapping[int, str] = field(default_factory=dict)
    places: Mapping[Place, Sequence[SchedulePlace]] = field(default_factory=dict)

    def version(self, place: Place, at: datetime) -> Version:
        """What holds for a place at a moment. A schedule's first hours count for the time before it, too."""
        if not self.places:
            return ROUND_THE_CLOCK
        schedule = self.schedule(place, at)
        rows = self.versions.get(schedule, ()) if schedule else ()
        held = [each for each in rows if each.since is not None and each.since <= at]
        return held[-1] if held else rows[0] if rows else ROUND_THE_CLOCK

    def hours(self, place: Place, at: datetime) -> OpeningHours:
        return self.version(place, at).hours

    def schedule(self, place: Place, at: datetime) -> int:
        """The schedule that holds for a place, by id; 0 where none does."""
        for near in nearest_first(place):
            for row in self.places.get(near, ()):
                if row.since <= at and (row.until is None or at < row.until):
                    return row.schedule_id
        return 0

    def calendar(self, moves: Sequence[tuple[datetime, Place]], end: datetime) -> Calendar:
        """The hours of something that was in these places, each from its time on, up to `end`."""
        changes: list[tuple[datetime, OpeningHours]] = []
        for position, (since, place) in enumerate(moves):
            until = moves[position + 1][0] if position + 1 < len(moves) else end
            marks = (each for each in self.changes(place, since) if each < until)
            changes += [(mark, self.hours(place, mark)) for mark in (since, *marks)]
        return Calendar(changes[0][1], changes[1:]) if changes else Calendar(ALWAYS)

    def changes(self, place: Place, since: datetime) -> list[datetime]:
        """When after that other hours may have begun to hold for a place, in order."""
        return sorted({each for each in self._marks(place) if since < each})

    def _marks(self, place: Place) -> Iterable[datetime]:
        """When other hours may have begun to hold for a place."""
        for near in nearest_first(place):
            for row in self.places.get(near, ()):
                yield row.since
                if row.until is not None:
                    yield row.until
                yield from (each.since for each in self.versions.get(row.schedule_id, ()) if each.since)


def nearest_first(place: Place) -> tuple[Place, ...]:
    """The places whose schedule may hold for it, the nearest first."""
    found = (Place(team=place.team), Place(account=place.account), Place(brand=place.brand))
    return (*(each for each in found if each != EVERYWHERE), EVERYWHERE)


def read() -> DeskHours:
    """The hours of the whole desk, as they are and were."""
    versions: dict[int, list[Version]] = {}
    for row in Hours.objects.order_by("since", "id"):
        version = Version(row.pk, row.since, opening_hours(row), row.schedule_id)
        versions.setdefault(row.schedule_id, []).append(version)
    places: dict[Place, list[SchedulePlace]] = {}
    for each in SchedulePlace.objects.order_by("-since", "-id"):
        where = Place(each.team_id or 0, each.account_id or 0, each.brand_id or 0)
        places.setdefault(where, []).append(each)
    return DeskHours(versions, dict(Schedule.objects.values_list("id", "name")), places)


def zone() -> tzinfo:
    """Where the desk's days begin: the zone of its own hours, else of a brand's, else the installation's."""
    first = [F(name).asc(nulls_first=True) for name in ("team", "account", "brand")]
    rows = SchedulePlace.objects.filter(until=None, schedule__versions__since__lte=clock.now())
    newest = rows.order_by(*first, "-schedule__versions__since", "-schedule__versions__id")
    found = newest.values_list("schedule__versions__zone", flat=True).first()
    return ZoneInfo(found) if found else get_default_timezone()


_kept: dict[tuple[int, datetime], OpeningHours] = {}
"""Rows never change, and what was worked out for their days is worth keeping."""


def opening_hours(row: Hours) -> OpeningHours:
    """A kept version as arithmetic."""
    key = (row.pk, row.since)
    if key not in _kept:
        if len(_kept) > 500:
            _kept.clear()
        _kept[key] = hours_from(row.zone, row.week, row.holidays)
    return _kept[key]


def hours_from(
    zone: str, week: Sequence[Sequence[Any]], holidays: Sequence[Mapping[str, Any]]
) -> OpeningHours:
    """Opening hours from what a row keeps."""
    days = tuple(tuple(Span(*each) for each in day) for day in week)
    return OpeningHours(zone, days, tuple(holiday_from(each) for each in holidays))


def holiday_from(record: Mapping[str, Any]) -> Holiday:
    """A holiday from its record: `day` is `2026-12-25`, or `12-25` for every year."""
    *year, month, day = (int(part) for part in str(record["day"]).split("-"))
    spans = tuple(Span(*each) for each in record.get("spans", ()))
    return Holiday(str(record["name"]), month, day, year[0] if year else 0, spans)


# ------------------------------------------------------------------------------------- changes


@transaction.atomic
def keep(
    schedule: Schedule | None,
    user: User,
    *,
    name: str,
    zone: str,
    week: Sequence[Sequence[Sequence[int]]],
    holidays: Sequence[Mapping[str, Any]],
    places: Iterable[Place],
) -> Schedule:
    """Make a schedule, or change one from now on: its hours, and where it holds. A place that another
    schedule held for goes over to this one. Raises `NotAllowed`, `CannotChange`."""
    need(user, "routing")
    now, places, facts = clock.now(), set(places), checked_hours(zone, week, holidays)
    others = Schedule.objects.exclude(pk=schedule.pk) if schedule else Schedule.objects.all()
    if others.filter(name__iexact=name).exists():
        raise CannotChange(_("There are hours of this name already."), "name")
    if any(sum(map(bool, each)) > 1 for each in places):
        raise CannotChange(_("A place is a team, an account or a brand, not several of them."), "places")
    refuse_missing(*zip(EVERYWHERE, *places, strict=True))
    before = _told(schedule) if schedule is not None else {}
    if schedule is None:
        schedule = Schedule.objects.create(name=name)
    else:
        schedule = Schedule.objects.select_for_update().get(pk=schedule.pk)
        schedule.name = name
        schedule.save(update_fields=["name"])
    held = schedule.versions.order_by("since", "id").last()
    if held is None or any(getattr(held, key) != value for key, value in facts.items()):
        Hours.objects.create(schedule=schedule, since=now, **facts)
    _hold_at(schedule, places, now)
    audit.kept(user, schedule, before, _told(schedule))
    promises_may_have_moved()
    return schedule


def checked_hours(
    zone: str, week: Iterable[Iterable[Iterable[int]]], holidays: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Hours as a row keeps them. Raises `CannotChange`."""
    refuse_unknown_zone(zone)
    return {
        "zone": zone,
        "week": [list(map(list, day)) for day in week],
        "holidays": sorted(map(_checked_holiday, holidays), key=lambda each: str(each["day"])),
    }


def refuse_unknown_zone(zone: str) -> None:
    if zone not in available_timezones():
        raise CannotChange(_("This is no time zone. Write one like Europe/Ljubljana."), "zone")


def _checked_holiday(given: Mapping[str, Any]) -> dict[str, Any]:
    """2024 stands for every year: it has a 29th of February."""
    yearly = len(given["day"]) == 5
    try:
        day = date.fromisoformat(f"2024-{given['day']}" if yearly else given["day"])
    except ValueError as bad:
        raise CannotChange(_("Write days like 2026-12-25, or 12-25 for every year."), "holidays") from bad
    written = f"{day:%m-%d}" if yearly else day.isoformat()
    return {"name": given["name"].strip() or _("Day off"), "day": written, "spans": given["spans"]}


def refuse_missing(teams: Iterable[int], accounts: Iterable[int], brands: Iterable[int]) -> None:
    """Raises `CannotChange` unless all that are named by their ids are there; 0 names none."""
    known: tuple[tuple[Iterable[int], Iterable[Model]], ...] = (
        (teams, people.teams()),
        (accounts, channels.accounts()),
        (brands, people.brands()),
    )
    if any(set(wanted) - {0, *(each.pk for each in there)} for wanted, there in known):
        raise CannotChange(_("One of these teams, accounts or brands is not there."))


def _told(schedule: Schedule) -> dict[str, Any]:
    """What the audit tells of a schedule, as the database has it: short words, for people."""
    row = schedule.versions.order_by("since", "id").last()
    week = enumerate(row.week if row else ())
    holds = schedule.places.filter(until=None).select_related("team", "account", "brand")
    return {
        "name": Schedule.objects.get(pk=schedule.pk).name,
        "zone": row.zone if row else "",
        "week": [f"{day_abbr[day]} {_spans(each)}" for day, each in week if each],
        "holidays": [_holiday(each) for each in row.holidays] if row else [],
        "places": sorted(str(each.team or each.account or each.brand or "desk") for each in holds),
    }


def _holiday(record: Mapping[str, Any]) -> str:
    return f"{record['name']} {record['day']} {_spans(record.get('spans', ()))}".strip()


def _spans(spans: Iterable[Sequence[int]]) -> str:
    clocks = [[f"{each // 60:02}:{each % 60:02}" for each in span] for span in spans]
    return ", ".join("–".join(each) for each in clocks)


@transaction.atomic
def put_away(schedule: Schedule, user: User) -> None:
    """A schedule holds nowhere any more. It stays for what was measured by it. Raises `NotAllowed`."""
    need(user, "routing")
    _hold_at(schedule, set(), clock.now())
    Schedule.objects.filter(pk=schedule.pk).update(
        archived=True, name=f"{schedule.name[:60]} ({schedule.pk})"
    )
    audit.record(user, "removed", schedule, name=schedule.name)
    promises_may_have_moved()


def _hold_at(schedule: Schedule, wanted: set[Place], now: datetime) -> None:
    running = SchedulePlace.objects.select_for_update().filter(until=None).order_by("id")
    for row in running:
        where = Place(row.team_id or 0, row.account_id or 0, row.brand_id or 0)
        if where in wanted and row.schedule_id == schedule.pk:
            wanted = wanted - {where}
        elif where in wanted or row.schedule_id == schedule.pk:
            SchedulePlace.objects.filter(pk=row.pk).update(until=now)
    for team, account, brand in sorted(wanted):
        SchedulePlace.objects.create(
            schedule=schedule,
            team_id=team or None,
            account_id=account or None,
            brand_id=brand or None,
            since=now,
        )


def places_of(schedule: Schedule) -> list[Place]:
    """Where a schedule holds now."""
    rows = schedule.places.filter(until=None).order_by("id")
    return [Place(row.team_id or 0, row.account_id or 0, row.brand_id or 0) for row in rows]


def schedules() -> list[tuple[Schedule, list[Place], Hours]]:
    """The schedules in use, by name, with where each holds and what it says."""
    rows = Schedule.objects.filter(archived=False).order_by("name").prefetch_related("versions", "places")
    found = []
    for row in rows:
        versions = sorted(row.versions.all(), key=lambda each: (each.since, each.pk))
        holds = [each for each in row.places.all() if each.until is None]
        places = [Place(each.team_id or 0, each.account_id or 0, each.brand_id or 0) for each in holds]
        found.append((row, sorted(places), versions[-1]))
    return found
