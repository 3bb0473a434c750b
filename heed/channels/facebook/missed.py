"""Reading back what was missed while nobody listened, in the words of a webhook.

First the posts of the Page and the comments under them, a page of posts at a time; then the posts of others
that mention the Page; then Messenger's chats, of which Meta shows the twenty newest messages each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.facebook import calls
from heed.channels.meta import chats, graph
from heed.channels.meta.chats import is_since
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps

MOST_PAGES = 10
"""How many pages of posts, or of comments under one post, are read back at most."""
_POST = "id,from,message,created_time,updated_time,permalink_url,full_picture"
_COMMENT = "id,from,message,created_time,parent{id},permalink_url,attachment"

Row = Mapping[str, Any]


def backfilled(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """One page. `cursor` is {"since": ISO time} at first."""
    since = clock.from_iso(str(cursor["since"]))
    match cursor.get("now_at"):
        case "chats":
            return (yield from _chats(account, cursor, since))
        case "mentions":
            return (yield from _mentions(account, cursor, since))
    return (yield from _posts(account, cursor, since))


# ------------------------------------------------------------------------ posts and comments


def _posts(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    page = int(cursor.get("page", 1))
    listed = yield from calls.get(
        account, f"{account.external_id}/feed", fields=_POST, limit="25", **_after(cursor)
    )
    changes: list[dict[str, Any]] = []
    for post in graph.rows(listed):
        if is_since(post, "created_time", since):
            changes.append(_post_change(post))
        if is_since(post, "updated_time", since):
            comments = yield from _comments(account, str(post["id"]), since)
            changes += [_comment_change(comment, post) for comment in comments]
    after = graph.next_cursor(listed)
    further = bool(after) and page < MOST_PAGES
    kept = {"since": cursor["since"]}
    kept |= {"after": after, "page": page + 1} if further else {"now_at": "mentions"}
    return Collected(_bodies(account, "changes", changes), kept, more=True)


def _comments(account: AccountRecord, post: str, since: datetime) -> Steps[list[Row]]:
    """Comments and replies under a post since then, the oldest first."""
    found: list[Row] = []
    after = ""
    for _page in range(MOST_PAGES):
        more = {"after": after} if after else {}
        listed = yield from calls.get(
            account,
            f"{post}/comments",
            filter="stream",
            order="reverse_chronological",
            fields=_COMMENT,
            limit="50",
            **more,
        )
        rows = graph.rows(listed)
        fresh = [row for row in rows if is_since(row, "created_time", since)]
        found += fresh
        after = graph.next_cursor(listed)
        if not after or len(fresh) < len(rows):
            break
    return found[::-1]


def _post_change(post: Row) -> dict[str, Any]:
    picture = post.get("full_picture")
    value = {
        "item": "photo" if picture else "status",
        "verb": "add",
        "post_id": post["id"],
        "from": post.get("from"),
        "message": post.get("message"),
        "link": picture,
        "permalink_url": post.get("permalink_url"),
        "created_time": _seconds(post),
    }
    return {"field": "feed", "value": value}


def _comment_change(comment: Row, post: Row) -> dict[str, Any]:
    value = {
        "item": "comment",
        "verb": "add",
        "post_id": post["id"],
        "comment_id": comment["id"],
        "parent_id": record(comment.get("parent")).get("id") or post["id"],
        "from": comment.get("from"),
        "message": comment.get("message"),
        "photo": calls.picture_of(record(comment.get("attachment"))) or None,
        "permalink_url": comment.get("permalink_url"),
        "created_time": _seconds(comment),
    }
    return {"field": "feed", "value": value}


# --------------------------------------------------------------------------- others' mentions


def _mentions(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    """Others' posts that mention the Page; an app that may not see them goes without. Those in comments Meta
    lists nowhere."""
    page = int(cursor.get("page", 1))
    kept = {"since": cursor["since"]}
    try:
        listed = yield from calls.get(
            account, f"{account.external_id}/tagged", fields=_POST, limit="25", **_after(cursor)
        )
    except Refusal as refusal:
        if refusal.retry or refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        return Collected((), {**kept, "now_at": "chats"}, more=True)
    rows = graph.rows(listed)
    fresh = [row for row in rows if is_since(row, "created_time", since)]
    after = graph.next_cursor(listed)
    further = bool(after) and len(fresh) == len(rows) and page < MOST_PAGES
    kept |= {"now_at": "mentions", "after": after, "page": page + 1} if further else {"now_at": "chats"}
    return Collected(_bodies(account, "changes", [_mention_change(row) for row in fresh]), kept, more=True)


def _mention_change(post: Row) -> dict[str, Any]:
    value = {
        "item": "post",
        "verb": "add",
        "post_id": post["id"],
        "from": post.get("from"),
        "message": post.get("message"),
        "link": post.get("full_picture"),
        "permalink_url": post.get("permalink_url"),
        "created_time": _seconds(post),
    }
    return {"field": "mention", "value": value}


# ------------------------------------------------------------------------------ private chats


def _chats(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    us, get = account.external_id, partial(calls.get, account)
    items, after = yield from chats.missed(get, "messenger", us, us, since, _after(cursor))
    kept = {"since": cursor["since"], "now_at": "chats", **({"after": after} if after else {})}
    return Collected(_bodies(account, "messaging", items), kept, more=bool(after))


# ------------------------------------------------------------------------------------- both


def _bodies(account: AccountRecord, kind: str, items: list[dict[str, Any]]) -> tuple[bytes, ...]:
    if not items:
        return ()
    entry = {"id": account.external_id, kind: items}
    return (orjson.dumps({"object": "page", "entry": [entry]}),)


def _after(cursor: Mapping[str, Any]) -> dict[str, str]:
    return {"after": str(cursor["after"])} if cursor.get("after") else {}


def _seconds(row: Row) -> int:
    at = graph.time(row, "created_time")
    assert at is not None  # only rows with a time are taken
    return int(at.timestamp())
