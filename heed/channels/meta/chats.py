"""Chats read back after an outage, in the words of a webhook. Of each, Meta shows the newest twenty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from heed.channels.base import Refusal
from heed.channels.meta.graph import next_cursor, rows, time
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps

_WRITTEN = "id,created_time,from,message,attachments,shares,sticker,reply_to"
TOLD_AGAIN = timedelta(hours=1)
"""For how long Meta repeats the webhook of a private message that nobody took."""

Row = Mapping[str, Any]
Get = Callable[..., Steps[dict[str, Any]]]
"""Reads a path with parameters, as the account."""


def missed(
    get: Get,
    platform: str,
    whose: str,
    us: str,
    since: datetime,
    after: Mapping[str, str],
    *,
    also: str = "",
) -> Steps[tuple[list[dict[str, Any]], str]]:
    """The `messaging` items of a page of conversations, and where the next page begins: empty when there
    is none that matters. The newest chats stand first, so an older one ends the reading. `also` are fields
    that messages of this platform have besides: one that Meta does not know fails the whole call."""
    fields = f"{_WRITTEN}{also and ','}{also}"
    listed = yield from get(
        f"{whose}/conversations",
        platform=platform,
        fields=f"id,updated_time,participants,messages.limit(20){{{fields}}}",
        limit="25",
        **after,
    )
    chats = rows(listed)
    fresh = [chat for chat in chats if is_since(chat, "updated_time", since)]
    items: list[dict[str, Any]] = []
    for chat in fresh:
        items += yield from _items(get, fields, chat, us, since)
    return items, next_cursor(listed) if len(fresh) == len(chats) else ""


def is_since(row: Row, name: str, since: datetime) -> bool:
    at = time(row, name)
    return bool(row.get("id")) and at is not None and at >= since


def _items(get: Get, fields: str, chat: Row, us: str, since: datetime) -> Steps[list[dict[str, Any]]]:
    them = [str(row.get("id")) for row in rows(chat.get("participants"))]
    other = next((each for each in them if each != us), "")
    newest_first = [row for row in rows(chat.get("messages")) if is_since(row, "created_time", since)]
    found: list[dict[str, Any]] = []
    for row in reversed(newest_first):
        item = _item(row, us, other)
        if _is_bare(item):
            item = _item((yield from _looked_at(get, fields, row)), us, other)
        if _is_bare(item):
            if is_since(row, "created_time", clock.now() - TOLD_AGAIN):
                continue  # its webhook may say more and is still to come: it must not find the place taken
            item["message"]["is_unsupported"] = True
        found.append(item)
    return found


def _is_bare(item: Mapping[str, Any]) -> bool:
    message = item["message"]
    return not (message["text"] or message["attachments"] or message["is_unsupported"])


def _looked_at(get: Get, fields: str, row: Row) -> Steps[Row]:
    """The message by itself: lists were seen to leave out what it holds."""
    try:
        return {**row, **(yield from get(str(row["id"]), fields=fields))}
    except Refusal as refusal:
        if refusal.retry or refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        return row


def _item(row: Row, us: str, other: str) -> dict[str, Any]:
    ours = str(record(row.get("from")).get("id")) == us
    pair = (us, other) if ours else (other, us)
    at = time(row, "created_time")
    assert at is not None  # only rows with a time are taken
    message = {
        "mid": row["id"],
        "text": row.get("message"),
        "attachments": _attachments(row),
        "reply_to": _answered(row),
        "is_unsupported": bool(row.get("is_unsupported")),
        "is_echo": ours,
    }
    return {
        "sender": {"id": pair[0]},
        "recipient": {"id": pair[1]},
        "timestamp": int(at.timestamp() * 1000),
        "message": message,
    }


def _answered(row: Row) -> dict[str, Any]:
    """The message, or the story of ours, that this one answers."""
    story = record(record(row.get("story")).get("reply_to"))
    mid = record(row.get("reply_to")).get("mid")
    return {"mid": mid, "story": {"id": story.get("id"), "url": story.get("link")} if story else None}


def _attachments(row: Row) -> list[dict[str, Any]]:
    """What came along. A sticker is all there is of its message, however often it is listed."""
    if row.get("sticker"):
        return [_attachment("sticker", row["sticker"])]
    found = [_attached(file) for file in rows(row.get("attachments"))]
    found += [_shared(each) for each in rows(row.get("shares"))]
    mention = record(record(row.get("story")).get("mention"))
    return [*found, _attachment("story_mention", mention.get("link"))] if mention else found


def _attached(file: Row) -> dict[str, Any]:
    card = record(file.get("generic_template"))
    if card:
        return {"type": "template", "payload": {"elements": [card]}}
    for kind in ("image", "video"):
        data = record(file.get(f"{kind}_data"))
        if data.get("url"):
            return _attachment("sticker" if data.get("render_as_sticker") else kind, data["url"])
    kind = str(file.get("mime_type") or "").partition("/")[0]
    kind = kind if kind in ("image", "video", "audio") else "file"
    return _attachment(kind, file.get("file_url"), file.get("name"))


def _shared(share: Row) -> dict[str, Any]:
    """A post, a link or a product that was passed on."""
    product = record(record(share.get("template")).get("payload"))
    if product:
        return {"type": "template", "payload": product}
    return _attachment("share", share.get("link"), share.get("name") or share.get("description"))


def _attachment(kind: str, url: Any, title: Any = None) -> dict[str, Any]:
    return {"type": kind, "payload": {"url": url, "title": title}}
