"""Which of an account's news the network sends us, and what of it it had stopped sending.

Meta ends a subscription by itself when it could not deliver for an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from heed.channels.base import AccountRecord
from heed.channels.meta.graph import rows

KEPT = "subscribed"
"""In `facts`: the fields that the network listed at the end of the last check."""


def fields_of(listed: Any, app_id: str) -> frozenset[str]:
    """The fields our app gets, by an answer of `subscribed_apps`; the only app's when ours is not known."""
    apps = rows(listed)
    ours = [app for app in apps if str(app.get("id", "")) == app_id or (not app_id and len(apps) == 1)]
    return frozenset(str(name) for app in ours for name in app.get("subscribed_fields") or ())


def lost(account: AccountRecord, now: Iterable[str]) -> tuple[str, ...]:
    """What was sent at the last check and is no more."""
    return tuple(sorted(set(account.facts.get(KEPT, ())) - set(now)))
