"""Quick replies: what lies open under a message of ours for the customer to tap."""

from __future__ import annotations

from typing import Any

from heed.sandbox.meta.calls import record
from heed.sandbox.meta.errors import Refused

MOST = 13
MOST_TITLE = 20
MOST_PAYLOAD = 1000


def quick_replies_of(message: dict[str, Any]) -> list[dict[str, str]]:
    """Records of title and payload; none where the message offers none. Raises `Refused`."""
    given = message.get("quick_replies")
    if given is None:
        return []
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        raise Refused(100, f"(#100) Param message[quick_replies] must have 1 to {MOST} elements")
    return [_checked(record(each)) for each in given]


def _checked(reply: dict[str, Any]) -> dict[str, str]:
    title, payload = reply.get("title"), reply.get("payload")
    if reply.get("content_type") != "text":
        raise Refused(100, "(#100) Param quick_replies[content_type] must be text")
    if not isinstance(title, str) or not 0 < len(title.strip()) <= len(title) <= MOST_TITLE:
        raise Refused(100, f"(#100) Length of param quick_replies[title] must be 1 to {MOST_TITLE}")
    if not isinstance(payload, str) or not 0 < len(payload) <= MOST_PAYLOAD:
        raise Refused(100, f"(#100) Length of param quick_replies[payload] must be 1 to {MOST_PAYLOAD}")
    return {"title": title, "payload": payload}
