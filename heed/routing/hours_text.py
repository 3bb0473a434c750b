"""Opening times as people write them: `9–12, 13:00–17:00`, `22:00–6:00`, `closed`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from django.utils.translation import gettext as _

from heed.accounts.refusals import CannotChange
from heed.routing.hours import DAY

MOST = 6
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d{2}))?")
_BETWEEN = re.compile(r"[,;،\n]+")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")


def spans_from(text: str, field: str = "") -> list[list[int]]:
    """Intervals in minutes since midnight, in order; none for an empty text. Raises `CannotChange`."""
    parts = [part.strip() for part in _BETWEEN.split(text.translate(_DIGITS)) if part.strip()]
    if len(parts) > MOST:
        raise CannotChange(_("At most %(most)d intervals a day.") % {"most": MOST}, field)
    spans = sorted(_span(part, field) for part in parts)
    for before, after in pairwise(spans):
        if before[1] <= before[0] or after[0] < before[1]:
            raise CannotChange(_("Two of these intervals overlap."), field)
    return spans


def _span(part: str, field: str) -> list[int]:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise CannotChange(_("Write times like 9:00–17:00; “%(part)s” is none.") % {"part": part[:40]}, field)
    hours, minutes, end_hours, end_minutes = (int(each or 0) for each in found.groups())
    opens, closes = hours * 60 + minutes, end_hours * 60 + end_minutes
    if opens >= DAY or closes > DAY or max(minutes, end_minutes) > 59:
        raise CannotChange(_("A day has 24 hours; “%(part)s” lies outside.") % {"part": part[:40]}, field)
    if opens == closes:
        raise CannotChange(
            _("“%(part)s” begins and ends at the same time. The whole day is 0:00–24:00.") % {"part": part},
            field,
        )
    return [opens, closes]


def text_of(spans: Iterable[Sequence[int]]) -> str:
    """The same, written out."""
    return ", ".join(f"{_time(opens)}–{_time(closes)}" for opens, closes in spans)


def _time(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
