"""From what was polled to news."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from heed.channels.base import (
    AccountChanged,
    AccountRecord,
    Attachment,
    Echo,
    Inbound,
    Malformed,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    ReactionChanged,
    each,
)
from heed.channels.bluesky import tid
from heed.channels.bluesky.payload import (
    ChatMessage,
    Log,
    Notification,
    OwnRecord,
    PostRecord,
    PostView,
    Profile,
)
from heed.channels.bluesky.richtext import segments
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
_CHAT_OF_NO_CONCERN = frozenset(
    {
        "logBeginConvo",
        "logAcceptConvo",
        "logLeaveConvo",
        "logMuteConvo",
        "logUnmuteConvo",
        "logReadMessage",
        "logReadConvo",
        "logAddMember",
        "logRemoveMember",
        "logMemberJoin",
        "logMemberLeave",
        "logLockConvo",
        "logUnlockConvo",
        "logLockConvoPermanently",
        "logEditGroup",
        "logCreateJoinLink",
        "logEditJoinLink",
        "logEnableJoinLink",
        "logDisableJoinLink",
        "logIncomingJoinRequest",
        "logApproveJoinRequest",
        "logRejectJoinRequest",
        "logOutgoingJoinRequest",
        "logWithdrawJoinRequest",
    }
)
_DELETED = "chat.bsky.convo.defs#deletedMessageView"


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
            return each(_items(page, "logs"), lambda item: _chatted(item, page, account), "chat")
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
        text=record.text,
        picture_url=_picture(post.embed),
        permalink=permalink(post.uri, post.author.handle),
        likes=post.likes,
        comments=post.replies,
        shares=post.reposts,
        removed=False,
        refs=refs_of(post.uri, post.cid, record),
    )


def person(profile: Profile, language: str = "") -> Person:
    known = profile.handle != "handle.invalid"
    return Person(
        external_id=profile.did,
        name=profile.display_name or (profile.handle if known else ""),
        handle=profile.handle if known else "",
        avatar_url=profile.avatar or "",
        language=language,
    )


def permalink(uri: str, handle: str = "") -> str:
    """Where people see a post: by its author's handle, or by their DID where that is not known."""
    did, _, rkey = split(uri)
    author = handle if handle and handle != "handle.invalid" else did
    return f"https://bsky.app/profile/{author}/post/{rkey}"


def split(uri: str) -> tuple[str, str, str]:
    """An `at://` address as (DID, collection, record key). Raises `ValueError` when it is none."""
    parts = uri.removeprefix("at://").split("/")
    if not uri.startswith("at://did:") or len(parts) != 3 or not all(parts):
        raise ValueError(f"not the address of a record: {uri[:100]}")
    return parts[0], parts[1], parts[2]


