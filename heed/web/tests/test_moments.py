"""Moments as the page writes them before its script does."""

from __future__ import annotations

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


@pytest.mark.parametrize("language", SAID)
def test_the_month_is_a_word_also_of_another_year(language: str) -> None:
    this_year, another = SAID[language]
    with translation.override(language), timezone.override(UTC):
        for later, day in ((timedelta(days=7), this_year), (timedelta(days=370), another)):
            with clock.moved(AT + later - clock.now()):
                assert moments.day(AT) == day
                assert moments.moment(AT) == f"{day}, 09:05"
