"""Makes PNG pictures of pages small: few colours, well packed."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXACT = 160
"""So many of the most frequent colours stay as they are; the others are the most frequent of coarser ones."""
_MOST = 256

Colour = tuple[int, int, int]


def smaller(picture: bytes) -> bytes:
    """The same picture with at most 256 colours. It must be as browsers make it: 8 bits, RGB or RGBA, not
    interlaced; raises `ValueError` otherwise."""
    parts = dict[bytes, bytes]()
    for kind, content in _chunks(picture):
        parts[kind] = parts.get(kind, b"") + content
    width, height, depth, colours, _packing, _filter, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    if depth != 8 or colours not in (2, 6) or interlaced:
        raise ValueError("not a picture of a browser")
    size = 3 if colours == 2 else 4
    rows = list(_rows(zlib.decompress(parts[b"IDAT"]), width * size, height, size))
    pixels = [
        list(zip(row[0::size], row[1::size], row[2::size], strict=True)) for row in rows
    ]  # what a page paints is opaque
    palette = _palette(Counter(pixel for row in pixels for pixel in row))
    place = {colour: number for number, colour in enumerate(palette)}
    near: dict[Colour, int] = {}
    packed = bytearray()
    for row in pixels:
        packed.append(0)
        packed.extend(near.get(each) if each in near else _near(each, place, near) for each in row)  # type: ignore[misc]
    return b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in palette for part in colour)),
            _chunk(b"IDAT", zlib.compress(bytes(packed), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4], "big")
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _rows(raw: bytes, length: int, height: int, size: int) -> Iterator[bytes]:
    """The rows of pixels with their filters taken off."""
    above = bytearray(length)
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(raw[start + 1 : start + 1 + length])
        _take_off(raw[start], row, above, size)
        yield bytes(row)
        above = row


def _take_off(kind: int, row: bytearray, above: bytearray, size: int) -> None:
    for at in range(len(row) if kind else 0):
        left = row[at - size] if at >= size else 0
        up = above[at]
        match kind:
            case 1:
                guess = left
            case 2:
                guess = up
            case 3:
                guess = (left + up) // 2
            case _:
                guess = _paeth(left, up, above[at - size] if at >= size else 0)
        row[at] = (row[at] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner


def _palette(found: Counter[Colour]) -> list[Colour]:
    """The most frequent colours exactly; of the others, those that stand for many like them."""
    ordered = [colour for colour, _times in found.most_common()]
    chosen = ordered[:_EXACT]
    alike: Counter[Colour] = Counter()
    stands_for: dict[Colour, Colour] = {}
    for colour in ordered[_EXACT:]:
        coarse = (colour[0] >> 4, colour[1] >> 4, colour[2] >> 4)
        alike[coarse] += found[colour]
        stands_for.setdefault(coarse, colour)
    chosen += [stands_for[coarse] for coarse, _times in alike.most_common(_MOST - len(chosen))]
    return chosen


def _near(colour: Colour, place: dict[Colour, int], near: dict[Colour, int]) -> int:
    def distance(other: Colour) -> int:
        return sum((one - two) ** 2 for one, two in zip(colour, other, strict=True))

    near[colour] = place[colour] if colour in place else place[min(place, key=distance)]
    return near[colour]
