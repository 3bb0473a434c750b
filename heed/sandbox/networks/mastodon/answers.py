"""What the API answers when it says no, its pages and its times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from heed.sandbox.frame import Call, Reply


class No(Exception):
    """An error answer of the API. Its words are in the account's language."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.reply = Reply(status, {"error": error}, headers or {})


def page_of(call: Call, items: list[Any], most: int) -> list[Any]:
    """A page, newest first. `min_id` gives what is just above it, `since_id` the newest above it."""
    limit = min(int(call.query.get("limit") or 40), most)
    newest = sorted(items, key=lambda each: (len(each.id), each.id), reverse=True)
    place = {name: call.query.get(name, "") for name in ("min_id", "since_id", "max_id")}
    for name in ("min_id", "since_id"):
        if place[name]:
            low = (len(place[name]), place[name])
            newest = [each for each in newest if (len(each.id), each.id) > low]
    if place["max_id"]:
        high = (len(place["max_id"]), place["max_id"])
        newest = [each for each in newest if (len(each.id), each.id) < high]
    return newest[-limit:] if place["min_id"] else newest[:limit]


def oauth_error(status: int, error: str) -> Reply:
    return Reply(status, {"error": error, "error_description": "Odobritev ni veljavna."})


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
