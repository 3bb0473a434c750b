"""Chats read back after an outage, in the words of a webhook. Of each, Meta shows the newest twenty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from heed.channels.base import Refusal
from heed.channels.meta.graph import next_cursor, rows, time
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps, TooLarge, Unreachable

_WRITTEN = "id,created_time,from,message,attachments,shares,sticker,reply_to"
TOLD_AGAIN = timedelta(hours=1)
"""For how long Meta repeats the webhook of a private message that nobody took."""
MOST_LOOKS = 20
"""So many messages of a page are asked for by themselves: Meta answers two calls a second."""

Row = Mapping[str, Any]
Get = Callable[..., Steps[dict[str, Any]]]
"""Reads a path with parameters, as the account."""


def missed(
    get: Get,
    platform: str,
    whose: str,
    us: str,
    cursor: Mapping[str, Any],
    *,
    also: str = "",
) -> Steps[tuple[list[dict[str, Any]], dict[str, Any], bool]]:
    """The `messaging` items of a page of conversations since `cursor["since"]`, the cursor after it, and
    whether there is more. The newest chats stand first, so an older one ends the reading. `also` are fields
    that messages of this platform have besides: one that Meta does not know fails the whole call.

    What was left to its webhook is read once more when that comes no more; until then the cursor stands.
    """
    if cursor.get("not_before") and clock.now() <= clock.from_iso(cursor["not_before"]):
        return [], dict(cursor), True
    fields = f"{_WRITTEN}{also and ','}{also}"
    reading = _Reading(get, fields, us, clock.from_iso(str(cursor["since"])))
    listed = yield from get(
        f"{whose}/conversations",
        platform=platform,
        fields=f"id,updated_time,participants,messages.limit(20){{{fields}}}",
        limit="25",
        **({"after": str(cursor["after"])} if cursor.get("after") else {}),
    )
    chats = rows(listed)
    fresh = [chat for chat in chats if is_since(chat, "updated_time", reading.since)]
    items: list[dict[str, Any]] = []
    for chat in fresh:
        items += yield from _items(reading, chat)
    after = next_cursor(listed) if len(fresh) == len(chats) else ""
    kept = _cursor_after(cursor, after, reading.left)
    return items, kept, "after" in kept or "not_before" in kept


@dataclass
class _Reading:
    """One page, while it is read."""

    get: Get
    fields: str
    us: str
    since: datetime
    looks: int = MOST_LOOKS
    left: list[datetime] = field(default_factory=list)
    """The times of those whose webhook may still come."""


def _cursor_after(cursor: Mapping[str, Any], after: str, left: list[datetime]) -> dict[str, Any]:
    """`left` in it: from when to when messages were left, on all pages until now."""
    kept = {name: cursor[name] for name in ("since", "again", "left") if name in cursor}
    kept["now_at"] = "chats"
    if left and "again" not in cursor:
        times = [*map(clock.from_iso, kept.get("left", ())), *left]
        kept["left"] = [min(times).isoformat(), max(times).isoformat()]
    if after:
        return {**kept, "after": after}
    if "left" not in kept:
        return kept
    first, last = kept.pop("left")
    not_before = clock.from_iso(last) + TOLD_AGAIN
    return {**kept, "since": first, "not_before": not_before.isoformat(), "again": True}


def is_since(row: Row, name: str, since: datetime) -> bool:
    at = time(row, name)
    return bool(row.get("id")) and at is not None and at >= since


def _items(reading: _Reading, chat: Row) -> Steps[list[dict[str, Any]]]:
    us = reading.us
    them = [str(row.get("id")) for row in rows(chat.get("participants"))]
    other = next((each for each in them if each != us), "")
    newest_first = [row for row in rows(chat.get("messages")) if is_since(row, "created_time", reading.since)]
    found: list[dict[str, Any]] = []
    for row in reversed(newest_first):
        item = _item(row, us, other)
        if _is_bare(item) and not item["message"]["is_echo"]:
            item = _item((yield from _looked_at(reading, row)), us, other)
        if _is_bare(item):
            at = time(row, "created_time")
            if at and at >= clock.now() - TOLD_AGAIN:
                reading.left.append(at)  # its webhook may say more, and must not find the place taken
                continue
            item["message"]["is_unsupported"] = True
        found.append(item)
    return found


def _is_bare(item: Mapping[str, Any]) -> bool:
    message = item["message"]
    return not (message["text"] or message["attachments"] or message["is_unsupported"])


def _looked_at(reading: _Reading, row: Row) -> Steps[Row]:
    """The message by itself: lists were seen to leave out what it holds. Where Meta asks for patience, it
    is asked for no other of this page."""
    if reading.looks <= 0:
        return row
    reading.looks -= 1
    try:
        return {**row, **(yield from reading.get(str(row["id"]), fields=reading.fields))}
    except (Unreachable, TooLarge):
        reading.looks = 0
    except Refusal as refusal:
        if refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        if refusal.retry:
            reading.looks = 0
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
