"""Moments in the reader's own words, with the month as a word: Nov 23, 09:00. The page's script (`times.js`)
writes the same ones again, in the reader's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

from babel.dates import format_date, format_skeleton
from babel.units import format_unit
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

from heed.lib import clock

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_COMMAS = {"ar": "\u060c"}


def day(at: datetime) -> str:
    """The day of a moment; of another year with its number."""
    there = timezone.localtime(at)
    return format_skeleton("MMMd" if _this_year(there) else "yMMMd", there, locale=_language())


def whole_day(there: date) -> str:
    """A day with its weekday and its month in words: Saturday, November 21; of another year with
    its number."""
    language = _language()
    if not _this_year(there):
        return format_date(there, "full", locale=language)
    weekday = format_date(there, "EEEE", locale=language)
    parts = weekday, format_skeleton("MMMMd", there, locale=language)
    return f"{_comma()} ".join(parts if language != "mn" else reversed(parts))


def moment(at: datetime) -> str:
    """The day and the time of a moment."""
    return f"{day(at)}{_comma()} {time(at)}"


def time(at: datetime) -> str:
    """The time of a moment."""
    return date_format(timezone.localtime(at), "H:i")


def time_or_moment(at: datetime) -> str:
    """The time of a moment, with the day when it is not today."""
    return time(at) if _is_today(at) else moment(at)


def ago(at: datetime) -> str:
    """How long ago it was, as short as a list needs it: now, 4 min, 2 hr, 3 days, May 4; of another year with
    its number."""
    passed = clock.now() - at
    if passed < _MINUTE:
        return gettext("now")
    if passed < _HOUR:
        return _span(passed // _MINUTE, "minute", _language())
    if passed < _DAY:
        return _span(passed // _HOUR, "hour", _language())
    return _span(passed // _DAY, "day", _language()) if passed < 7 * _DAY else day(at)


def roughly(at: datetime) -> str:
    """When something earlier was, as short as it can be told apart: 14:20 today, May 4 within a month, May,
    2025."""
    there = timezone.localtime(at)
    if _is_today(at):
        return time(at)
    if clock.now() - at < 30 * _DAY:
        return day(at)
    return format_date(there, "LLL", locale=_language()) if _this_year(there) else str(there.year)


@cache
def _span(amount: int, unit: str, language: str) -> str:
    return format_unit(amount, f"duration-{unit}", "short", locale=language)


def _is_today(at: datetime) -> bool:
    return timezone.localdate(at) == timezone.localdate(clock.now())


def _this_year(there: date) -> bool:
    return there.year == timezone.localdate(clock.now()).year


def _comma() -> str:
    return _COMMAS.get(_language(), ",")


def _language() -> str:
    return get_language() or "en"
