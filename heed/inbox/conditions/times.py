"""Times as people write them in a condition: `>2h`, `2026-11`, `2026-11..2026-12`, `today`."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import regex

from heed.inbox.conditions.meanings import Between

_LONG = regex.compile(r"(\d{1,5})(m|h|d|w)")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_DATE = regex.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2}):(\d{2}))?)?)?")
_SIGN = regex.compile(r"(>=|<=|>|<)?(.*)")


class NotATime(ValueError):
    pass


class NoSign(ValueError):
    """A length of time without a sign: longer or shorter?"""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: a year, a month, a day, a minute."""

    start: datetime
    end: datetime


def range_of(text: str, column: str, now: datetime, zone: tzinfo, *, ahead: bool = False) -> Between:
    """What a value of a time means. Lengths of time count back from now, or `ahead` of it."""
    if ".." in text:
        return _from_to(text, column, now, zone, ahead)
    sign, value = _split(text)
    long = length_of(value)
    if long is not None:
        if not sign:
            raise NoSign(text)
        return _ahead(sign, column, now + long) if ahead else _ago(sign, column, now - long)
    span = _span(value, now, zone)
    match sign:
        case ">":
            return Between(column, since=span.end)
        case ">=":
            return Between(column, since=span.start)
        case "<":
            return Between(column, until=span.start)
        case "<=":
            return Between(column, until=span.end)
    return Between(column, since=span.start, until=span.end)


def length_of(text: str) -> timedelta | None:
    """`90m`, `2h`, `3d`, `1w`."""
    found = _LONG.fullmatch(text)
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]]) if found else None


def days_of(text: str, now: datetime, zone: tzinfo) -> Between:
    """The same for days without hours, as fields hold them."""
    found = range_of(text, "", now, zone)
    since = found.since.astimezone(zone).date() if found.since else None
    until = found.until.astimezone(zone).date() if found.until else None
    return Between("", since, until, found.after, found.closed)


def _ago(sign: str, column: str, moment: datetime) -> Between:
    """Longer ago is earlier."""
    match sign:
        case ">":
            return Between(column, until=moment)
        case ">=":
            return Between(column, until=moment, closed=True)
        case "<":
            return Between(column, since=moment, after=True)
    return Between(column, since=moment)


def _ahead(sign: str, column: str, moment: datetime) -> Between:
    match sign:
        case ">":
            return Between(column, since=moment, after=True)
        case ">=":
            return Between(column, since=moment)
        case "<":
            return Between(column, until=moment)
    return Between(column, until=moment, closed=True)


def _from_to(text: str, column: str, now: datetime, zone: tzinfo, ahead: bool) -> Between:
    first, last = text.split("..", 1)
    if not first and not last:
        raise NotATime(text)
    lengths = [length_of(each) for each in (first, last)]
    if any(lengths):
        if any(each is None and word for each, word in zip(lengths, (first, last), strict=True)):
            raise NotATime(text)
        at = [now + long if ahead else now - long for long in lengths if long is not None]
        open_ended = len(at) == 1
        if open_ended and bool(first) == ahead:
            return Between(column, since=at[0])
        if open_ended:
            return Between(column, until=at[0], closed=True)
        return Between(column, since=min(at), until=max(at), closed=True)
    since = _span(first, now, zone).start if first else None
    until = _span(last, now, zone).end if last else None
    return Between(column, since=since, until=until)


def _split(text: str) -> tuple[str, str]:
    found = _SIGN.fullmatch(text)
    if found is None:
        raise NotATime(text)
    return found[1] or "", found[2].strip()


def _span(text: str, now: datetime, zone: tzinfo) -> Span:
    today = now.astimezone(zone).date()
    words = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if text.lower() in words:
        return _day(today + timedelta(days=words[text.lower()]), zone)
    found = _DATE.fullmatch(text)
    if found is None:
        raise NotATime(text)
    try:
        return _written(*(int(part) if part else None for part in found.groups()), zone=zone)
    except (ValueError, OverflowError) as error:
        raise NotATime(text) from error


def _written(
    year: int | None,
    month: int | None,
    day: int | None,
    hour: int | None,
    minute: int | None,
    *,
    zone: tzinfo,
) -> Span:
    assert year is not None
    if month is None:
        return Span(_midnight(date(year, 1, 1), zone), _midnight(date(year + 1, 1, 1), zone))
    if day is None:
        first = date(year, month, 1)
        long = timedelta(days=calendar.monthrange(year, month)[1])
        return Span(_midnight(first, zone), _midnight(first + long, zone))
    if hour is None or minute is None:
        return _day(date(year, month, day), zone)
    start = datetime.combine(date(year, month, day), time(hour, minute), zone)
    return Span(start, start + timedelta(minutes=1))


def _day(day: date, zone: tzinfo) -> Span:
    return Span(_midnight(day, zone), _midnight(day + timedelta(days=1), zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
