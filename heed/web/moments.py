"""Moments in the reader's own words, with the month as a word: Nov 23, 09:00."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_skeleton
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

from heed.lib import clock


def day(at: datetime) -> str:
    """The day of a moment; of another year with its number."""
    there, language = timezone.localtime(at), (get_language() or "en")
    this_year = there.year == timezone.localtime(clock.now()).year
    return format_skeleton("MMMd" if this_year else "yMMMd", there, locale=language)


def moment(at: datetime) -> str:
    """The day and the time of a moment."""
    return f"{day(at)}, {time(at)}"


def time(at: datetime) -> str:
    """The time of a moment."""
    return date_format(timezone.localtime(at), "H:i")