def refs_of(uri: str, cid: str, record: PostRecord) -> dict[str, Any]:
    """What a later answer to this post needs."""
    root = record.reply.root if record.reply else None
    return {
        "uri": uri,
        "cid": cid,
        "root": {"uri": root.uri, "cid": root.cid} if root else {"uri": uri, "cid": cid},
    }


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
                text=record.text,
                permalink=link,
                removed=False,
                refs=refs,
            )
        )
    found.append(
        MessageReceived(
            external_id=news.uri,
            at=at,
            visibility="public",
            kind=news.reason,
            author=author,
            text=record.text,
            post=refs["root"]["uri"],
            parent=record.reply.parent.uri if record.reply else "",
            attachments=_attachments(record, news.author.did, link, account),
            permalink=link,
            refs=refs,
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
            PostSeen(external_id=own.uri, at=at, author=us, text=own.value.text, permalink=link, refs=refs)
        ]
    return [
        Echo(
            external_id=own.uri,
            at=at,
            visibility="public",
            kind="reply",
            text=own.value.text,
            post=own.value.reply.root.uri,
            parent=own.value.reply.parent.uri,
            attachments=_attachments(own.value, did, link, account),
            permalink=link,
            refs=refs,
        )
    ]


def _chatted(item: Any, page: Mapping[str, Any], account: AccountRecord) -> Iterable[Inbound]:
    what = str(item["$type"]).partition("#")[2]
    if what in _CHAT_OF_NO_CONCERN:
        return []
    log = Log.model_validate(item)
    if _object(_object(page, "convos"), log.convo_id).get("group"):
        # An answer would be read by all of them.
        return [NotUnderstood(what="message in a group")] if what == "logCreateMessage" else []
    if log.message is None or what not in (
        "logCreateMessage",
        "logDeleteMessage",
        "logAddReaction",
        "logRemoveReaction",
    ):
        return [NotUnderstood(what=f"chat {what or log.type}"[:200])]
    if what == "logCreateMessage" and log.message.type == _DELETED:
        return []  # before we asked
    if what == "logDeleteMessage":
        return [MessageRemoved(external_id=log.message.id, at=_moment(log))]
    if what != "logCreateMessage":
        return _reacted(log, page, on=what == "logAddReaction")
    us = str(page.get("did") or account.external_id)
    convo = {"convo": log.convo_id, "request": _is_request(page, log.convo_id)}
    if log.message.sender.did == us:
        others = [did for did in _members(page, log.convo_id) if did != us]
        return [
            Echo(
                external_id=log.message.id,
                at=clock.from_iso(log.message.sent_at),
                visibility="private",
                person=_known(page, others[0]) if len(others) == 1 else None,
                text=log.message.text,
                parent=_answered(log.message),
                attachments=_chat_links(log),
                refs=convo,
            )
        ]
    return [
        MessageReceived(
            external_id=log.message.id,
            at=clock.from_iso(log.message.sent_at),
            visibility="private",
            kind="message",
            author=_known(page, log.message.sender.did),
            text=log.message.text,
            parent=_answered(log.message),
            attachments=_chat_links(log),
            refs=convo,
        )
    ]


def _answered(message: ChatMessage) -> str:
    return str(message.reply_to.get("id") or "") if isinstance(message.reply_to, dict) else ""


def _reacted(log: Log, page: Mapping[str, Any], *, on: bool) -> list[Inbound]:
    if log.message is None or log.reaction is None:
        raise ValueError("a reaction without its message or emoji")
    return [
        ReactionChanged(
            target=log.message.id,
            at=clock.from_iso(log.reaction.created_at) if on else _moment(log),
            author=_known(page, log.reaction.sender.did),
            reaction=log.reaction.value,
            on=on,
        )
    ]


def _moment(log: Log) -> Any:
    """When a log entry was made: its revision is a time; else that of the message it is about."""
    if log.message is None:
        raise ValueError("a log entry without its message")
    return tid.moment_of(log.rev) or clock.from_iso(log.message.sent_at)


def _known(page: Mapping[str, Any], did: str) -> Person:
    profile = _object(page, "profiles").get(did)
    return person(Profile.model_validate(profile)) if profile else Person(did)


def _members(page: Mapping[str, Any], convo: str) -> list[str]:
    return [str(did) for did in _object(_object(page, "convos"), convo).get("members") or []]


def _is_request(page: Mapping[str, Any], convo: str) -> bool:
    return _object(_object(page, "convos"), convo).get("status") == "request"


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _chat_links(log: Log) -> tuple[Attachment, ...]:
    message = log.message
    if message is None:
        return ()
    return (*_hidden_links(message.text, message.facets), *_quoted((message.embed or {}).get("record")))


# ---------------------------------------------------------------------------------- attachments


def _attachments(record: PostRecord, did: str, link: str, account: AccountRecord) -> tuple[Attachment, ...]:
    embed = record.embed or {}
    media = embed.get("media") if isinstance(embed.get("media"), dict) else embed
    quoted = embed.get("record")
    if isinstance(quoted, dict) and isinstance(quoted.get("record"), dict):
        quoted = quoted["record"]  # a quote with pictures keeps its reference one level deeper
    return (
        *_pictures(media, did, account),
        *_video(media, did, link, account),
        *_card(media),
        *_quoted(quoted),
        *_hidden_links(record.text, record.facets),
    )


def _pictures(media: Any, did: str, account: AccountRecord) -> Iterable[Attachment]:
    for image in media.get("images") or []:
        blob = image["image"]
        yield Attachment(
            "image",
            url=_blob_url(account, did, blob["ref"]["$link"]),
            mime=str(blob.get("mimeType") or ""),
            size=blob.get("size"),
            text=str(image.get("alt") or ""),
        )


def _video(media: Any, did: str, link: str, account: AccountRecord) -> Iterable[Attachment]:
    video = media.get("video")
    if not isinstance(video, dict):
        return
    if _has_cdn(account):
        # Only the author's own server holds the file, and streaming is not a file: we point to the post.
        yield Attachment("link", url=link, name="video", mime=str(video.get("mimeType") or ""))
    else:
        yield Attachment(
            "video",
            url=_blob_url(account, did, video["ref"]["$link"]),
            mime=str(video.get("mimeType") or ""),
            size=video.get("size"),
        )


def _card(media: Any) -> Iterable[Attachment]:
    card = media.get("external")
    if isinstance(card, dict):
        yield Attachment("link", url=str(card["uri"]), name=str(card.get("title") or "")[:255])


def _quoted(ref: Any) -> Iterable[Attachment]:
    if isinstance(ref, dict) and "/app.bsky.feed.post/" in str(ref.get("uri")):
        yield Attachment("link", url=permalink(str(ref["uri"])))


def _hidden_links(text: str, facets: list[dict[str, Any]] | None) -> Iterable[Attachment]:
    """Links whose words do not show where they lead: apps shorten them, and people hide them."""
    for piece in segments(text, facets or []):
        if piece.kind == "link" and piece.text not in (piece.value, piece.value.partition("://")[2]):
            yield Attachment("link", url=piece.value, name=piece.text[:255])


def _blob_url(account: AccountRecord, did: str, cid: str) -> str:
    if _has_cdn(account):
        return f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{cid}@jpeg"
    return f"{account.base_url}/xrpc/com.atproto.sync.getBlob?did={quote(did)}&cid={quote(cid)}"


def _has_cdn(account: AccountRecord) -> bool:
    """The public network shows pictures from one place, wherever they live; a network on one
    machine, without https, has only the server itself."""
    return urlsplit(account.base_url).scheme == "https"


def _picture(embed: Mapping[str, Any] | None) -> str | None:
    if not embed:
        return None
    media = embed.get("media") if isinstance(embed.get("media"), dict) else embed
    images = (media or {}).get("images") or []
    if images and isinstance(images[0], dict):
        return str(images[0].get("thumb") or images[0].get("fullsize") or "") or None
    card = (media or {}).get("external")
    thumb = card.get("thumb") if isinstance(card, dict) else (media or {}).get("thumbnail")
    return thumb if isinstance(thumb, str) else None
