"""Reading what the network did not say by itself: posts, who mentions us, who people are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import AccountRecord, Inbound, Person, Refusal, Wanted
from heed.channels.instagram import calls, reading
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps

_OF_A_POST = "id,caption,media_type,media_url,permalink,timestamp,username,owner,like_count,comments_count"
_OF_A_COMMENT = "id,text,timestamp,from,username"
_NOTHING_TO_READ = ("gone", "not_allowed", "unreachable", "bad_request")
_HANDLE = "@"
"""Marks a person of whom the network says the username only."""


def look_up(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """What is known of a post, message or person. Others' posts and shy people cannot be read: then
    there is no news, and what we know stays."""
    look: Callable[[AccountRecord, Wanted], Steps[list[Inbound]]] = {
        "post": _post,
        "message": _message,
        "person": _person,
    }[wanted.what]
    try:
        return (yield from look(account, wanted))
    except Refusal as refusal:
        if refusal.reason in _NOTHING_TO_READ:
            return []
        raise


def is_only_a_name(person: str) -> bool:
    """Whether this id is a username: such a person cannot be written to."""
    return person.startswith(_HANDLE)


def _post(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    media = yield from calls.get(account, wanted.external_id, fields=f"{_OF_A_POST},thumbnail_url")
    return [_seen(wanted.external_id, media)]


def _message(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    match wanted.refs.get(reading.MENTIONED):
        case "comment":
            return (yield from _mentioned_comment(account, wanted))
        case "media":
            return (yield from _mentioned_media(account, wanted))
        case "perhaps" if not (yield from _is_under_ours(account, wanted)):
            return (yield from _found_elsewhere(account, wanted))
    comment = yield from calls.get(account, wanted.external_id, fields=_OF_A_COMMENT)
    return _written(wanted.external_id, comment, "text")


def _is_under_ours(account: AccountRecord, wanted: Wanted) -> Steps[bool]:
    """Only our own posts can be read."""
    try:
        post = yield from calls.get(account, str(wanted.refs[reading.MEDIA]), fields="id,username,owner")
    except Refusal as refusal:
        if refusal.reason not in _NOTHING_TO_READ:
            raise
        return False
    owner, name = record(post.get("owner")).get("id"), str(post.get("username") or "").lower()
    return owner == account.external_id or name in ("", calls.username(account))


def _found_elsewhere(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """What came as a comment is a mention: it cannot be answered privately, hidden or deleted."""
    try:
        found = yield from _mentioned_comment(account, wanted)
    except Refusal as refusal:
        if refusal.reason not in _NOTHING_TO_READ:
            raise
        found = []
    refs = {reading.MENTIONED: "comment"}
    return [base.KindFound(external_id=wanted.external_id, kind="mention", refs=refs), *found]


def _mentioned_comment(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    fields = f"{_OF_A_COMMENT},like_count,media{{id,media_url,permalink}}"
    answered = yield from calls.get(
        account,
        account.external_id or "me",
        fields=f"mentioned_comment.comment_id({wanted.external_id}){{{fields}}}",
    )
    comment = record(answered.get("mentioned_comment"))
    found = _written(wanted.external_id, comment, "text")
    media, post = record(comment.get("media")), str(wanted.refs.get(reading.MEDIA) or "")
    if media and post:
        found.append(_seen(post, media))
    return found


def _mentioned_media(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    answered = yield from calls.get(
        account,
        account.external_id or "me",
        fields=f"mentioned_media.media_id({wanted.external_id}){{{_OF_A_POST}}}",
    )
    media = record(answered.get("mentioned_media"))
    if not media:
        return []
    return [*_written(wanted.external_id, media, "caption"), _seen(wanted.external_id, media)]


def _person(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """Only who wrote to us privately can be asked for."""
    if is_only_a_name(wanted.external_id):
        return []
    profile = yield from calls.get(account, wanted.external_id, fields="name,username,profile_pic")
    name, handle, picture = (str(profile.get(key) or "") for key in ("name", "username", "profile_pic"))
    if not name and not handle and not picture:
        return []
    return [base.IdentitySeen(person=Person(wanted.external_id, name, handle, picture))]


# ------------------------------------------------------------------------------- records


def _written(external_id: str, given: Mapping[str, Any], words: str) -> list[Inbound]:
    """Who wrote it and what: it came without."""
    found: list[Inbound] = []
    author = _author(given)
    if author is not None:
        found.append(base.AuthorFound(external_id=external_id, author=author))
    if given.get(words):
        found.append(base.WordsFound(external_id=external_id, text=str(given[words])))
    return found


def _author(given: Mapping[str, Any]) -> Person | None:
    """By id where there is one: `from` of comments, `owner` of posts; else by the username."""
    party = record(given.get("from")) or record(given.get("owner"))
    handle = str(party.get("username") or given.get("username") or "")
    external_id = str(party.get("id") or (f"{_HANDLE}{handle}" if handle else ""))
    return Person(external_id, handle=handle) if external_id else None


def _seen(external_id: str, media: Mapping[str, Any]) -> base.PostSeen:
    picture = media.get("thumbnail_url") or (media.get("media_url") if not _is_video(media) else None)
    return base.PostSeen(
        external_id=external_id,
        at=time(media),
        author=_author(media),
        text=_text(media.get("caption")),
        picture_url=_text(picture),
        permalink=_text(media.get("permalink")),
        likes=_count(media.get("like_count")),
        comments=_count(media.get("comments_count")),
    )


def _is_video(media: Mapping[str, Any]) -> bool:
    return media.get("media_type") == "VIDEO"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def time(given: Mapping[str, Any]) -> datetime | None:
    """When it was written: comments and posts say `timestamp`, private messages `created_time`."""
    value = given.get("timestamp") or given.get("created_time")
    try:
        return clock.from_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None
