"""What the vendor's page demands of messages."""

from __future__ import annotations

from typing import Any

from heed.lib.text import measure

MOST_QUICK_REPLIES = 13
MOST_LABEL = 20
MOST_ACTION_TEXT = 300
TEXT_LIMIT = 5000
KINDS = frozenset({"text", "image", "video", "audio", "location", "sticker"})
NEEDED = {
    "text": ("text",),
    "image": ("originalContentUrl", "previewImageUrl"),
    "video": ("originalContentUrl", "previewImageUrl"),
    "audio": ("originalContentUrl", "duration"),
    "location": ("title", "address", "latitude", "longitude"),
    "sticker": ("packageId", "stickerId"),
}


class Refused(Exception):
    """An error as LINE tells it. `more` goes into the body, `headers` beside it."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.more = more


def check_messages(messages: Any) -> list[dict[str, Any]]:
    """What the vendor's page demands of messages."""
    if not isinstance(messages, list) or not 1 <= len(messages) <= 5:
        raise _wrong("messages", "Size must be between 1 and 5")
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in KINDS:
            raise _wrong(f"{where}.type", "May not be an unknown type")
        for name in NEEDED[kind]:
            if message.get(name) in (None, ""):
                raise _wrong(f"{where}.{name}", "May not be empty")
        _check_values(message, where)
    return messages


def _check_quick_reply(quick: Any, where: str) -> None:
    items = quick.get("items") if isinstance(quick, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_QUICK_REPLIES:
        raise _wrong(f"{where}.quickReply.items", f"Size must be between 1 and {MOST_QUICK_REPLIES}")
    for place, item in enumerate(items):
        action = item.get("action") if isinstance(item, dict) else None
        if not isinstance(action, dict) or item.get("type") != "action" or action.get("type") != "message":
            raise _wrong(f"{where}.quickReply.items[{place}].action", "May not be an unknown type")
        label, text = str(action.get("label") or ""), str(action.get("text") or "")
        if not 1 <= len(label) <= MOST_LABEL:
            raise _wrong(
                f"{where}.quickReply.items[{place}].action.label", f"Length must be 1 to {MOST_LABEL}"
            )
        if not 1 <= len(text) <= MOST_ACTION_TEXT:
            raise _wrong(f"{where}.quickReply.items[{place}].action.text", "Length is out of bounds")


def _check_values(message: dict[str, Any], where: str) -> None:
    if measure(str(message.get("text", "")), "utf16") > TEXT_LIMIT:
        raise _wrong(f"{where}.text", f"Length must be between 0 and {TEXT_LIMIT}")
    for name in ("originalContentUrl", "previewImageUrl"):
        url = message.get(name)
        if url is not None and (not is_address(str(url)) or len(str(url)) > 2000):
            raise _wrong(f"{where}.{name}", "Must be a valid HTTPS URL")
    if "quickReply" in message:
        _check_quick_reply(message["quickReply"], where)
    quote = message.get("quoteToken")
    if quote is not None and not str(quote).startswith("q-"):
        raise _wrong(f"{where}.quoteToken", "Invalid quote token")


def _wrong(name: str, why: str) -> Refused:
    return Refused(400, "The request body has 1 error(s)", details=[{"message": why, "property": name}])


def is_address(url: str) -> bool:
    return url.startswith(("https://", "http://127.0.0.1"))
