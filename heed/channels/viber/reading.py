"""A callback of Viber as news."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from heed.channels.base import (
    Attachment,
    AttachmentKind,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageReceived,
    NotUnderstood,
    Person,
    Receipt,
    each,
)
from heed.channels.viber.payload import Body, MessageEvent, ReceiptEvent, User, UserEvent
from heed.lib import clock

Reader = Callable[[dict[str, Any]], list[Inbound]]

_FETCHED: dict[str, AttachmentKind] = {
    "picture": "image",
    "video": "video",
    "file": "file",
    "sticker": "sticker",
}


def read(body: bytes) -> list[Inbound]:
    """The news in one callback; each holds one event. Raises `Malformed`."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise Malformed("a callback names its event")
    return each([event], _read_event, what=event["event"][:100])


def _read_event(event: dict[str, Any]) -> list[Inbound]:
    reader = _READERS.get(event["event"])
    return reader(event) if reader else [NotUnderstood(what=event["event"][:100])]


def _message(raw: dict[str, Any]) -> list[Inbound]:
    """A customer wrote. Their first message subscribes them, and no other event says so: that whoever
    writes can be written to is for the inbox to know."""
    event = MessageEvent.model_validate(raw)
    news: list[Inbound] = [
        MessageReceived(
            external_id=str(event.message_token),
            at=clock.from_unix(event.timestamp),
            visibility="private",
            kind="message",
            author=person_of(event.sender),
            text=event.message.text or "",
            attachments=_attachments(event.message),
        ),
    ]
    if event.message.type not in _TYPES:
        news.append(NotUnderstood(what=f"message of type {event.message.type[:60]}"))
    return news


def _attachments(message: Body) -> tuple[Attachment, ...]:
    if message.type == "location" and message.location:
        return (Attachment("location", text=f"{message.location.lat}, {message.location.lon}"),)
    if message.type == "contact" and message.contact:
        words = (message.contact.name, message.contact.phone_number)
        return (Attachment("contact", text=", ".join(word for word in words if word)),)
    if message.type == "url":
        return (Attachment("link", url=message.media or ""),)
    if message.media:
        kind = _FETCHED.get(message.type, "file")
        return (Attachment(kind, url=message.media, name=message.file_name or "", size=message.size),)
    if message.type == "sticker":
        return (Attachment("sticker", text=str(message.sticker_id or "")),)
    return ()


def _met(raw: dict[str, Any]) -> list[Inbound]:
    """Someone opened the chat or subscribed. Who only opened it cannot be written to yet, but
    will be as soon as they write: that is not *unreachable*."""
    event = UserEvent.model_validate(raw)
    subscribed = event.event == "subscribed" or event.subscribed
    at = clock.from_unix(event.timestamp)
    return [IdentitySeen(person=person_of(event.user), reachable=True if subscribed else None, at=at)]


def _left(raw: dict[str, Any]) -> list[Inbound]:
    event = ReceiptEvent.model_validate(raw)
    at = clock.from_unix(event.timestamp)
    return [IdentitySeen(person=Person(event.user_id), reachable=False, at=at)]


def _receipt(raw: dict[str, Any]) -> list[Inbound]:
    """Also sent for the customer's own messages: ids that are not ours mean nothing."""
    event = ReceiptEvent.model_validate(raw)
    return [
        Receipt(
            state=_STATES[event.event],
            at=clock.from_unix(event.timestamp),
            external_ids=(str(event.message_token),),
            detail=event.desc or "",
        )
    ]


def person_of(user: User) -> Person:
    return Person(
        external_id=user.id, name=user.name or "", avatar_url=user.avatar or "", language=user.language or ""
    )


def _nothing(_: dict[str, Any]) -> list[Inbound]:
    """Viber only tries whether our address answers."""
    return []


_TYPES = frozenset({"text", "url", "location", "contact", *_FETCHED})
_STATES: dict[str, Any] = {"delivered": "delivered", "seen": "seen", "failed": "failed"}
_READERS: dict[str, Reader] = {
    "message": _message,
    "subscribed": _met,
    "conversation_started": _met,
    "unsubscribed": _left,
    "webhook": _nothing,
    **dict.fromkeys(_STATES, _receipt),
}
