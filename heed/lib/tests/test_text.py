"""How long a text is, in the units of the networks."""

from __future__ import annotations

import pytest

from heed.lib.text import measure, whole

WEIGHTS = [
    ("", 0),
    ("plain", 5),
    ("šumniki čšž", 11),
    ("e\u0301", 1),  # counted composed
    ("Сайн байна уу", 13),
    ("السلام عليكم", 12),
    ("日本語", 6),
    ("한국", 4),
    ("👍", 2),
    ("👍🏽", 2),
    ("👩‍👩‍👧‍👦", 2),
    ("🇸🇮", 2),
    ("1️⃣", 2),
    ("© Acme", 6),
    ("“quoted” – yes…", 16),
    ("https://acme.example/a/very/long/path?with=words", 23),
    ("see https://acme.example/returns.", 28),
    ("(acme.com)", 25),
    ("acme.com/returns now", 27),
    ("Acme.si in še kaj", 33),
    ("ana@acme.com", 12),
    ("3.50 EUR", 8),
    ("line\nbreaks", 11),
]


@pytest.mark.parametrize(("text", "weight"), WEIGHTS, ids=[text or "nothing" for text, _ in WEIGHTS])
def test_weighted_as_x_counts(text: str, weight: int) -> None:
    assert measure(text, "weighted") == weight


@pytest.mark.parametrize(
    "text", ["", " 7", "7 ", "-7", "+7", "7.0", "1_000", "²", "٧", "x", "1" + "0" * 18, "9" * 5000]
)
def test_what_is_no_whole_number(text: str) -> None:
    assert whole(text) is None


def test_a_whole_number() -> None:
    assert [whole(text) for text in ("0", "0041", "9" * 18)] == [0, 41, 10**18 - 1]
