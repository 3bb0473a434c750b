"""What the API answers when it says no, and how it writes and reads values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from heed.sandbox.frame import Call, Reply


class No(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, error: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"error": error, "message": message}, headers or {})


def fields_of(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise No(400, "InvalidRequest", "A request body is expected but none was provided")
    return call.json


def limit_of(call: Call) -> int:
    try:
        limit = int(call.query.get("limit", "50"))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 100:
        raise No(400, "InvalidRequest", "limit must be 1 to 100")
    return limit


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
