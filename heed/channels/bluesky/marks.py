"""Our own likes and reposts, read back from our repository: they can be made and taken back elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from heed.channels.base import AccountRecord
from heed.channels.bluesky import xrpc
from heed.channels.bluesky.records import split
from heed.lib.http import Steps

COLLECTIONS = {"like": "app.bsky.feed.like", "repost": "app.bsky.feed.repost"}
RHYTHM = timedelta(minutes=1)
_MOST = 100
"""So many of the newest of each are watched."""

Kept = dict[str, list[list[str]]]


def changes(account: AccountRecord, kept: Mapping[str, Any]) -> Steps[tuple[list[dict[str, Any]], Kept]]:
    """What was marked and what was taken back since the last look, with what to keep for the next one. The
    first look only learns."""
    found: list[dict[str, Any]] = []
    now: Kept = {}
    for reaction, collection in COLLECTIONS.items():
        now[reaction] = yield from _listed(account, collection)
        if reaction in kept:
            found += _differences(reaction, kept[reaction], now[reaction])
    return found, now


def _listed(account: AccountRecord, collection: str) -> Steps[list[list[str]]]:
    """The newest of them: record key and the post it is on, newest first."""
    did = xrpc.session_of(account).did
    params: dict[str, str | list[str]] = {"repo": did, "collection": collection, "limit": str(_MOST)}
    page = yield from xrpc.query(account, "com.atproto.repo.listRecords", params, needs=("records",))
    return [[split(str(each["uri"]))[2], _subject(each)] for each in page["records"]]


def _subject(record: Mapping[str, Any]) -> str:
    value = record.get("value")
    subject = value.get("subject") if isinstance(value, dict) else None
    return str(subject.get("uri") or "") if isinstance(subject, dict) else ""


def _differences(reaction: str, before: list[list[str]], now: list[list[str]]) -> list[dict[str, Any]]:
    """Where the page is full, newer ones push the oldest out: it reaches down to its last."""
    reach = now[-1][0] if len(now) == _MOST else ""
    there, known = {post for _, post in now}, {post for _, post in before}
    gone = {post for key, post in before if key >= reach} - there
    return [
        {"post": post, "reaction": reaction, "on": on}
        for posts, on in ((gone, False), (there - known, True))
        for post in sorted(posts)
        if "/app.bsky.feed.post/" in post
    ]
