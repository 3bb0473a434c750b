"""What the API answers when it says no, and how it writes and reads values."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from heed.sandbox.frame import Call, Reply

_PROBLEMS = "https://api.x.com/2/problems/"


class No(Exception):
    """An error answer of the API, as a problem or in one of its other shapes."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.reply = Reply(status, body, headers or {})


def problem(status: int, kind: str, detail: str, title: str = "") -> No:
    words = title or kind.replace("-", " ").title()
    return No(status, {"title": words, "detail": detail, "type": f"{_PROBLEMS}{kind}", "status": status})


def legacy(status: int, code: int, message: str) -> No:
    return No(status, {"errors": [{"code": code, "message": message}]})


def unauthorized() -> No:
    return No(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})


def missing(what: str, id: str) -> dict[str, Any]:
    return {
        "title": "Not Found Error",
        "detail": f"Could not find {what} with id: [{id}].",
        "type": f"{_PROBLEMS}resource-not-found",
        "resource_id": id,
    }


def fields_of(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise problem(400, "invalid-request", "A JSON body is needed")
    return call.json


def number_of(value: str | None, usual: int, least: int, most: int) -> int:
    number = int(value) if value and value.isdigit() else usual if not value else -1
    if not least <= number <= most:
        raise problem(400, "invalid-request", f"max_results must be {least} to {most}")
    return number


def moment_of(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise problem(400, "invalid-request", f"{value} is not a time") from error


def encoded(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
