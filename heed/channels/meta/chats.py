"""Chats read back after an outage, in the words of a webhook. Of each, Meta shows the newest twenty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from heed.channels.meta.graph import next_cursor, rows, time
from heed.channels.meta.shapes import record

FIELDS = "id,updated_time,participants,messages.limit(20){id,created_time,from,message,attachments}"

Row = Mapping[str, Any]


def missed(listed: Any, us: str, since: datetime) -> tuple[list[dict[str, Any]], str]:
    """The `messaging` items of a page of conversations, and where the next page begins: empty when there
    is none that matters. The newest chats stand first, so an older one ends the reading."""
    chats = rows(listed)
    fresh = [chat for chat in chats if is_since(chat, "updated_time", since)]
    items = [item for chat in fresh for item in _items(chat, us, since)]
    return items, next_cursor(listed) if len(fresh) == len(chats) else ""


def is_since(row: Row, name: str, since: datetime) -> bool:
    at = time(row, name)
    return bool(row.get("id")) and at is not None and at >= since


def _items(chat: Row, us: str, since: datetime) -> list[dict[str, Any]]:
    them = [str(row.get("id")) for row in rows(chat.get("participants"))]
    other = next((each for each in them if each != us), "")
    newest_first = [row for row in rows(chat.get("messages")) if is_since(row, "created_time", since)]
    return [_item(row, us, other) for row in reversed(newest_first)]


def _item(row: Row, us: str, other: str) -> dict[str, Any]:
    ours = str(record(row.get("from")).get("id")) == us
    files = [_attached(each) for each in rows(row.get("attachments"))]
    pair = (us, other) if ours else (other, us)
    at = time(row, "created_time")
    assert at is not None  # only rows with a time are taken
    message = {"mid": row["id"], "text": row.get("message"), "attachments": files, "is_echo": ours}
    return {
        "sender": {"id": pair[0]},
        "recipient": {"id": pair[1]},
        "timestamp": int(at.timestamp() * 1000),
        "message": message,
    }


def _attached(file: Row) -> dict[str, Any]:
    for kind in ("image", "video"):
        data = record(file.get(f"{kind}_data"))
        if data.get("url"):
            return {"type": kind, "payload": {"url": data["url"]}}
    kind = str(file.get("mime_type") or "").partition("/")[0]
    kind = kind if kind in ("image", "video", "audio") else "file"
    return {"type": kind, "payload": {"url": file.get("file_url"), "title": file.get("name")}}
