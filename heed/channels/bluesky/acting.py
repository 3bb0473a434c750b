"""What can be done with a message that stands already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heed.channels.base import AccountRecord, Action, Refusal, Target
from heed.channels.bluesky import tid, xrpc
from heed.channels.bluesky.payload import ChatReaction
from heed.channels.bluesky.records import split
from heed.channels.bluesky.writing import (
    MESSAGE_PAGES,
    accept,
    chat_page,
    chat_service,
    iso,
    post_view,
    standing,
)
from heed.lib import clock
from heed.lib.http import Steps

LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"


def act(account: AccountRecord, action: Action, target: Target, value: str) -> Steps[Mapping[str, Any]]:
    match action:
        case "like":
            return (yield from _mark(account, target, LIKE, "like_uri"))
        case "repost":
            return (yield from _mark(account, target, REPOST, "repost_uri"))
        case "react":
            return (yield from _react(account, target, value))
        case "unreact":
            return (yield from _unreact(account, target))
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


def _mark(account: AccountRecord, target: Target, collection: str, keep_as: str) -> Steps[Mapping[str, Any]]:
    view = yield from standing(account, target.external_id)
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
            "createdAt": iso(now),
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


def _react(account: AccountRecord, target: Target, emoji: str) -> Steps[Mapping[str, Any]]:
    """A reaction is a first answer, too: it accepts a conversation that was only asked for."""
    if target.refs.get("request"):
        yield from accept(account, _talk(target))
    yield from _set_reaction(account, "addReaction", target, emoji)
    return {"reaction": emoji}


def _unreact(account: AccountRecord, target: Target) -> Steps[Mapping[str, Any]]:
    """Those that stand, or else the one we gave: in Bluesky's own app there may be others."""
    given = str(target.refs.get("reaction") or "")
    stand = yield from _our_reactions(account, target)
    for emoji in sorted({given} - {""} if stand is None else stand):
        try:
            yield from _set_reaction(account, "removeReaction", target, emoji)
        except Refusal as refusal:
            if refusal.reason != "gone":
                raise
    return {"reaction": None}


def _our_reactions(account: AccountRecord, target: Target) -> Steps[set[str] | None]:
    """Our reactions to a message as the network shows it; None where it is too far back to be shown."""
    did = xrpc.session_of(account).did
    page_cursor = ""
    for _ in range(MESSAGE_PAGES):
        page, page_cursor = yield from chat_page(account, _talk(target), page_cursor)
        for message in page:
            if message.id == target.external_id:
                found = [ChatReaction.model_validate(each) for each in message.reactions or []]
                return {each.value for each in found if each.sender.did == did}
        if not page_cursor:
            break
    return None


def _set_reaction(account: AccountRecord, how: str, target: Target, emoji: str) -> Steps[None]:
    yield from xrpc.call(
        account,
        f"chat.bsky.convo.{how}",
        {"convoId": _talk(target), "messageId": target.external_id, "value": emoji},
        proxy=chat_service(account),
    )


def _talk(target: Target) -> str:
    """The conversation of a message. Raises `Refusal` for what is none."""
    convo = target.refs.get("convo")
    if not convo:
        raise Refusal("bad_request", detail="on Bluesky only chat messages take reactions")
    return str(convo)


def _mark_read(account: AccountRecord, target: Target) -> Steps[None]:
    convo = target.refs.get("convo")
    if convo:
        yield from xrpc.call(
            account,
            "chat.bsky.convo.updateRead",
            {"convoId": convo, "messageId": target.external_id},
            proxy=chat_service(account),
        )
