"""Moments as the page writes them before its script does."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from heed.lib import clock
from heed.web import moments

AT = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
SAID = {
    "en": ("Nov 3", "Nov 3, 2026"),
    "sl": ("3. nov.", "3. nov. 2026"),
    "ar": ("3 نوفمبر", "3 نوفمبر 2026"),
    "mn": ("11-р сарын 3", "2026\u202fоны 11-р сарын 3"),
}


ROUGHLY = {
    "en": ("now", "4 min", "5 hr", "3 days", "Nov", "2026"),
    "sl": ("zdaj", "4 min", "5 h", "3 dni", "nov.", "2026"),
    "ar": ("الآن", "4 د", "5 س", "3 أيام", "نوفمبر", "2026"),
    "mn": ("одоо", "4 мин", "5 цаг", "3 хоног", "11-р сар", "2026"),
}
YEAR = timedelta(days=370)


def _later(language: str, by: timedelta) -> ExitStack:
    stack = ExitStack()
    for each in (translation.override(language), timezone.override(UTC), clock.moved(AT + by - clock.now())):
        stack.enter_context(each)
    return stack


@pytest.mark.parametrize("language", SAID)
def test_the_month_is_a_word_and_another_year_is_named(language: str) -> None:
    comma = "،" if language == "ar" else ","
    for later, day in zip((timedelta(days=7), YEAR), SAID[language], strict=True):
        with _later(language, later):
            assert moments.day(AT) == moments.ago(AT) == day
            assert moments.moment(AT) == moments.time_or_moment(AT) == f"{day}{comma} 09:05"


@pytest.mark.parametrize("language", ROUGHLY)
def test_what_was_lately_is_told_as_briefly_as_the_script_does(language: str) -> None:
    now, minutes, hours, days, month, year = ROUGHLY[language]
    spans = [
        (timedelta(seconds=50), now),
        (timedelta(minutes=4, seconds=59), minutes),
        (timedelta(hours=5), hours),
        (timedelta(days=3), days),
    ]
    for later, told in spans:
        with _later(language, later):
            assert moments.ago(AT) == told
    earlier = [(timedelta(hours=1), "09:05"), (timedelta(days=8), SAID[language][0])]
    for later, told in (*earlier, (timedelta(days=40), month), (YEAR, year)):
        with _later(language, later):
            assert moments.roughly(AT) == told
    with _later(language, timedelta(hours=1)):
        assert moments.time_or_moment(AT) == "09:05"
