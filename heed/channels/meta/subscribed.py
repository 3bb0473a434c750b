"""Which of an account's news the network sends us and where to, and what of it it had stopped sending.

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


def reaches_us(listed: Any, about: str, account: AccountRecord) -> bool:
    """Whether the app's news of this kind goes to another account of this Heed, by its `subscriptions`: from
    there it finds its way, and pointed here it would only be pointed back."""
    return any(
        row.get("object") == about and row.get("callback_url") in account.siblings for row in rows(listed)
    )


def lost(account: AccountRecord, now: Iterable[str]) -> tuple[str, ...]:
    """What was sent at the last check and is no more."""
    return tuple(sorted(set(account.facts.get(KEPT, ())) - set(now)))
