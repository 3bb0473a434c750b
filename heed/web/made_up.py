"""What Heed made up for an account, to be copied by whoever connected it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest

from heed.channels.models import Account
from heed.lib import clock

SHOWN_FOR = timedelta(hours=1)
"""Long enough to enter it at the network, too. Afterwards it is a secret like every other."""

_KEPT = "made_up"
_NEXT = "next"
"""In place of an account's id, while somebody is away at the network to connect one."""


class Shown(NamedTuple):
    name: str
    label: Any
    value: str


def note(request: HttpRequest, names: Sequence[str], account: Account | None = None) -> None:
    """These secrets of the account, or of the next one that this person signs in to, are theirs to copy. The
    session holds their names only."""
    kept = request.session.get(_KEPT, {})
    whose = str(account.pk) if account else _NEXT
    if names:
        until = (clock.now() + SHOWN_FOR).isoformat()
        request.session[_KEPT] = {**kept, whose: {"names": list(names), "until": until}}


def signed_in(request: HttpRequest, account: Account) -> None:
    """Whoever was away is back with this account."""
    kept = dict(request.session.get(_KEPT, {}))
    if _NEXT in kept:
        request.session[_KEPT] = {str(account.pk): kept.pop(_NEXT), **kept}


def to_copy(request: HttpRequest, account: Account) -> list[Shown]:
    """What this person may copy now."""
    noted = request.session.get(_KEPT, {}).get(str(account.pk))
    if noted is None or clock.from_iso(noted["until"]) < clock.now():
        return []
    held = account.credentials
    fields = [field for field in account.adapter.fields if field.name in noted["names"]]
    return [Shown(field.name, field.label, held[field.name]) for field in fields if held.get(field.name)]
