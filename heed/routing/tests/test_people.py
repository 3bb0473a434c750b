"""Shifts on the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime

from heed.routing.models import Profile
from heed.routing.people import is_here, next_shift, on_shift, shift_ended

DAYS = {str(day): [["09:00", "12:00"], ["13:00", "17:00"]] for day in range(5)}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_shifts_one_is_always_there() -> None:
    assert on_shift(Profile(), utc("2026-11-22 03:00"))
    assert on_shift(Profile(shifts={"0": []}), utc("2026-11-22 03:00"))


def test_hours_are_those_of_the_persons_zone() -> None:
    someone = Profile(zone="Europe/Ljubljana", shifts=DAYS)
    assert not on_shift(someone, utc("2026-11-23 07:59"))
    assert on_shift(someone, utc("2026-11-23 08:00"))
    assert not on_shift(someone, utc("2026-11-23 11:30"))
    assert not on_shift(someone, utc("2026-11-23 16:00"))
    assert on_shift(someone, utc("2026-07-20 07:00"))
    assert next_shift(someone, utc("2026-11-20 20:00")) == utc("2026-11-23 08:00")


def test_a_night_shift_goes_on_after_midnight() -> None:
    night = Profile(zone="Asia/Ulaanbaatar", shifts={"4": [["22:00", "06:00"]]})
    assert on_shift(night, utc("2026-11-20 15:00"))
    assert on_shift(night, utc("2026-11-20 21:59"))
    assert not on_shift(night, utc("2026-11-20 22:00"))
    assert shift_ended(night, utc("2026-11-20 23:00")) == utc("2026-11-20 22:00")
    assert shift_ended(night, utc("2026-11-22 23:00")) is None


def test_the_night_of_the_change_is_longer() -> None:
    night = Profile(zone="Europe/Ljubljana", shifts={"5": [["22:00", "06:00"]]})
    assert on_shift(night, utc("2026-10-25 04:59"))
    assert not on_shift(night, utc("2026-10-25 05:00"))


def test_away_until() -> None:
    gone = Profile(away_since=utc("2026-11-23 09:00"), away_until=utc("2026-11-23 12:00"))
    assert not is_here(gone, utc("2026-11-23 11:59"))
    assert is_here(gone, utc("2026-11-23 12:00"))
    gone.away_until = None
    assert not is_here(gone, utc("2027-11-23 12:00"))
