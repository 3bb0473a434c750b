"""Chats read back after an outage, in the words of a webhook. Of each, Meta shows the newest twenty."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from heed.channels.base import Refusal
from heed.channels.meta.graph import next_cursor, rows, time
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import AnswerLost, Steps, TooLarge, Unreachable

_WRITTEN = "id,created_time,from,message,attachments,shares,sticker,reply_to"
TOLD_AGAIN = timedelta(hours=1)
"""For how long Meta repeats the webhook of a private message that nobody took."""
MOST_LOOKS = 20
"""So many messages of a page are asked for by themselves: Meta answers two calls a second."""
PAUSE = timedelta(minutes=5)
"""After so long those are asked for that Meta did not give out; each time in vain doubles it."""
MOST_ROUNDS = 8
"""So often, or for most of a day, in a row in vain; then they are kept as listed."""
_CLOCKS = timedelta(minutes=1)
"""By so much Meta's clock may be ahead of ours."""

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

    What was left to its webhook is read once more when that comes no more, and what could not be asked for
    by itself a little later; until then the cursor stands.
    """
    if cursor.get("not_before") and clock.now() <= clock.from_iso(cursor["not_before"]):
        return [], dict(cursor), True
    fields = f"{_WRITTEN}{also and ','}{also}"
    reading = _begun(get, fields, us, cursor)
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
    kept = _cursor_after(cursor, after, reading)
    return items, kept, "after" in kept or "not_before" in kept


@dataclass
class _Reading:
    """One page, while it is read."""

    get: Get
    fields: str
    us: str
    since: datetime
    until: datetime | None
    """When all was read for the first time: what was written after that is another's to tell."""
    known: list[str]
    """Of those that were asked for by themselves, on all pages until now, the keys: they were told."""
    round: int
    """How often in a row what was left was read once more in vain."""
    looks: int = MOST_LOOKS
    got_one: bool = False
    left: list[datetime] = field(default_factory=list)
    """The times of those whose webhook may still come, or that have to be asked for again."""


def _begun(get: Get, fields: str, us: str, cursor: Mapping[str, Any]) -> _Reading:
    since, until = clock.from_iso(str(cursor["since"])), cursor.get("until")
    known, again = list(cursor.get("known", ())), int(cursor.get("again", 0))
    return _Reading(get, fields, us, since, clock.from_iso(until) if until else None, known, again)


def _cursor_after(cursor: Mapping[str, Any], after: str, reading: _Reading) -> dict[str, Any]:
    """`left` in it: from when to when messages were left, on all pages until now."""
    kept = {name: cursor[name] for name in ("since", "until", "left") if name in cursor}
    kept |= {"now_at": "chats", "known": reading.known}
    again = min(1, reading.round) if reading.got_one else reading.round
    if reading.left:
        times = [*map(clock.from_iso, kept.get("left", ())), *reading.left]
        kept["left"] = [min(times).isoformat(), max(times).isoformat()]
    if after:
        return {**kept, "after": after, "again": again}
    if "left" not in kept:
        return kept
    (first, last), now = kept.pop("left"), clock.now()
    not_before = max(clock.from_iso(last) + TOLD_AGAIN, now + PAUSE * 2**again)
    once_more = {"since": first, "not_before": not_before.isoformat(), "again": again + 1}
    return {"until": (now + _CLOCKS).isoformat(), **kept, **once_more}


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
        found += (yield from _of_bare(reading, row, other)) if _is_bare(item) else [item]
    return found


def _of_bare(reading: _Reading, row: Row, other: str) -> Steps[list[dict[str, Any]]]:
    """A message of which the list says nothing: none where it was told before, or has to be read again."""
    at, key = time(row, "created_time"), _key(row)
    assert at is not None  # only rows with a time are taken
    if key in reading.known or (reading.until and at > reading.until):
        return []
    item, open_still = _item(row, reading.us, other), False
    if not item["message"]["is_echo"]:
        alone = yield from _looked_at(reading, row)
        reading.got_one |= alone is not None
        open_still = alone is None and reading.round < MOST_ROUNDS
        item = _item(alone or row, reading.us, other)
    if _is_bare(item):
        if open_still or at >= clock.now() - TOLD_AGAIN:
            reading.left.append(at)  # its webhook, or Meta, may say more, and must not find the place taken
            return []
        item["message"]["is_unsupported"] = True
    reading.known.append(key)
    return [item]


def _key(row: Row) -> str:
    """Short, and as good as its id."""
    return hashlib.sha256(str(row["id"]).encode()).hexdigest()[:12]


def _is_bare(item: Mapping[str, Any]) -> bool:
    message = item["message"]
    return not (message["text"] or message["attachments"] or message["is_unsupported"])


def _looked_at(reading: _Reading, row: Row) -> Steps[Row | None]:
    """The message by itself: lists were seen to leave out what it holds. None where Meta does not give it
    out now. Where Meta asks for patience, or after two in vain, no other of this page is asked for."""
    if reading.looks <= 0:
        return None
    reading.looks -= 1
    try:
        return {**row, **(yield from reading.get(str(row["id"]), fields=reading.fields))}
    except TooLarge:
        return None
    except (Unreachable, AnswerLost):
        reading.looks -= MOST_LOOKS // 2
    except Refusal as refusal:
        if refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        if not refusal.retry:
            return row
        reading.looks -= MOST_LOOKS if refusal.reason == "slow_down" else MOST_LOOKS // 2
    return None


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
