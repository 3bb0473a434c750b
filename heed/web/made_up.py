"""What Heed made up for an account, to be copied by whoever connected it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from django.http import HttpRequest

from heed.channels.models import Account
from heed.lib import clock

SHOWN_FOR = timedelta(hours=1)
"""Long enough to enter it at the network, too. Afterwards it is a secret like every other."""

_KEPT = "made_up"


class Shown(NamedTuple):
    name: str
    label: Any
    value: str


def note(request: HttpRequest, names: Sequence[str], account: Account) -> None:
    """These secrets, as the account has them here, are this person's to copy. The session holds their prints
    only: what somebody enters in their place later is nobody's to see."""
    held = account.credentials
    prints = {name: _print(held[name]) for name in names if held.get(name)}
    if prints:
        until = (clock.now() + SHOWN_FOR).isoformat()
        kept = request.session.get(_KEPT, {})
        request.session[_KEPT] = {**kept, str(account.pk): {"prints": prints, "until": until}}


def to_copy(request: HttpRequest, account: Account) -> list[Shown]:
    """What this person may copy now."""
    noted = request.session.get(_KEPT, {}).get(str(account.pk))
    if noted is None or clock.from_iso(noted["until"]) < clock.now():
        return []
    held, prints = account.credentials, noted.get("prints", {})
    fields = [field for field in account.adapter.fields if field.name in prints and field.name in held]
    return [
        Shown(field.name, field.label, held[field.name])
        for field in fields
        if _print(held[field.name]) == prints[field.name]
    ]


def _print(secret: str) -> str:
    """What tells whether it is still the same. Nothing leads back from it: 16 bytes were drawn by lot."""
    return sha256(secret.encode()).hexdigest()
