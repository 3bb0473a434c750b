"""The size of a picture, from its first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from heed.channels.bluesky.picture import size
from heed.sandbox.picture import HEIGHT, WIDTH, draw

_FRAME = b"\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03" + bytes(9)
_JFIF = b"\xff\xe0\x00\x10JFIF\x00" + bytes(9)


def exif(orientation: int, order: str) -> bytes:
    def number(value: int, length: int) -> bytes:
        return value.to_bytes(length, "big" if order == "MM" else "little")

    entries = number(0x010F, 2) + number(2, 2) + number(1, 4) + number(0, 4)
    entries += number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + b"\x00\x00"
    tiff = order.encode() + number(42, 2) + number(8, 4) + number(2, 2) + entries
    part = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + (len(part) + 2).to_bytes(2, "big") + part


def webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + kind + bytes(4) + rest


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (draw("boot"), (WIDTH, HEIGHT)),
        (b"GIF89a\x80\x02\xe0\x01" + bytes(3), (640, 480)),
        (b"\xff\xd8" + _JFIF + _FRAME, (640, 480)),
        (b"\xff\xd8" + b"\xff\xc4\x00\x04ab" + b"\xff" + _FRAME, (640, 480)),
        (b"\xff\xd8" + exif(6, "MM") + _FRAME, (480, 640)),
        (b"\xff\xd8" + exif(8, "II") + _JFIF + _FRAME, (480, 640)),
        (b"\xff\xd8" + exif(3, "II") + _FRAME, (640, 480)),
        (webp(b"VP8X", bytes(4) + b"\x7f\x02\x00\xdf\x01\x00"), (640, 480)),
        (webp(b"VP8L", b"\x2f" + (639 | 479 << 14).to_bytes(4, "little")), (640, 480)),
        (webp(b"VP8 ", bytes(6) + b"\x80\x02\xe0\x01"), (640, 480)),
        (b"%PDF-1.7", None),
        (b"\xff\xd8\xff\xe0\x00", None),
        (draw("boot")[:18], None),
    ],
)
def test_the_size_as_shown(content: bytes, expected: tuple[int, int] | None) -> None:
    assert size(content) == expected


@given(
    some.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF1234WEBPVP8X", b"\xff\xd8" + exif(6, "MM")]),
    some.binary(max_size=200),
)
def test_no_bytes_are_too_strange(head: bytes, rest: bytes) -> None:
    found = size(head + rest)
    assert found is None or min(found) > 0
