"""Posting, quoting, chatting; and finding out what became of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from heed.channels.base import (
    AccountRecord,
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
from heed.channels.bluesky.records import permalink, refs_of
from heed.channels.bluesky.richtext import Span, facets, spans
from heed.lib import clock
from heed.lib.http import Steps

POST = "app.bsky.feed.post"

_CLOCKS_DIFFER = timedelta(seconds=5)
_STILL_ON_ITS_WAY = timedelta(seconds=30)
MESSAGE_PAGES = 5
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
    record: dict[str, Any] = {"$type": POST, "text": answer.text, "createdAt": iso(_created(answer))}
    quoted = None
    if answer.to is not None and answer.quote:
        quoted = yield from _quoted(account, answer.to)
    elif answer.to is not None:
        record["reply"] = yield from _reply_refs(account, answer.to)
    found = spans(answer.text)
    marks = facets(found, (yield from _dids(account, found)))
    if marks:
        record["facets"] = marks
    pictures = (yield from _pictures(account, answer)) if answer.files else None
    if embed := _embed(quoted, pictures):
        record["embed"] = embed
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
    at, refs = clock.from_iso(kept.created_at), refs_of(uri, cid, kept)
    return Sent(external_id=uri, at=at, refs=refs, permalink=permalink(uri))


def _reply_refs(account: AccountRecord, to: Target) -> Steps[dict[str, Any]]:
    """The post answered and the one its thread hangs under, as they stand now."""
    view = yield from standing(account, str(to.refs.get("uri") or to.external_id))
    if view.viewer.reply_disabled:
        raise Refusal("not_allowed", detail="the author does not let us reply")
    refs = refs_of(view.uri, view.cid, PostRecord.model_validate(view.record))
    return {"root": refs["root"], "parent": {"uri": view.uri, "cid": view.cid}}


def _quoted(account: AccountRecord, to: Target) -> Steps[dict[str, str]]:
    view = yield from standing(account, str(to.refs.get("uri") or to.external_id))
    if view.viewer.embedding_disabled:
        raise Refusal("not_allowed", detail="the author does not let us quote")
    return {"uri": view.uri, "cid": view.cid}


def _embed(quoted: dict[str, str] | None, pictures: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a post shows beneath its words: it holds one thing, be it pictures with a quote."""
    if quoted is None:
        return pictures
    quote = {"$type": "app.bsky.embed.record", "record": quoted}
    if pictures is None:
        return quote
    return {"$type": "app.bsky.embed.recordWithMedia", "record": quote, "media": pictures}


def standing(account: AccountRecord, uri: str) -> Steps[PostView]:
    view = yield from post_view(account, uri)
    if view is None:
        raise Refusal("gone", detail="the post was removed")
    return view


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
    proxy = chat_service(account)
    convo = yield from _convo(account, answer)
    if answer.to is not None and answer.to.refs.get("request"):
        yield from accept(account, convo)
    found = spans(answer.text)
    message: dict[str, Any] = {"text": answer.text}
    marks = facets(found, (yield from _dids(account, found)))
    if marks:
        message["facets"] = marks
    if answer.chosen and answer.to is not None and answer.to.refs.get("convo"):
        message["replyTo"] = {"messageId": answer.to.external_id}
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
    did = xrpc.session_of(account).did
    convo = yield from _convo(account, answer)
    since = (answer.started or _created(answer)) - _CLOCKS_DIFFER
    page_cursor = ""
    for _ in range(MESSAGE_PAGES):
        page, page_cursor = yield from chat_page(account, convo, page_cursor)
        recent = [message for message in page if clock.from_iso(message.sent_at) >= since]
        for message in recent:
            if message.sender.did == did and message.text == answer.text and message.id not in answer.taken:
                return _sent_message(message, convo)
        if len(recent) < len(page) or not page_cursor:
            break
    return NotThere()


def chat_page(account: AccountRecord, convo: str, page_cursor: str) -> Steps[tuple[list[ChatMessage], str]]:
    """A page of a conversation, the newest first, and the cursor of the next one; "" after the last."""
    params: dict[str, str | list[str]] = {"convoId": convo, "limit": "100"}
    if page_cursor:
        params["cursor"] = page_cursor
    page = yield from xrpc.query(
        account, "chat.bsky.convo.getMessages", params, needs=("messages",), proxy=chat_service(account)
    )
    return [ChatMessage.model_validate(item) for item in page["messages"]], str(page.get("cursor") or "")


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
        proxy=chat_service(account),
    )
    return str(found["convo"]["id"])


def accept(account: AccountRecord, convo: str) -> Steps[None]:
    """Accept a conversation that was only asked for. Answering counts as accepting, so a no is no harm."""
    try:
        yield from xrpc.call(
            account, "chat.bsky.convo.acceptConvo", {"convoId": convo}, proxy=chat_service(account)
        )
    except Refusal as refusal:
        if refusal.retry:
            raise


def _sent_message(message: ChatMessage, convo: str) -> Sent:
    return Sent(external_id=message.id, at=clock.from_iso(message.sent_at), refs={"convo": convo})


def chat_service(account: AccountRecord) -> str:
    proxy = chat_proxy(account)
    if not proxy:
        raise Refusal("not_configured", detail="chat is switched off for this account")
    return proxy


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
