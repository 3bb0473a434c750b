"""How wide and high a picture is: apps leave it the right room before it has come."""

from __future__ import annotations

from collections.abc import Iterator

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_TURNED = frozenset(range(5, 9))
"""Orientations of a JPEG that is shown lying on its side."""


def size(content: bytes) -> tuple[int, int] | None:
    """Width and height as shown, of a PNG, GIF, WebP or JPEG; None for anything else."""
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        found = _big(content[16:20]), _big(content[20:24])
    elif content[:6] in (b"GIF87a", b"GIF89a"):
        found = _little(content[6:8]), _little(content[8:10])
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = _webp(content)
    elif content[:2] == b"\xff\xd8":
        found = _jpeg(content)
    else:
        return None
    return found if all(found) else None


def _webp(content: bytes) -> tuple[int, int]:
    match content[12:16]:
        case b"VP8X":
            return _little(content[24:27]) + 1, _little(content[27:30]) + 1
        case b"VP8L":
            bits = _little(content[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(content[26:28]) & 0x3FFF, _little(content[28:30]) & 0x3FFF
    return 0, 0


def _jpeg(content: bytes) -> tuple[int, int]:
    turned = False
    for marker, part in _jpeg_parts(content):
        if marker == 0xE1 and part[:6] == b"Exif\x00\x00":
            turned = _orientation(part[6:]) in _TURNED
        elif marker in _JPEG_FRAMES:
            height, width = _big(part[1:3]), _big(part[3:5])
            return (height, width) if turned else (width, height)
    return 0, 0


def _jpeg_parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts before the picture itself: marker and content."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            at += 2
        else:
            length = _big(content[at + 2 : at + 4])
            yield marker, content[at + 4 : at + 2 + length]
            at += 2 + max(length, 2)


def _orientation(exif: bytes) -> int:
    """How the camera was held, 1 to 8; 1 is upright."""
    number = _big if exif[:2] == b"MM" else _little
    start = number(exif[4:8])
    for each in range(number(exif[start : start + 2])):
        entry = exif[start + 2 + 12 * each : start + 14 + 12 * each]
        if number(entry[:2]) == 0x0112:
            return number(entry[8:10])
    return 1


def _big(part: bytes) -> int:
    return int.from_bytes(part, "big")


def _little(part: bytes) -> int:
    return int.from_bytes(part, "little")
