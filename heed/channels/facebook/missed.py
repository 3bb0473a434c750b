"""Reading back what was missed while nobody listened, in the words of a webhook.

First the posts of the Page, a page of them at a time, and after each page the comments under its posts; then
the comments under those of its posts that it does not list, such as ads, and under which somebody had written
lately; then the posts of others that mention the Page; then Messenger's chats, of which Meta shows the twenty
newest messages each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.facebook import calls
from heed.channels.facebook.page import UNREAD
from heed.channels.meta import chats, graph
from heed.channels.meta.chats import is_since
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps

MOST_PAGES = 10
"""So many pages of posts are looked at for new comments, where not all the posts are new themselves."""
AT_ONCE = 10
"""So many pages of comments are read before what they hold is kept."""
_AGAIN = 3
"""How often the comments under one post are begun anew because Meta does not go on with them, with nothing
older read in between."""
_OF_ONE_POST = ("under", "place", "down_to", "again")
_OF_THE_ACCOUNT = ("sign_in_again", "account_blocked", "not_configured")
"""Refusals that are about no post: all is read when that is seen to."""
_POST = "id,from,message,created_time,updated_time,permalink_url,full_picture"
_LISTED = "50"
_COMMENT = "id,from,message,created_time,parent{id},permalink_url,attachment"

Row = Mapping[str, Any]


def backfilled(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """One page. `cursor` is {"since": ISO time, "posts": ids of posts with comments} at first."""
    since = clock.from_iso(str(cursor["since"]))
    if cursor.get("under"):
        return (yield from _comments(account, cursor, since))
    match cursor.get("now_at"):
        case "chats":
            return (yield from _chats(account, cursor))
        case "mentions":
            return (yield from _mentions(account, cursor, since))
    return (yield from _posts(account, cursor, since))


# ------------------------------------------------------------------------ posts and comments


def _posts(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    page = int(cursor.get("page", 1))
    listed = yield from calls.get(
        account, f"{account.external_id}/feed", fields=_POST, limit="25", **_after(cursor)
    )
    posts = graph.rows(listed)
    fresh = [post for post in posts if is_since(post, "created_time", since)]
    talked = [str(post["id"]) for post in posts if is_since(post, "updated_time", since)]
    after = graph.next_cursor(listed)
    further = bool(after) and after != cursor.get("after")
    further = further and (page < MOST_PAGES or len(fresh) == len(posts))
    unlisted = _unlisted(account, cursor, posts)
    kept = {"since": cursor["since"], "under": talked}
    if further:
        kept |= {"after": after, "page": page + 1, "posts": unlisted}
    else:
        kept |= {"under": [*talked, *unlisted], "now_at": "mentions"}
    return Collected(_bodies(account, "changes", [_post_change(post) for post in fresh]), kept, more=True)


def _unlisted(account: AccountRecord, cursor: Mapping[str, Any], listed: list[dict[str, Any]]) -> list[str]:
    """The Page's own posts that we know of and that were not listed until now."""
    known = {str(post["id"]) for post in listed}
    ours = [each for each in cursor.get("posts", ()) if each.startswith(f"{account.external_id}_")]
    return [each for each in ours if each not in known]


def _comments(account: AccountRecord, cursor: Mapping[str, Any], since: datetime) -> Steps[Collected]:
    """Of the posts that are waiting, what was said under the first; where that is much, a part of it."""
    post, *others = cursor["under"]
    try:
        found, place = yield from _comments_under(account, post, since, str(cursor.get("place", "")))
    except Refusal as refusal:
        if refusal.retry or refusal.reason in _OF_THE_ACCOUNT:
            raise
        return _not_given(account, cursor, refusal)
    left: dict[str, Any] = {"under": others}
    if place:
        left = {"under": [post, *others], "place": place, **_reached(cursor, found)}
    changes = [_comment_change(comment, post) for comment in found]
    return Collected(_bodies(account, "changes", changes), {**_without_place(cursor), **left}, more=True)


def _reached(cursor: Mapping[str, Any], found: list[Row]) -> dict[str, Any]:
    """Down to when a post's comments were read, in seconds, and how often they were begun anew with nothing
    older read in between."""
    before, again = cursor.get("down_to"), int(cursor.get("again", 0))
    oldest = min(map(_seconds, found), default=before)
    if before is None or (oldest is not None and oldest < before):
        return {"down_to": oldest, "again": 0}
    return {"down_to": before, "again": again}


def _not_given(account: AccountRecord, cursor: Mapping[str, Any], refusal: Refusal) -> Collected:
    """A place that Meta no longer knows is begun anew. Else the post holds up nothing: what was said under
    it stands among what could not be read, but where it is gone itself."""
    post, *others = cursor["under"]
    kept, again = _without_place(cursor), int(cursor.get("again", 0))
    if refusal.reason == "bad_request" and cursor.get("place") and again < _AGAIN:
        anew = {"under": [post, *others], "down_to": cursor.get("down_to"), "again": again + 1}
        return Collected((), {**kept, **anew}, more=True)
    unread = [] if refusal.reason == "gone" else [{"field": UNREAD, "value": {"error": _told(post, refusal)}}]
    return Collected(_bodies(account, "changes", unread), {**kept, "under": others}, more=True)


def _told(post: str, refusal: Refusal) -> str:
    return (
        f"Facebook does not give out all comments under https://www.facebook.com/{post} that were written "
        f"during an outage. Open the post itself. Facebook says: {refusal.code} {refusal.detail}"
    )


def _without_place(cursor: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cursor.items() if name not in _OF_ONE_POST}


def _comments_under(
    account: AccountRecord, post: str, since: datetime, place: str
) -> Steps[tuple[list[Row], str]]:
    """Comments and replies under a post since then, oldest first, and where to go on; empty at the end."""
    found: list[Row] = []
    for page in range(AT_ONCE):
        more = {"after": place} if place else {}
        try:
            listed = yield from calls.get(
                account,
                f"{post}/comments",
                filter="stream",
                order="reverse_chronological",
                fields=_COMMENT,
                limit=_LISTED,
                **more,
            )
        except Refusal:
            if not page:
                raise
            break  # the next call meets it again, with these kept
        rows = graph.rows(listed)
        fresh = [row for row in rows if is_since(row, "created_time", since)]
        found += fresh
        further = graph.next_cursor(listed)
        place = further if further != place and len(fresh) == len(rows) else ""
        if not place:
            break
    return found[::-1], place


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


def _comment_change(comment: Row, post: str) -> dict[str, Any]:
    value = {
        "item": "comment",
        "verb": "add",
        "post_id": post,
        "comment_id": comment["id"],
        "parent_id": record(comment.get("parent")).get("id") or post,
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
    further = bool(after) and after != cursor.get("after") and len(fresh) == len(rows)
    kept |= {"now_at": "mentions", "after": after} if further else {"now_at": "chats"}
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


def _chats(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    us, get = account.external_id, partial(calls.get, account)
    items, kept, more = yield from chats.missed(get, "messenger", us, us, cursor)
    return Collected(_bodies(account, "messaging", items), kept, more)


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
