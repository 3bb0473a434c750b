"""Small sounds and films of a known length, as far as the heads of their files go."""

from __future__ import annotations

import struct

_FRAME = b"\xff\xfb\x90\x64"
"""The head of a frame of MP3: 128 kbit/s at 44,100 Hz, so 417 bytes that play for 26 ms."""


def mp3(frames: int, tags: bytes = b"") -> bytes:
    return tags + (_FRAME + bytes(413)) * frames


def m4a(milliseconds: int) -> bytes:
    return _mp4(b"M4A ", milliseconds)


def film(milliseconds: int) -> bytes:
    return _mp4(b"isom", milliseconds)


def _mp4(brand: bytes, milliseconds: int) -> bytes:
    """The head of a file that plays so long, counted in thousandths of a second."""
    header = struct.pack(">IIIII", 0, 0, 0, 1000, milliseconds) + bytes(80)
    return _box(b"ftyp", brand + bytes(4) + brand) + _box(b"moov", _box(b"mvhd", header))


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content
