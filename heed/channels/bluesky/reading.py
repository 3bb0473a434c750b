"""From what was polled to news."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from heed.channels.base import (
    QUOTED,
    AccountChanged,
    AccountRecord,
    Echo,
    Inbound,
    Malformed,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    PostStale,
    ReactionChanged,
    each,
)
from heed.channels.bluesky import chat
from heed.channels.bluesky.attachments import attachments_of, picture_of, quoting, words_of
from heed.channels.bluesky.payload import Notification, OwnRecord, PostRecord, PostView
from heed.channels.bluesky.records import permalink, person, refs_of, split
from heed.lib import clock

_WRITTEN = frozenset({"mention", "reply", "quote"})
_REACTIONS = frozenset({"like", "repost"})
_OF_NO_CONCERN = frozenset(
    {
        "follow",
        "starterpack-joined",
        "verified",
        "unverified",
        "like-via-repost",
        "repost-via-repost",
        "subscribed-post",
        "contact-match",
    }
)


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """The news of one polled page. Raises `Malformed` when it is not such a page."""
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(page, dict) or not isinstance(page.get("kind"), str):
        raise Malformed("no page of news")
    match page["kind"]:
        case "notifications":
            return each(_items(page, "notifications"), lambda item: _notified(item, account), "notification")
        case "own":
            return each(_items(page, "records"), lambda item: _own_post(item, account), "own post")
        case "marks":
            return each(
                _items(page, "marks"), lambda item: _marked(item, page, account), "own like or repost"
            )
        case "removed":
            return each(_items(page, "posts"), lambda item: _removed(item, page), "removal")
        case "chat":
            return each(_items(page, "logs"), lambda item: chat.news_of(item, page, account), "chat")
        case "chat_off":
            return [AccountChanged(detail=str(page.get("detail", ""))[:500])]
    return [NotUnderstood(what=page["kind"][:200])]


def post_seen(view: Mapping[str, Any]) -> PostSeen:
    """A post as the network shows it."""
    post = PostView.model_validate(view)
    record = PostRecord.model_validate(post.record)
    return PostSeen(
        external_id=post.uri,
        at=clock.from_iso(record.created_at or post.indexed_at),
        author=person(post.author),
        text=words_of(record),
        picture_url=picture_of(post.embed),
        permalink=permalink(post.uri, post.author.handle),
        likes=post.likes,
        comments=post.replies,
        shares=post.reposts,
        removed=False,
        refs=refs_of(post.uri, post.cid, record),
    )


def _items(page: Mapping[str, Any], key: str) -> list[Any]:
    items = page.get(key)
    if not isinstance(items, list):
        raise Malformed(f"no {key}")
    return items


def _notified(item: Any, account: AccountRecord) -> Iterable[Inbound]:
    news = Notification.model_validate(item)
    if news.reason in _WRITTEN:
        return _written(news, account)
    if news.reason in _REACTIONS:
        return [
            ReactionChanged(
                target=news.reason_subject,
                at=clock.from_iso(news.indexed_at),
                author=person(news.author),
                reaction=news.reason,
                on=True,
            )
        ]
    return [] if news.reason in _OF_NO_CONCERN else [NotUnderstood(what=f"notification {news.reason}"[:200])]


def _written(news: Notification, account: AccountRecord) -> list[Inbound]:
    record = PostRecord.model_validate(news.record)
    author = person(news.author, (record.langs or [""])[0])
    refs = refs_of(news.uri, news.cid, record)
    link = permalink(news.uri, news.author.handle)
    at = clock.from_iso(news.indexed_at)
    found: list[Inbound] = []
    if record.reply is None:
        found.append(
            PostSeen(
                external_id=news.uri,
                at=at,
                author=author,
                text=words_of(record),
                permalink=link,
                removed=False,
                refs=refs,
            )
        )
    quoted = quoting(record)
    if QUOTED in quoted:
        seen = quoted[QUOTED]
        found += [PostSeen(external_id=seen["id"], permalink=seen["url"]), PostStale(external_id=seen["id"])]
    found.append(
        MessageReceived(
            external_id=news.uri,
            at=at,
            visibility="public",
            kind=news.reason,
            author=author,
            text=words_of(record),
            post=refs["root"]["uri"],
            parent=record.reply.parent.uri if record.reply else "",
            attachments=attachments_of(record, news.author.did, link, account),
            permalink=link,
            refs={**refs, **quoted},
        )
    )
    return found


def _marked(item: Any, page: Mapping[str, Any], account: AccountRecord) -> list[Inbound]:
    split(item["post"])
    us = Person(str(page["did"]), name=account.name)
    at, on = clock.from_iso(page["at"]), item["on"] is True
    return [ReactionChanged(target=item["post"], at=at, author=us, reaction=item["reaction"], on=on)]


def _removed(item: Any, page: Mapping[str, Any]) -> list[Inbound]:
    """A post of a customer is there no more; one on its own was also the post of its thread."""
    uri, alone = item
    split(uri)
    gone: list[Inbound] = [MessageRemoved(external_id=uri, at=clock.from_iso(page["at"]))]
    return [*gone, PostSeen(external_id=uri, removed=True)] if alone else gone


def _own_post(item: Any, account: AccountRecord) -> Iterable[Inbound]:
    own = OwnRecord.model_validate(item)
    did, _, _ = split(own.uri)
    at = clock.from_iso(own.value.created_at)
    refs = refs_of(own.uri, own.cid, own.value)
    link = permalink(own.uri)
    if own.value.reply is None:
        us = Person(did, name=account.name)
        return [
            PostSeen(
                external_id=own.uri, at=at, author=us, text=words_of(own.value), permalink=link, refs=refs
            )
        ]
    return [
        Echo(
            external_id=own.uri,
            at=at,
            visibility="public",
            kind="reply",
            text=words_of(own.value),
            post=own.value.reply.root.uri,
            parent=own.value.reply.parent.uri,
            attachments=attachments_of(own.value, did, link, account),
            permalink=link,
            refs={**refs, **quoting(own.value)},
        )
    ]
