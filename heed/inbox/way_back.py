"""The word by which what comes back finds its ticket: it stands in an address that answers go to.

It names the ticket and is signed for the account that gets it, so nobody can write himself into another one's
matter.
"""

from __future__ import annotations

import re

from django.conf import settings

from heed.lib.crypto import hmac_sha256_hex, same

_WORD = re.compile(r"t([1-9]\d{0,17})-([0-9a-f]{16})")


def word_of(ticket: int, account: int) -> str:
    """The word for a ticket, good in what comes to this account. Lower-case letters and digits alone: mail
    programs and servers keep those as they are."""
    return f"t{ticket}-{_seal(ticket, account)}"


def ticket_of(word: str, account: int) -> int | None:
    """The number of the ticket that a word in what came to this account names; None for any other word."""
    found = _WORD.fullmatch(word.lower())
    if found is None or not same(found[2], _seal(int(found[1]), account)):
        return None
    return int(found[1])


def _seal(ticket: int, account: int) -> str:
    return hmac_sha256_hex(settings.SECRET_KEY, f"heed way back {account} {ticket}".encode())[:16]
