"""Record keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from heed.channels.bluesky.tid import moment_of, record_key

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(MOMENTS, st.text())
def test_a_key_is_always_the_same_and_tells_its_moment(at: datetime, key: str) -> None:
    made = record_key(at, key)
    assert made == record_key(at, key)
    assert len(made) == 13
    assert set(made) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert moment_of(made) == at


@given(MOMENTS, MOMENTS, st.text(), st.text())
def test_later_keys_sort_later(one: datetime, other: datetime, key: str, other_key: str) -> None:
    first, second = sorted([one, other])
    if first < second:
        assert record_key(first, key) < record_key(second, other_key)


def test_two_answers_of_one_microsecond_differ() -> None:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert record_key(at, "a") != record_key(at, "b")


def test_a_key_of_the_network() -> None:
    made = moment_of("3n2tww3afrk2q")  # given by a real server on 21 November 2026
    assert made is not None
    assert abs(made - datetime(2026, 11, 21, 20, 29, 35, tzinfo=UTC)) < timedelta(seconds=2)


def test_what_is_no_key() -> None:
    assert moment_of("") is None
    assert moment_of("self") is None
    assert moment_of("3N2TWW3AFRK2Q") is None
