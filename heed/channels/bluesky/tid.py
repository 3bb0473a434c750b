"""Record keys: thirteen letters that sort by time."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_BITS = 10
_LENGTH = 13


def record_key(at: datetime, key: str) -> str:
    """The record key of what was made at this moment under this key: always the same one.

    The low bits, a clock's number by the protocol, come from `key`, so two things of one
    microsecond differ.
    """
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    clock_id = int.from_bytes(hashlib.sha256(key.encode()).digest()[:2]) % (1 << _CLOCK_BITS)
    value = micros << _CLOCK_BITS | clock_id
    return "".join(_LETTERS[value >> 5 * place & 31] for place in reversed(range(_LENGTH)))


def moment_of(key: str) -> datetime | None:
    """When a record with this key was made, or None when the key is no such key."""
    if len(key) != _LENGTH or any(letter not in _VALUES for letter in key):
        return None
    value = 0
    for letter in key:
        value = value << 5 | _VALUES[letter]
    return _EPOCH + timedelta(microseconds=value >> _CLOCK_BITS)
