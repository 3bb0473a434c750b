"""Reading back what was missed while nobody listened, in the words of a webhook.

First the newest comments under the account's posts, a page of posts at a time; then others' posts in which
the account is tagged and mentioned, which Instagram lists for Facebook Login; then the chats.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.instagram import calls, reading
from heed.channels.meta import chats, graph
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps

MOST_PAGES = 5
"""How many pages of posts, ours or others', are read back at most."""
MOST_COMMENT_PAGES = 10
"""How many pages of comments under one post, or of replies to one comment. A reply may stand under any
comment, however old, so all are looked at."""
_WRITTEN = "id,text,timestamp,username,from"
_COMMENT = f"{_WRITTEN},parent_id,replies.limit(50){{{_WRITTEN}}}"

Row = Mapping[str, Any]


def backfilled(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """One page. `cursor` is {"since": ISO time} at first."""
    since = clock.from_iso(str(cursor["since"]))
    match cursor.get("now_at"):
        case "chats":
            return (yield from _chats(account, cursor))
        case "tags":
            return (yield from _mentions(account, cursor, since))
    return (yield from _comments(account, cursor, since))


def _comments(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    page = int(cursor.get("page", 1))
    listed = yield from calls.get(
        account, f"{account.external_id}/media", fields="id,comments_count", limit="10", **_after(cursor)
    )
    entries: list[dict[str, Any]] = []
    for post in graph.rows(listed):
        if post.get("comments_count") == 0:
            continue
        comments = yield from _pages(account, f"{post.get('id')}/comments", _COMMENT)
        written: list[tuple[Row, str]] = [
            (comment, str(comment.get("parent_id") or "")) for comment in comments
        ]
        for top in comments:
            replies = yield from _replies(account, top)
            written += [(reply, str(top["id"])) for reply in replies]
        entries += _entries(account, post, written, since)
    after = graph.next_cursor(listed)
    kept = {"since": cursor["since"]}
    next_ = "tags" if calls.by_facebook(account) else "chats"
    kept |= {"after": after, "page": page + 1} if after and page < MOST_PAGES else {"now_at": next_}
    return Collected(_bodies(entries), kept, more=True)


def _replies(account: AccountRecord, top: Row) -> Steps[list[dict[str, Any]]]:
    """The replies that stand inside a comment, and those that did not find room there."""
    inside = graph.rows(top.get("replies"))
    after = graph.next_cursor(top.get("replies"))
    more = (yield from _pages(account, f"{top['id']}/replies", _WRITTEN, after)) if after else []
    return inside + more


def _pages(account: AccountRecord, path: str, fields: str, after: str = "") -> Steps[list[dict[str, Any]]]:
    """A list to its end."""
    found: list[dict[str, Any]] = []
    for _page in range(MOST_COMMENT_PAGES):
        further = {"after": after} if after else {}
        listed = yield from calls.get(account, path, fields=fields, limit="50", **further)
        found += graph.rows(listed)
        after = graph.next_cursor(listed)
        if not after:
            break
    return found


def _entries(account: AccountRecord, post: Row, written: list[tuple[Row, str]], since: datetime) -> list[Any]:
    """An entry each: a comment has no time but that of its entry."""
    written.sort(key=lambda pair: str(pair[0].get("timestamp")))
    return [
        _entry(account, post, row, parent)
        for row, parent in written
        if chats.is_since(row, "timestamp", since)
    ]


def _entry(account: AccountRecord, post: Row, row: Row, parent: str) -> dict[str, Any]:
    at = graph.time(row, "timestamp")
    assert at is not None  # only rows with a time are taken
    author = record(row.get("from")) or {"username": row.get("username")}
    value = {
        "id": row["id"],
        "text": row.get("text"),
        "from": author,
        "media": {"id": post.get("id")},
        "parent_id": parent or None,
    }
    change = {"field": "comments", "value": value}
    return {"id": account.external_id, "time": int(at.timestamp()), "changes": [change]}


def _mentions(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    """Others' posts that name us under their picture and have us tagged in it: only these are listed, and
    not in order. An account that may not see them goes without; the comments that mention us are listed
    nowhere."""
    page, kept = int(cursor.get("page", 1)), {"since": cursor["since"]}
    try:
        listed = yield from calls.get(
            account,
            f"{account.external_id}/tags",
            fields="id,caption,timestamp",
            limit="25",
            **_after(cursor),
        )
    except Refusal as refusal:
        if refusal.retry or refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        return Collected((), {**kept, "now_at": "chats"}, more=True)
    fresh = [row for row in graph.rows(listed) if chats.is_since(row, "timestamp", since)]
    entries = [_mention(account, row) for row in fresh if _names_us(account, row)]
    after = graph.next_cursor(listed)
    further = after and page < MOST_PAGES
    kept |= {"now_at": "tags", "after": after, "page": page + 1} if further else {"now_at": "chats"}
    return Collected(_bodies(entries), kept, more=True)


def _names_us(account: AccountRecord, post: Row) -> bool:
    """Whether its words mention us: of a mere tag Instagram tells nobody, and it cannot be answered."""
    return reading.names_us(account, str(post.get("caption") or ""))


def _mention(account: AccountRecord, post: Row) -> dict[str, Any]:
    at = graph.time(post, "timestamp")
    assert at is not None  # only rows with a time are taken
    change = {"field": "mentions", "value": {"media_id": post["id"]}}
    return {"id": account.external_id, "time": int(at.timestamp()), "changes": [change]}


def _chats(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    us, whose, get = account.external_id, calls.sender(account), partial(calls.get, account)
    items, kept, more = yield from chats.missed(
        get, "instagram", whose, us, cursor, also="story,is_unsupported"
    )
    return Collected(_bodies([{"id": us, "messaging": items}] if items else []), kept, more)


def _bodies(entries: list[dict[str, Any]]) -> tuple[bytes, ...]:
    return (orjson.dumps({"object": "instagram", "entry": entries}),) if entries else ()


def _after(cursor: Mapping[str, Any]) -> dict[str, str]:
    return {"after": str(cursor["after"])} if cursor.get("after") else {}
