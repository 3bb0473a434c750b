"""Opening times as people write them."""

from __future__ import annotations

import pytest

from heed.accounts.refusals import CannotChange
from heed.routing.hours_text import spans_from, text_of


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("9–17", [[540, 1020]]),
        ("9:00-12:00, 13.30 – 17:00", [[540, 720], [810, 1020]]),
        ("13-17; 9-12", [[540, 720], [780, 1020]]),
        ("22:00–6:00", [[1320, 360]]),
        ("0:00–24:00", [[0, 1440]]),
        ("٩:٠٠–١٧:٠٠", [[540, 1020]]),
        ("", []),
    ],
)
def test_what_is_understood(text: str, spans: list[list[int]]) -> None:
    assert spans_from(text) == spans
    assert spans_from(text_of(spans)) == spans


@pytest.mark.parametrize(
    "text", ["nine to five", "25-26", "9:75-10", "9-9", "9-13, 12-17", "22-6, 23-24", "9", "1-2," * 7]
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(CannotChange) as refused:
        spans_from(text)
    assert refused.value.sentence
