"""What a call asks for, and values as Meta writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from heed.sandbox.frame import Call
from heed.sandbox.meta.errors import Refused


def as_meta_writes(body: Any) -> bytes:
    """JSON in Meta's own spelling, over which it signs: ASCII with \\u00e9, and \\/ for a slash."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def words_of(call: Call) -> list[str]:
    """The path in words, without the version."""
    words = [word for word in call.path.split("/") if word]
    return words[1:] if words and re.fullmatch(r"v\d+\.\d+", words[0]) else words


def given_in(call: Call) -> dict[str, Any]:
    """All parameters: query, JSON body or form; objects inside a form are JSON text."""
    given: dict[str, Any] = dict(call.query)
    if isinstance(call.json, dict):
        return given | call.json
    for name, value in call.form.items():
        given[name] = _parsed(value) if value[:1] in ("{", "[") else value
    return given


def token_of(call: Call, given: dict[str, Any]) -> str:
    token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return token or str(given.get("access_token", ""))


def names_in(value: Any, known: Iterable[str]) -> list[str]:
    """A list of fields; one unknown name fails the whole call."""
    names = value if isinstance(value, list) else str(value or "").split(",")
    for name in names:
        if name not in known:
            raise Refused(100, f"(#100) Param subscribed_fields: {name!r} is not one of the values")
    return sorted(names)


def attachments_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    several = message.get("attachments")
    if isinstance(several, list):
        return [record(each) for each in several]
    return [record(message["attachment"])] if message.get("attachment") else []


def record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def is_true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
