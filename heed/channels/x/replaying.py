"""Having X deliver again what our webhook could not take: it tells what no list shows, as a removal or a
receipt. X does so for the last day, some minutes later, one span at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.x import calls
from heed.lib import clock
from heed.lib.http import Steps

SETTLED = timedelta(minutes=11)
"""X replays nothing younger than ten minutes."""
BEGINS = timedelta(minutes=32)
"""And no span that begins less than 31 minutes ago: what comes twice changes nothing."""
REACHES = timedelta(hours=23, minutes=50)
SPAN = timedelta(hours=2)
_BREAKS = ("sign_in_again", "account_blocked")


def wanted(account: AccountRecord, since: datetime) -> dict[str, str]:
    """What a cursor says of it; nothing where the account has no webhook."""
    if account.facts.get("webhooks") is not True:
        return {}
    return {"replay_from": since.isoformat(), "replay_to": clock.now().isoformat()}


def replay(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """Have the next span replayed: what it holds comes as deliveries of its own. Raises `Refusal` while X has
    to be waited for."""
    now = clock.now()
    end = clock.from_iso(str(cursor["replay_to"]))
    start = max(clock.from_iso(str(cursor["replay_from"])), now - REACHES)
    if start >= end:
        return _done(cursor)
    if end > now - SETTLED:
        raise Refusal("slow_down", retry=True, after=(end + SETTLED - now).total_seconds())
    upto = min(end, start + SPAN)
    try:
        bearer = yield from calls.app_bearer(account)
        webhook = yield from _webhook(account, bearer)
        asked = {
            "webhook_id": webhook,
            "from_date": _minute(min(start, now - BEGINS)),
            "to_date": _minute(upto + timedelta(minutes=1)),
        }
        if webhook:
            yield from calls.call(account, "POST", "/2/webhooks/replay", body=asked, bearer=bearer)
    except Refusal as refusal:
        if refusal.retry or refusal.reason in _BREAKS:
            raise
        if "ReplayConflict" in f"{refusal.code} {refusal.detail}":
            raise Refusal("slow_down", retry=True, code=refusal.code, detail=refusal.detail) from refusal
        return _done(cursor)  # not every contract has it
    if not webhook or upto == end:
        return _done(cursor)
    return Collected((), {**cursor, "replay_from": upto.isoformat()}, more=True)


def _webhook(account: AccountRecord, bearer: str) -> Steps[str]:
    """The id of the webhook that leads to this account; nothing where its news comes by another's."""
    listed = calls.rows((yield from calls.call(account, "GET", "/2/webhooks", bearer=bearer)))
    return next((str(each.get("id") or "") for each in listed if each.get("url") == account.hook_url), "")


def _done(cursor: Mapping[str, Any]) -> Collected:
    return Collected((), {name: value for name, value in cursor.items() if not name.startswith("replay")})


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M")
