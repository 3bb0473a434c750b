"""Posting, chatting, liking; and finding out what became of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from heed.channels.base import (
    AccountRecord,
    Action,
    Answer,
    CannotTell,
    Finding,
    NotThere,
    Refusal,
    Sent,
    Target,
)
from heed.channels.bluesky import picture, tid, xrpc
from heed.channels.bluesky.payload import ChatMessage, PostRecord, PostView
from heed.channels.bluesky.polling import chat_proxy
from heed.channels.bluesky.reading import refs_of, split
from heed.channels.bluesky.richtext import Span, facets, spans
from heed.lib import clock
from heed.lib.http import Steps

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"

_CLOCKS_DIFFER = timedelta(seconds=5)
_STILL_ON_ITS_WAY = timedelta(seconds=30)
_MESSAGE_PAGES = 5
MOST_PICTURES = 4


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if len(answer.files) > (0 if answer.visibility == "private" else MOST_PICTURES):
        raise Refusal("file_refused", detail="a post has at most four pictures, a message none")
    if answer.visibility == "private":
        return (yield from _send_privately(account, answer))
    return (yield from _send_publicly(account, answer))


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    if answer.created is None:
        return CannotTell()
    if answer.visibility == "public":
        return (yield from _find_post(account, answer))
    found = yield from _find_message(account, answer)
    tried = answer.tried or answer.started or answer.created
    if isinstance(found, NotThere) and clock.now() - tried < _STILL_ON_ITS_WAY:
        # Unlike a post, a chat message sent again is a second one: the server may still be at work.
        return CannotTell(ask_again=_STILL_ON_ITS_WAY.total_seconds())
    return found


# --------------------------------------------------------------------------------------- posts


def _send_publicly(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if answer.started is not None:
        earlier = yield from _find_post(account, answer)
        if isinstance(earlier, Sent):
            return earlier
    record: dict[str, Any] = {"$type": POST, "text": answer.text, "createdAt": _iso(_created(answer))}
    if answer.to is not None:
        record["reply"] = yield from _reply_refs(account, answer.to)
    found = spans(answer.text)
    marks = facets(found, (yield from _dids(account, found)))
    if marks:
        record["facets"] = marks
    if answer.files:
        record["embed"] = yield from _pictures(account, answer)
    return (yield from _posted(account, answer, record))


def _posted(account: AccountRecord, answer: Answer, record: dict[str, Any]) -> Steps[Sent]:
    """Post it under the answer's own record key: whoever repeats it meets the first one."""
    body = {
        "repo": xrpc.session_of(account).did,
        "collection": POST,
        "rkey": _post_key(answer),
        "record": record,
    }
    try:
        made = yield from xrpc.call(
            account, "com.atproto.repo.createRecord", body, needs=("uri", "cid"), decisive=True
        )
    except Refusal as refusal:
        if refusal.reason != "bad_request":
            raise
        earlier = yield from _find_post(account, answer)
        if isinstance(earlier, Sent):
            return earlier
        raise
    return _sent_post(str(made["uri"]), str(made["cid"]), record)


def _find_post(account: AccountRecord, answer: Answer) -> Steps[Sent | NotThere]:
    did = xrpc.session_of(account).did
    found = yield from xrpc.record(account, did, POST, _post_key(answer))
    if found is None:
        return NotThere()
    return _sent_post(str(found["uri"]), str(found["cid"]), found["value"])


def _sent_post(uri: str, cid: str, record: Mapping[str, Any]) -> Sent:
    kept = PostRecord.model_validate(record)
    return Sent(external_id=uri, at=clock.from_iso(kept.created_at), refs=refs_of(uri, cid, kept))


def _reply_refs(account: AccountRecord, to: Target) -> Steps[dict[str, Any]]:
    """The post answered and the one its thread hangs under, as they stand now."""
    view = yield from post_view(account, str(to.refs.get("uri") or to.external_id))
    if view is None:
        raise Refusal("gone", detail="the post was removed")
    if view.viewer.reply_disabled:
        raise Refusal("not_allowed", detail="the author does not let us reply")
    refs = refs_of(view.uri, view.cid, PostRecord.model_validate(view.record))
    return {"root": refs["root"], "parent": {"uri": view.uri, "cid": view.cid}}


