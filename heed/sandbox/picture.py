"""Small drawn pictures, so that the demo has something to show and nothing to copy."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from hashlib import sha256

WIDTH, HEIGHT = 480, 360
Colour = tuple[int, int, int]
Point = tuple[int, int]

_BOOT = [
    (164, 62),
    (252, 58),
    (257, 120),
    (256, 165),
    (264, 196),
    (286, 216),
    (320, 229),
    (352, 241),
    (372, 257),
    (379, 286),
    (152, 286),
    (147, 240),
    (157, 195),
    (162, 150),
]
_SOLE = [(148, 286), (386, 286), (384, 299), (370, 305), (236, 305), (224, 297), (214, 312), (150, 312)]
_HEEL_STRAP = [(152, 286), (146, 212), (168, 202), (276, 268), (266, 286), (244, 286), (170, 234), (176, 286)]
_TOE_STRAP = [(296, 286), (312, 240), (352, 242), (376, 286), (350, 286), (340, 258), (324, 258), (318, 286)]
_BOX = [(110, 150), (370, 150), (370, 300), (110, 300)]
_LID = [(95, 115), (385, 115), (385, 150), (95, 150)]
_SHAPES: dict[str, list[list[Point]]] = {
    "boot": [_BOOT, _SOLE],
    "sandal": [_HEEL_STRAP, _TOE_STRAP, _SOLE],
    "box": [_BOX, _LID],
}


@cache
def draw(word: str) -> bytes:
    """A PNG for a word: a shoe or a box on a soft ground, its colours taken from the word."""
    seed = sha256(word.encode()).digest()
    top, bottom = _soft(seed[0], 225), _soft(seed[1], 190)
    ink = _soft(seed[2], 95)
    shapes = _SHAPES.get(word, list(_SHAPES.values())[seed[3] % len(_SHAPES)])
    rows = (_row(y, _between(top, bottom, y / HEIGHT), ink, shapes) for y in range(HEIGHT))
    return _png(b"".join(b"\x00" + row for row in rows))


def _row(y: int, ground: Colour, ink: Colour, shapes: list[list[Point]]) -> bytes:
    line = bytearray(bytes(ground) * WIDTH)
    for shape in shapes:
        darker = 40 if shape is shapes[-1] else 0
        shade = bytes(max(0, part - darker) for part in ink)
        for start, end in _spans(shape, y + 0.5):
            line[start * 3 : end * 3] = shade * (end - start)
    return bytes(line)


def _spans(shape: list[Point], y: float) -> list[tuple[int, int]]:
    """Where a horizontal line runs inside the shape."""
    cuts = sorted(
        round(ax + (y - ay) * (bx - ax) / (by - ay))
        for (ax, ay), (bx, by) in zip(shape, shape[1:] + shape[:1], strict=True)
        if (ay > y) != (by > y)
    )
    return list(zip(cuts[::2], cuts[1::2], strict=True))


def _soft(byte: int, level: int) -> Colour:
    """A muted colour of about this brightness."""
    return (level, max(0, level - 12 - byte % 40), max(0, level - 30 + byte % 60))


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (min(255, round(a + (b - a) * share)) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def _png(rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
