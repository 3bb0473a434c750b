"""What the vendor's page demands of messages."""

from __future__ import annotations

from typing import Any

from heed.lib.text import measure

MOST_QUICK_REPLIES = 13
MOST_LABEL = 20
MOST_ACTION_TEXT = 300
TEXT_LIMIT = 5000
MEGABYTE = 1024 * 1024
MOST_BYTES = {"image": 10 * MEGABYTE, "preview": MEGABYTE, "video": 200 * MEGABYTE, "audio": 200 * MEGABYTE}
TYPES = {
    "image": ("image/png", "image/jpeg"),
    "preview": ("image/png", "image/jpeg"),
    "video": ("video/mp4",),
    "audio": ("audio/mp4", "audio/mpeg"),
}
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
    if message["type"] == "audio" and (type(message["duration"]) is not int or message["duration"] < 1):
        raise _wrong(f"{where}.duration", "Must be greater than or equal to 1")
    if "quickReply" in message:
        _check_quick_reply(message["quickReply"], where)
    quote = message.get("quoteToken")
    if quote is not None and not str(quote).startswith("q-"):
        raise _wrong(f"{where}.quoteToken", "Invalid quote token")


def shown_as(kind: str, content: bytes) -> str:
    """The type of a file that was fetched for a message of this kind, or for a preview; empty when LINE
    would not show it."""
    mime = _mime(content)
    return mime if mime in TYPES[kind] and len(content) <= MOST_BYTES[kind] else ""


def _mime(content: bytes) -> str:
    """What the first bytes say: a picture, MP4, or sound as M4A or MP3."""
    if content.startswith(b"\x89PNG"):
        return "image/png"
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if content[4:8] == b"ftyp":
        return "audio/mp4" if content[8:11] == b"M4A" else "video/mp4"
    return "audio/mpeg" if content.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")) else ""


def _wrong(name: str, why: str) -> Refused:
    return Refused(400, "The request body has 1 error(s)", details=[{"message": why, "property": name}])


def is_address(url: str) -> bool:
    return url.startswith(("https://", "http://127.0.0.1"))
