"""Posts, messages and people looked up one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heed.channels import base
from heed.channels.base import AccountRecord, Inbound, Person, Refusal, Wanted
from heed.channels.facebook import calls, page
from heed.channels.meta.graph import time
from heed.channels.meta.shapes import record
from heed.lib.http import Steps


def look_up(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """What is known of a post, message or person. Others' posts and shy people cannot be read: then
    there is no news, and what we know stays."""
    look: Callable[[AccountRecord, Wanted], Steps[list[Inbound]]] = {
        "post": _post,
        "message": _message,
        "person": _profile,
    }[wanted.what]
    try:
        return (yield from look(account, wanted))
    except Refusal as refusal:
        if refusal.reason in ("gone", "not_allowed", "unreachable", "bad_request"):
            return []
        raise


def _post(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    post = yield from calls.get(
        account,
        wanted.external_id,
        fields="id,message,full_picture,permalink_url,created_time,from,shares,"
        "likes.summary(true).limit(0),comments.summary(true).limit(0)",
    )
    return [
        base.PostSeen(
            external_id=wanted.external_id,
            at=time(post, "created_time"),
            author=_person(post.get("from")),
            text=post.get("message"),
            picture_url=post.get("full_picture"),
            permalink=post.get("permalink_url"),
            likes=_total(post.get("likes")),
            comments=_total(post.get("comments")),
            shares=record(post.get("shares")).get("count", 0),
        )
    ]


def _message(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """Who wrote it; its words too when the network told us of it without them."""
    message = yield from calls.get(
        account, wanted.external_id, fields="id,from,message,permalink_url,created_time"
    )
    found: list[Inbound] = []
    author = _person(message.get("from"))
    if author is not None:
        found.append(base.AuthorFound(external_id=wanted.external_id, author=author))
    if wanted.refs.get(page.NO_TEXT) and message.get("message"):
        found.append(base.WordsFound(external_id=wanted.external_id, text=str(message["message"])))
    return found


def _profile(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    profile = yield from calls.get(account, wanted.external_id, fields="first_name,last_name,profile_pic")
    name = " ".join(filter(None, (profile.get("first_name"), profile.get("last_name"))))
    picture = str(profile.get("profile_pic") or "")
    if not name and not picture:
        return []
    return [base.IdentitySeen(person=Person(wanted.external_id, name, avatar_url=picture))]


def _person(value: Any) -> Person | None:
    party = record(value)
    return Person(str(party["id"]), str(party.get("name", ""))) if party.get("id") else None


def _total(edge: Any) -> int | None:
    total = record(record(edge).get("summary")).get("total_count")
    return total if isinstance(total, int) else None
