"""Letters out of bytes, however a program wrote them down."""

from __future__ import annotations

import pytest

from heed.channels.email.letter import Letter
from heed.channels.email.words import header


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Naročilo =?utf-8?Q?=C5=BDan?=", "Naročilo Žan"),
        ("é =?iso-8859-2?q?=E8?= ž", "é č ž"),
        ("=?utf-8?Q?=C5?= =?utf-8?Q?=BDan?= in =?utf-8?b?xI0=?=", "Žan in č"),
        ("=?utf-8?Q?Why??= C:\\u0041", "Why? C:\\u0041"),
        ("=?utf-8?Q?a?= =?no", "a =?no"),
        ("Захиалга =?utf-8?B?0YHQsNC50L0=?= уу", "Захиалга сайн уу"),
    ],
)
def test_encoded_words_beside_letters(written: str, read: str) -> None:
    assert header(Letter(f"Subject: {written}\n\nx".encode()).message, "Subject") == read