def post_view(account: AccountRecord, uri: str) -> Steps[PostView | None]:
    """A post as the network shows it now, or None when it is gone."""
    answer = yield from xrpc.query(account, "app.bsky.feed.getPosts", {"uris": [uri]}, needs=("posts",))
    posts = answer["posts"]
    return PostView.model_validate(posts[0]) if posts else None


def _dids(account: AccountRecord, found: list[Span]) -> Steps[dict[str, str]]:
    """The DIDs behind the handles mentioned; those nobody knows are left out."""
    dids: dict[str, str] = {}
    for handle in {span.value for span in found if span.kind == "mention"}:
        try:
            answer = yield from xrpc.query(
                account, "com.atproto.identity.resolveHandle", {"handle": handle.lower()}, needs=("did",)
            )
        except Refusal as refusal:
            if refusal.retry or refusal.reason == "sign_in_again":
                raise
        else:
            dids[handle] = str(answer["did"])
    return dids


def _pictures(account: AccountRecord, answer: Answer) -> Steps[dict[str, Any]]:
    images = []
    for file in answer.files:
        blob = yield from xrpc.upload(account, file.content, file.mime)
        image: dict[str, Any] = {"alt": file.alt, "image": blob}
        if size := picture.size(file.content):
            image["aspectRatio"] = {"width": size[0], "height": size[1]}
        images.append(image)
    return {"$type": "app.bsky.embed.images", "images": images}


def _post_key(answer: Answer) -> str:
    return tid.record_key(_created(answer), answer.key)


def _created(answer: Answer) -> datetime:
    return answer.created or clock.now()


# ---------------------------------------------------------------------------------------- chat


