"""The only clock. Everything that asks for the time asks here, so tests can move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_shift = timedelta()


def now() -> datetime:
    """The time now, in UTC, with its zone."""
    return datetime.now(UTC) + _shift


def from_unix(value: float | int | str) -> datetime:
    """A network's unix time as UTC; seconds or milliseconds.

    Values from 1e12 up are milliseconds: in seconds they would lie past the year 33000.
    """
    number = float(value)
    return datetime.fromtimestamp(number / 1000 if number >= 1e12 else number, UTC)


def from_iso(value: str) -> datetime:
    """An ISO 8601 time as UTC; a time without a zone counts as UTC."""
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Move the clock for the time of a test."""
    global _shift
    before, _shift = _shift, _shift + by
    try:
        yield
    finally:
        _shift = before
