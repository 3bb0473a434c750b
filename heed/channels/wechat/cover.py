"""A plain grey picture: WeChat shows no video without one, and out of a film none is taken here."""

from __future__ import annotations

WIDTH, HEIGHT = 160, 96
_BLOCK = 8


def cover() -> bytes:
    """A JPEG of one colour. Each block of eight by eight is the same as the one before: two bits, both 0."""
    blocks = (WIDTH // _BLOCK) * (HEIGHT // _BLOCK)
    size = HEIGHT.to_bytes(2, "big") + WIDTH.to_bytes(2, "big")
    one_code = bytes([1] + [0] * 15 + [0])  # a single word of one bit, which means 0
    return b"".join(
        (
            b"\xff\xd8",
            _part(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _part(0xDB, b"\0" + b"\x10" * 64),
            _part(0xC0, b"\x08" + size + b"\x01\x01\x11\0"),
            _part(0xC4, b"\0" + one_code),
            _part(0xC4, b"\x10" + one_code),
            _part(0xDA, b"\x01\x01\0\0\x3f\0"),
            bytes(blocks * 2 // 8),
            b"\xff\xd9",
        )
    )


def _part(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content
