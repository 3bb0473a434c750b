"""From the log of the chat to news."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from heed.channels.base import (
    AccountRecord,
    Attachment,
    Echo,
    Inbound,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    ReactionChanged,
)
from heed.channels.bluesky import tid
from heed.channels.bluesky.attachments import hidden_links, quoted_post
from heed.channels.bluesky.payload import ChatMessage, Log, Profile
from heed.channels.bluesky.records import person
from heed.lib import clock

_OF_NO_CONCERN = frozenset(
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
_ABOUT_A_MESSAGE = frozenset({"logCreateMessage", "logDeleteMessage", "logAddReaction", "logRemoveReaction"})
_DELETED = "chat.bsky.convo.defs#deletedMessageView"


def news_of(item: Any, page: Mapping[str, Any], account: AccountRecord) -> Iterable[Inbound]:
    """What an entry of the log says; the page it came on tells of its people."""
    what = str(item["$type"]).partition("#")[2]
    if what in _OF_NO_CONCERN:
        return []
    log = Log.model_validate(item)
    if _object(_object(page, "convos"), log.convo_id).get("group"):
        # An answer would be read by all of them.
        return [NotUnderstood(what="message in a group")] if what == "logCreateMessage" else []
    if log.message is None or what not in _ABOUT_A_MESSAGE:
        return [NotUnderstood(what=f"chat {what or log.type}"[:200])]
    match what:
        case "logCreateMessage" if log.message.type == _DELETED:
            return []  # before we asked
        case "logCreateMessage":
            return [_said(log.message, log, page, account)]
        case "logDeleteMessage":
            return [MessageRemoved(external_id=log.message.id, at=_moment(log, log.message))]
    return [_reacted(log, log.message, page, on=what == "logAddReaction")]


def _said(message: ChatMessage, log: Log, page: Mapping[str, Any], account: AccountRecord) -> Inbound:
    """What a customer wrote, or one of us elsewhere."""
    us = str(page.get("did") or account.external_id)
    convo = {"convo": log.convo_id, "request": _is_request(page, log.convo_id)}
    if message.sender.did == us:
        others = [did for did in _members(page, log.convo_id) if did != us]
        return Echo(
            external_id=message.id,
            at=clock.from_iso(message.sent_at),
            visibility="private",
            person=_known(page, others[0]) if len(others) == 1 else None,
            text=message.text,
            parent=_answered(message),
            attachments=_links(message),
            refs=convo,
        )
    return MessageReceived(
        external_id=message.id,
        at=clock.from_iso(message.sent_at),
        visibility="private",
        kind="message",
        author=_known(page, message.sender.did),
        text=message.text,
        parent=_answered(message),
        attachments=_links(message),
        refs=convo,
    )


def _answered(message: ChatMessage) -> str:
    return str(message.reply_to.get("id") or "") if isinstance(message.reply_to, dict) else ""


def _reacted(log: Log, message: ChatMessage, page: Mapping[str, Any], *, on: bool) -> Inbound:
    if log.reaction is None:
        raise ValueError("a reaction without its emoji")
    return ReactionChanged(
        target=message.id,
        at=clock.from_iso(log.reaction.created_at) if on else _moment(log, message),
        author=_known(page, log.reaction.sender.did),
        reaction=log.reaction.value,
        on=on,
    )


def _moment(log: Log, message: ChatMessage) -> datetime:
    """When a log entry was made: its revision is a time; else that of the message it is about."""
    return tid.moment_of(log.rev) or clock.from_iso(message.sent_at)


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


def _links(message: ChatMessage) -> tuple[Attachment, ...]:
    return (*hidden_links(message.text, message.facets), *quoted_post((message.embed or {}).get("record")))
