"""Opening hours: what each says, and that measuring and adding agree whatever the hours and times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.routing.hours import ALWAYS, DAY, Calendar, Holiday, OpeningHours, Span

NINE_TO_FIVE = (Span(9 * 60, 17 * 60),)
WORKDAYS = (NINE_TO_FIVE,) * 5 + ((), ())
LJUBLJANA = OpeningHours("Europe/Ljubljana", WORKDAYS)
NIGHTS = OpeningHours("Europe/Ljubljana", ((Span(22 * 60, 6 * 60),),) * 7)
HOUR = 3600


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_hours_of_a_week() -> None:
    # Monday 23 November 2026; Ljubljana is one hour ahead of UTC in winter.
    assert not LJUBLJANA.is_open(utc("2026-11-23 07:59:59"))
    assert LJUBLJANA.is_open(utc("2026-11-23 08:00"))
    assert not LJUBLJANA.is_open(utc("2026-11-23 16:00"))
    assert LJUBLJANA.business_seconds(utc("2026-11-20 15:00"), utc("2026-11-23 09:00")) == 2 * HOUR
    assert LJUBLJANA.next_opening(utc("2026-11-20 16:00")) == utc("2026-11-23 08:00")
    assert LJUBLJANA.next_opening(utc("2026-11-23 10:00")) == utc("2026-11-23 10:00")
    assert LJUBLJANA.add_business(utc("2026-11-20 15:00"), 2 * HOUR) == utc("2026-11-23 09:00")
    assert LJUBLJANA.next_closing(utc("2026-11-23 10:00")) == utc("2026-11-23 16:00")


def test_a_promise_that_runs_out_at_closing_time_is_due_then() -> None:
    assert LJUBLJANA.add_business(utc("2026-11-20 15:00"), HOUR) == utc("2026-11-20 16:00")


def test_several_intervals_a_day() -> None:
    split = OpeningHours("UTC", ((Span(8 * 60, 12 * 60), Span(13 * 60, 17 * 60)),) * 7)
    assert split.business_seconds(utc("2026-11-23 11:30"), utc("2026-11-23 13:30")) == HOUR
    assert split.next_opening(utc("2026-11-23 12:15")) == utc("2026-11-23 13:00")


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        ("2026-11-23", 8),
        ("2026-03-28", 7),  # the clocks go from 02:00 to 03:00 in the morning of 29 March
        ("2026-10-24", 9),  # and from 03:00 back to 02:00 in the morning of 25 October
    ],
)
def test_a_night_shift_is_as_long_as_its_night(night: str, hours: int) -> None:
    noon = utc(night + " 12:00")
    assert NIGHTS.business_seconds(noon, noon + timedelta(days=1)) == hours * HOUR


def test_opening_in_the_hour_that_does_not_exist() -> None:
    early = OpeningHours("Europe/Ljubljana", ((Span(150, 300),),) * 7)  # 02:30 to 05:00
    assert early.next_opening(utc("2026-03-28 12:00")) == utc("2026-03-29 01:00")  # then it is 03:00 there
    assert early.business_seconds(utc("2026-03-28 12:00"), utc("2026-03-29 12:00")) == 2 * HOUR


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    early = OpeningHours("Europe/Ljubljana", ((Span(120, 180),),) * 7)  # 02:00 to 03:00
    assert early.business_seconds(utc("2026-10-24 12:00"), utc("2026-10-25 12:00")) == 2 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),  # half an hour only
        ("Pacific/Apia", "2011-12-30", 0),  # a day that never was
        ("Africa/Cairo", "2026-04-24", 23),  # the clocks go forward at midnight
        ("Asia/Ulaanbaatar", "2026-06-01", 24),
    ],
)
def test_a_whole_day_has_the_hours_it_has(zone: str, day: str, hours: float) -> None:
    whole = OpeningHours(zone)
    stretches = whole.stretches(date.fromisoformat(day))
    assert sum((each.end - each.start).total_seconds() for each in stretches) == hours * HOUR


def test_holidays() -> None:
    hours = OpeningHours(
        "Europe/Ljubljana",
        WORKDAYS,
        (
            Holiday("New Year", 1, 1),
            Holiday("Moving house", 11, 24, 2026),
            Holiday("Christmas Eve", 12, 24, spans=(Span(9 * 60, 12 * 60),)),
        ),
    )
    assert not hours.is_open(utc("2026-11-24 10:00"))
    assert hours.is_open(utc("2027-11-24 10:00"))
    assert not hours.is_open(utc("2027-01-01 10:00"))
    assert hours.business_seconds(utc("2026-12-24 00:00"), utc("2026-12-25 00:00")) == 3 * HOUR
    assert hours.add_business(utc("2026-11-23 15:00"), 2 * HOUR) == utc("2026-11-25 09:00")
    found = hours.next_holiday(utc("2026-11-25 10:00"))
    assert found is not None
    assert (found[0], found[1].name) == (date(2026, 12, 24), "Christmas Eve")


def test_the_night_before_a_holiday_ends_at_midnight() -> None:
    hours = OpeningHours("UTC", NIGHTS.week, (Holiday("Day off", 12, 25),))
    assert hours.business_seconds(utc("2026-12-24 12:00"), utc("2026-12-25 12:00")) == 2 * HOUR
    assert hours.business_seconds(utc("2026-12-25 12:00"), utc("2026-12-26 12:00")) == 0


def test_the_29th_of_february_comes_in_leap_years() -> None:
    leap = OpeningHours("UTC", holidays=(Holiday("Leap", 2, 29),))
    found = leap.next_holiday(utc("2026-03-01 00:00"))
    assert found is not None
    assert found[0] == date(2028, 2, 29)


def test_a_desk_that_never_opens() -> None:
    closed = OpeningHours("UTC", ((),) * 7)
    now = utc("2026-11-23 10:00")
    assert closed.next_opening(now) is None
    assert closed.add_business(now, 1) is None
    assert closed.business_seconds(now, now + timedelta(days=5000)) == 0


def test_hours_that_changed_count_as_they_held() -> None:
    longer = OpeningHours("UTC", ((Span(0, DAY),),) * 7)
    short = OpeningHours("UTC", (NINE_TO_FIVE,) * 7)
    calendar = Calendar(short, [(utc("2026-11-23 12:00"), longer)])
    # 09:00 to 12:00 by the short hours, then all of it until 20:00
    assert calendar.business_seconds(utc("2026-11-23 06:00"), utc("2026-11-23 20:00")) == 11 * HOUR


# ---------------------------------------------------------------------------------- properties

ZONES = ["UTC", "Europe/Ljubljana", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]
spans = st.builds(Span, st.integers(0, DAY - 1), st.integers(1, DAY))
weeks = st.lists(st.lists(spans, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple)
holidays = st.lists(
    st.builds(
        lambda day, spans, yearly: Holiday("x", day.month, day.day, 0 if yearly else day.year, tuple(spans)),
        st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        st.lists(spans, max_size=2),
        st.booleans(),
    ),
    max_size=4,
).map(tuple)
schedules = st.builds(OpeningHours, st.sampled_from(ZONES), weeks, holidays)
times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))


@given(schedules, times, st.integers(1, 30 * 24 * HOUR))
def test_adding_and_then_measuring_gives_it_back(hours: OpeningHours, at: datetime, seconds: int) -> None:
    due = hours.add_business(at, seconds)
    if due is None:
        assert all(not week for week in hours.week) or hours.next_opening(at + timedelta(days=800)) is None
    else:
        assert hours.business_seconds(at, due) == seconds
        assert hours.business_seconds(at, due - timedelta(microseconds=1)) < seconds


@given(schedules, times, times, times)
def test_the_parts_make_the_whole(hours: OpeningHours, a: datetime, b: datetime, c: datetime) -> None:
    a, b, c = sorted((a, b, c))
    whole = hours.business_seconds(a, c)
    assert whole == pytest.approx(hours.business_seconds(a, b) + hours.business_seconds(b, c), abs=1e-5)
    assert 0 <= whole <= (c - a).total_seconds()


@given(schedules, times)
def test_open_is_what_the_clock_on_the_wall_says(hours: OpeningHours, at: datetime) -> None:
    wall = at.astimezone(hours.tz)
    minute = wall.hour * 60 + wall.minute
    assert hours.is_open(at) == any(opens <= minute < closes for opens, closes in hours._wall(wall.date()))


@given(schedules, times)
def test_nothing_is_open_before_the_next_opening(hours: OpeningHours, at: datetime) -> None:
    opening = hours.next_opening(at)
    if opening is not None:
        assert hours.is_open(opening)
        assert hours.business_seconds(at, opening) == 0


def test_always_open_is_all_the_time() -> None:
    now = utc("2026-03-29 00:30")
    assert ALWAYS.business_seconds(now, now + timedelta(hours=5)) == 5 * HOUR
    assert ALWAYS.add_business(now, 60) == now + timedelta(minutes=1)
    assert ALWAYS.next_closing(now) is None
