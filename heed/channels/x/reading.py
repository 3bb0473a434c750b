"""A delivery as records: of the X Activity API, of its older sister, or as we polled it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from heed.channels.base import (
    AccountChanged,
    AccountRecord,
    Inbound,
    Malformed,
    MessageRemoved,
    NotUnderstood,
    PostStale,
    ReactionChanged,
    each,
)
from heed.channels.x import messages
from heed.channels.x.around import Around, included, person_of, values, with_people
from heed.channels.x.payload import Like, Post, Removed, Revoked, User, old, old_user, utc
from heed.channels.x.posts import news_of
from heed.lib import clock


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """The news of a delivery. Raises `Malformed` when it is no JSON object."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from error
    if not isinstance(told, dict):
        raise Malformed("not a JSON object")
    event = told.get("data")
    if "polled" in told:
        return _polled(told, account)
    if isinstance(event, dict) and isinstance(event.get("event_type"), str):
        return each([event], lambda one: _event(one, account), event["event_type"][:80])
    if "for_user_id" in told or "user_event" in told:
        return _older(told, account)
    if "replay_job_status" in told:
        return []  # what was replayed has come as deliveries of its own
    return [NotUnderstood(what=f"delivery with {', '.join(sorted(map(str, told)))}"[:200])]


# ------------------------------------------------------------------------- activity events


def _event(event: dict[str, Any], account: AccountRecord) -> list[Inbound]:
    kind = event["event_type"]
    payload = event.get("payload")
    narrowed = event.get("filter")
    owner = _text(narrowed.get("user_id")) if isinstance(narrowed, dict) else ""
    around = included(event.get("includes"), owner or account.external_id, account)
    reader = _EVENTS.get(kind)
    if reader is None:
        return [NotUnderstood(owner=owner, what=kind[:200])]
    return [_owned(one, owner) for one in reader(payload, around)]


def _owned(news: Inbound, owner: str) -> Inbound:
    """The news with the account it belongs to: the accounts of an app share one address."""
    return replace(news, owner=owner) if owner else news


def _post_event(payload: Any, around: Around) -> list[Inbound]:
    return list(news_of(Post.model_validate(payload), around))


def _quote_event(payload: Any, around: Around) -> list[Inbound]:
    return list(news_of(Post.model_validate(payload), around, quotes_us=True))


def _removed(payload: Any, around: Around) -> list[Inbound]:
    removed = Removed.model_validate(payload)
    return [MessageRemoved(external_id=removed.id, at=None), PostStale(external_id=removed.id)]


def _like(payload: Any, around: Around) -> list[Inbound]:
    """Who liked it may stand beside it. Of others' likes of which X does not say more, only the number
    of likes is read again."""
    like = Like.model_validate(payload)
    others = [person for person in around.people if person != like.post_author]
    who = others[0] if others else around.us if like.post_author not in ("", around.us) else ""
    if not who:
        return [PostStale(external_id=like.post)]
    told = clock.from_unix(like.timestamp_ms) if like.timestamp_ms else None
    at = told or (utc(like.created_at) if like.created_at else clock.now())
    return [ReactionChanged(target=like.post, at=at, author=around.person(who), reaction="like", on=True)]


def _direct_event(payload: Any, around: Around) -> list[Inbound]:
    known = with_people(around, values(payload.get("users")))
    found = payload["direct_message_events"]
    return each(found, lambda raw: messages.told(raw, known), "direct message")


def _read_event(payload: Any, around: Around) -> list[Inbound]:
    found = payload["direct_message_mark_read_events"]
    return each(found, lambda raw: messages.seen(raw, around), "direct message read")


def _revoked(payload: Any, around: Around) -> list[Inbound]:
    user = Revoked.model_validate(payload).user_id
    return [AccountChanged(owner=user, problem="sign_in_again", detail="access was taken back on X")]


def _nothing(payload: Any, around: Around) -> list[Inbound]:
    return []


