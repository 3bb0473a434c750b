"""Letters out of bytes, however a program wrote them down."""

from __future__ import annotations

import pytest

from heed.channels.base import MessageReceived
from heed.channels.email.letter import Letter
from heed.channels.email.reading import read
from heed.channels.email.tests.sample import ACCOUNT, body
from heed.channels.email.words import decoded, header


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


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("Žan".encode(), "us-ascii", "Žan"),
        (b"It\x92s \x80 5", "us-ascii", "It’s € 5"),
        (b"It\x92s", None, "It’s"),
        (b"It\x92s", "x-unknown", "It’s"),
        ("Žan".encode() + b"\xc5", "utf-8", "Žan\ufffd"),
        ("靴".encode("iso2022_jp") + b"\xff", "iso-2022-jp", "靴\ufffd"),
        ("Žan".encode(), "punycode", "Žan"),
        (b"\xe9\x81", "idna", "é\ufffd"),
        (b"C:\\u004x", "unicode-escape", "C:\\u004x"),
        (b"\xe9", "undefined", "é"),
        (b"\xe9", "a\0b", "é"),
        (b"\xe9", "base64", "é"),
        (b"\xe9", "x" * 5000, "é"),
    ],
)
def test_bytes_and_what_they_are_said_to_be(content: bytes, charset: str | None, text: str) -> None:
    assert decoded(content, charset) == text


@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "a\0b", "mbcs", "rot13", "oem"])
@pytest.mark.parametrize("kind", ["text/plain", 'text/plain; name="a.txt"', "application/zip"])
def test_no_charset_breaks_a_mail(charset: str, kind: str) -> None:
    raw = f"From: <lea@mail.example>\nContent-Type: {kind}; charset={charset}\n\n".encode() + b"caf\xe9"
    for each in (raw, raw.replace(b"charset=", b"charset*=x'y'")):
        (found,) = read(body(each), ACCOUNT)
        assert isinstance(found, MessageReceived)
        assert found.attachments or found.text == "café"