def _send_privately(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if answer.started is not None:
        earlier = yield from _find_message(account, answer)
        if isinstance(earlier, Sent):
            return earlier
    proxy = _chat_service(account)
    convo = yield from _convo(account, answer)
    if answer.to is not None and answer.to.refs.get("request"):
        yield from _accept(account, convo)
    found = spans(answer.text)
    message: dict[str, Any] = {"text": answer.text}
    marks = facets(found, (yield from _dids(account, found)))
    if marks:
        message["facets"] = marks
    made = yield from xrpc.call(
        account,
        "chat.bsky.convo.sendMessage",
        {"convoId": convo, "message": message},
        needs=("id", "sentAt"),
        proxy=proxy,
        decisive=True,
    )
    return _sent_message(ChatMessage.model_validate(made), convo)


def _find_message(account: AccountRecord, answer: Answer) -> Steps[Sent | NotThere]:
    """Our own message of the same words since we began. The service keeps all, so no such message
    means that none arrived."""
    proxy = _chat_service(account)
    did = xrpc.session_of(account).did
    convo = yield from _convo(account, answer)
    since = (answer.started or _created(answer)) - _CLOCKS_DIFFER
    page_cursor = ""
    for _ in range(_MESSAGE_PAGES):
        params: dict[str, str | list[str]] = {"convoId": convo, "limit": "100"}
        if page_cursor:
            params["cursor"] = page_cursor
        page = yield from xrpc.query(
            account, "chat.bsky.convo.getMessages", params, needs=("messages",), proxy=proxy
        )
        messages = [ChatMessage.model_validate(item) for item in page["messages"]]
        recent = [message for message in messages if clock.from_iso(message.sent_at) >= since]
        for message in recent:
            if message.sender.did == did and message.text == answer.text and message.id not in answer.taken:
                return _sent_message(message, convo)
        page_cursor = str(page.get("cursor") or "")
        if len(recent) < len(messages) or not page_cursor:
            break
    return NotThere()


def _convo(account: AccountRecord, answer: Answer) -> Steps[str]:
    """The conversation with this person: the one the message came in, else the one between us two."""
    known = answer.to.refs.get("convo") if answer.to else None
    if known:
        return str(known)
    found = yield from xrpc.query(
        account,
        "chat.bsky.convo.getConvoForMembers",
        {"members": [answer.person]},
        needs=("convo",),
        proxy=_chat_service(account),
    )
    return str(found["convo"]["id"])


def _accept(account: AccountRecord, convo: str) -> Steps[None]:
    """Accept a conversation that was only asked for. Answering counts as accepting, so a no is no harm."""
    try:
        yield from xrpc.call(
            account, "chat.bsky.convo.acceptConvo", {"convoId": convo}, proxy=_chat_service(account)
        )
    except Refusal as refusal:
        if refusal.retry:
            raise


def _sent_message(message: ChatMessage, convo: str) -> Sent:
    return Sent(external_id=message.id, at=clock.from_iso(message.sent_at), refs={"convo": convo})


def _chat_service(account: AccountRecord) -> str:
    proxy = chat_proxy(account)
    if not proxy:
        raise Refusal("not_configured", detail="chat is switched off for this account")
    return proxy


# -------------------------------------------------------------------------------------- actions


def act(account: AccountRecord, action: Action, target: Target) -> Steps[Mapping[str, Any]]:
    match action:
        case "like":
            return (yield from _react(account, target, LIKE, "like_uri"))
        case "repost":
            return (yield from _react(account, target, REPOST, "repost_uri"))
        case "unlike":
            return (yield from _take_back(account, target, "like_uri"))
        case "unrepost":
            return (yield from _take_back(account, target, "repost_uri"))
        case "delete":
            yield from _delete(account, target.external_id)
            return {}
        case "seen":
            yield from _mark_read(account, target)
            return {}
        case _:
            raise Refusal("not_allowed", detail=f"Bluesky has no {action}")


def _react(account: AccountRecord, target: Target, collection: str, keep_as: str) -> Steps[Mapping[str, Any]]:
    view = yield from post_view(account, target.external_id)
    if view is None:
        raise Refusal("gone", detail="the post was removed")
    done = view.viewer.like if collection == LIKE else view.viewer.repost
    if done:
        return {keep_as: done}
    now = clock.now()
    body = {
        "repo": xrpc.session_of(account).did,
        "collection": collection,
        "rkey": tid.record_key(now, target.external_id),
        "record": {
            "$type": collection,
            "subject": {"uri": view.uri, "cid": view.cid},
            "createdAt": _iso(now),
        },
    }
    made = yield from xrpc.call(account, "com.atproto.repo.createRecord", body, needs=("uri",))
    return {keep_as: str(made["uri"])}


def _take_back(account: AccountRecord, target: Target, kept_as: str) -> Steps[Mapping[str, Any]]:
    """The one we made, and the one that stands: in Bluesky's own app it may have been made anew."""
    view = yield from post_view(account, target.external_id)
    stands = (view.viewer.like if kept_as == "like_uri" else view.viewer.repost) if view else ""
    for uri in {str(target.refs.get(kept_as) or ""), stands} - {""}:
        yield from _delete(account, uri)
    return {kept_as: None}


def _delete(account: AccountRecord, uri: str) -> Steps[None]:
    """Delete a record of ours. One that is not there counts as deleted."""
    try:
        did, collection, rkey = split(uri)
    except ValueError as error:
        raise Refusal("bad_request", detail=str(error)) from error
    if did != xrpc.session_of(account).did:
        raise Refusal("not_allowed", detail="the post belongs to someone else")
    yield from xrpc.call(
        account, "com.atproto.repo.deleteRecord", {"repo": did, "collection": collection, "rkey": rkey}
    )


def _mark_read(account: AccountRecord, target: Target) -> Steps[None]:
    convo = target.refs.get("convo")
    if convo:
        yield from xrpc.call(
            account,
            "chat.bsky.convo.updateRead",
            {"convoId": convo, "messageId": target.external_id},
            proxy=_chat_service(account),
        )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