_EVENTS: dict[str, Callable[[Any, Around], list[Inbound]]] = {
    "post.create": _post_event,
    "post.mention.create": _post_event,
    "post.reply.create": _post_event,
    "post.quote.create": _quote_event,
    "post.repost.create": _post_event,
    "post.delete": _removed,
    "like.create": _like,
    "dm.received": _direct_event,
    "dm.sent": _direct_event,
    "dm.read": _read_event,
    "dm.indicate_typing": _nothing,
    "chat.received": messages.encrypted,
    "chat.sent": _nothing,
    "oauth.revoke": _revoked,
}


# -------------------------------------------------------------------- older account activity


def _older(told: dict[str, Any], account: AccountRecord) -> list[Inbound]:
    owner = _text(told.get("for_user_id"))
    around = Around(us=owner or account.external_id, handle=account.handle)
    around = with_people(around, values(told.get("users")))
    found: list[Inbound] = []
    for name, items in told.items():
        if name in _BESIDE:
            continue
        reader = _OLDER.get(name)
        if reader is None:
            found.append(NotUnderstood(what=name[:200]))
            continue
        listed = items if isinstance(items, list) else [items]
        found += each(listed, lambda raw, reader=reader: reader(raw, around), name)  # type: ignore[misc]
    return [_owned(one, owner) for one in found]


def _older_post(raw: Any, around: Around) -> list[Inbound]:
    people = [old_user(raw["user"])]
    quoted = raw.get("quoted_status")
    known = with_people(around, people)
    if isinstance(quoted, dict):
        other = Post.model_validate(old(quoted))
        known = with_people(known, [old_user(quoted["user"])])
        known = Around(known.us, known.handle, known.people, {other.id: other}, known.files)
    return list(news_of(Post.model_validate(old(raw)), known))


def _older_removal(raw: Any, around: Around) -> list[Inbound]:
    at = clock.from_unix(raw["timestamp_ms"])
    status = Removed.model_validate({"id": raw["status"]["id"], "author_id": raw["status"].get("user_id")})
    return [MessageRemoved(external_id=status.id, at=at), PostStale(external_id=status.id)]


def _older_like(raw: Any, around: Around) -> list[Inbound]:
    liked = Removed.model_validate({"id": raw["favorited_status"]["id_str"]})
    who = person_of(User.model_validate(old_user(raw["user"])))
    at = clock.from_unix(raw["timestamp_ms"])
    return [ReactionChanged(target=liked.id, at=at, author=who, reaction="like", on=True)]


def _older_revocation(raw: Any, around: Around) -> list[Inbound]:
    user = _text(raw["revoke"]["source"]["user_id"])
    return [AccountChanged(owner=user, problem="sign_in_again", detail="access was taken back on X")]


_BESIDE = frozenset({"for_user_id", "users", "apps", "user_has_blocked"})
_OLDER: dict[str, Callable[[Any, Around], list[Inbound]]] = {
    "tweet_create_events": _older_post,
    "tweet_delete_events": _older_removal,
    "favorite_events": _older_like,
    "direct_message_events": messages.told,
    "direct_message_mark_read_events": messages.seen,
    "direct_message_indicate_typing_events": _nothing,
    "follow_events": _nothing,
    "block_events": _nothing,
    "mute_events": _nothing,
    "user_event": _older_revocation,
}


# ------------------------------------------------------------------------- what we polled


def _polled(told: dict[str, Any], account: AccountRecord) -> list[Inbound]:
    """A page as it was asked for, newest first: it is read the other way round."""
    items = told.get("data")
    what = _text(told.get("polled"))
    listed = items[::-1] if isinstance(items, list) else []
    us = _text(told.get("us")) or account.external_id
    around = included(told.get("includes"), us, account)
    if what == "dms":
        return each(listed, lambda raw: messages.asked_for(raw, around), "direct message")
    if what == "marks":
        return each(listed, lambda raw: _marked(raw, around), "own like or repost")
    return each(listed, lambda raw: _post_event(raw, around), what[:80])


def _marked(raw: Any, around: Around) -> list[Inbound]:
    """A like or repost of our own, made or taken back on X itself."""
    post, reaction, on = str(raw["post"]), str(raw["reaction"]), raw["on"] is True
    at, us = clock.from_iso(raw["at"]), around.person(around.us)
    return [ReactionChanged(target=post, at=at, author=us, reaction=reaction, on=on)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
