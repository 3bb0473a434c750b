"""How the door proves from outside that it is this Heed: by a word that nobody could know before.

It is read by the door, which knows no model and no settings.
"""

from __future__ import annotations

import re

from cryptography.fernet import InvalidToken

from heed.lib.crypto import KeyRing

PLACE = "here/"
"""Below the door's addresses; no account's address has a slash in it."""

_WORD = re.compile(r"[A-Za-z0-9_-]{16,64}")


def proof(ring: KeyRing, word: str) -> bytes | None:
    """What the door answers to this word; None when it is none."""
    return ring.lock({"here": word}) if _WORD.fullmatch(word) else None


def proves(ring: KeyRing, word: str, answer: bytes) -> bool:
    """Whether only a door of ours could have answered so, and not before it was asked."""
    try:
        return ring.open(answer.strip()).get("here") == word
    except InvalidToken:
        return False
