"""A delivery of LINE, which holds any number of events, as news."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from heed.channels.base import (
    AccountChanged,
    Attachment,
    AttachmentKind,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    each,
)
from heed.channels.line.payload import (
    Event,
    Message,
    MessageEvent,
    ModuleEvent,
    PostbackEvent,
    Profile,
    UnsendEvent,
)
from heed.lib import clock

MEDIA = "media:"
STANDBY = "standby"

Reader = Callable[[dict[str, Any]], list[Inbound]]

_FILES: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio", "file": "file"}
_TYPES = frozenset({"text", "location", "sticker", *_FILES})


def read(body: bytes) -> list[Inbound]:
    """The news in one delivery; without events LINE only tries our address. Raises `Malformed`."""
    try:
        delivery = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from error
    events = delivery.get("events") if isinstance(delivery, dict) else None
    if not isinstance(events, list):
        raise Malformed("a delivery has events")
    return each(events, _read_event, what="event of LINE")


def person_of(profile: Profile) -> Person:
    return Person(
        external_id=profile.user_id,
        name=profile.display_name,
        avatar_url=profile.picture_url,
        language=profile.language,
    )


def _read_event(raw: dict[str, Any]) -> list[Inbound]:
    """What is delivered again reads as it did the first time: its ids and its time are the same."""
    event = Event.model_validate(raw)
    reader = _READERS.get(event.type)
    if reader is None:
        return [NotUnderstood(what=event.type[:100])]
    if event.type not in _OF_THE_ACCOUNT and not (event.source.type == "user" and event.source.user_id):
        return [_elsewhere(event)]
    return reader(raw)


def _elsewhere(event: Event) -> NotUnderstood:
    where = f"in a {event.source.type}" if event.source.type in ("group", "room") else "without a person"
    return NotUnderstood(what=f"{event.type} {where}")


# ------------------------------------------------------------------------------- messages


def _message(raw: dict[str, Any]) -> list[Inbound]:
    """No name comes along: it is looked up."""
    event = MessageEvent.model_validate(raw)
    message = event.message
    news: list[Inbound] = [
        MessageReceived(
            external_id=message.id,
            at=clock.from_unix(event.timestamp),
            visibility="private",
            kind=_kind(event, "message"),
            author=Person(event.source.user_id),
            text=message.text if message.type != "sticker" else "",
            parent=message.quoted_message_id,
            attachments=tuple(_attachments(message)),
            refs=_refs(message),
            elsewhere=event.mode == STANDBY,
        )
    ]
    if message.type not in _TYPES:
        news.append(NotUnderstood(what=f"message of type {message.type[:60]}"))
    return news


def _kind(event: Event, kind: str) -> str:
    """What another system answers is shown as such."""
    return STANDBY if event.mode == STANDBY else kind


def _refs(message: Message) -> dict[str, Any]:
    """What quotes the message, what marks it as read, and which pictures belong together."""
    refs = {
        "quote": message.quote_token,
        "read": message.mark_as_read_token,
        "album": message.image_set.id if message.image_set else "",
    }
    return {name: value for name, value in refs.items() if value}


def _attachments(message: Message) -> Iterator[Attachment]:
    if message.type in _FILES:
        yield _file(message)
    if message.type == "sticker":
        yield Attachment("sticker", text=message.text or ", ".join(message.keywords) or message.sticker_id)
    if message.type == "location":
        words = [message.title, message.address]
        if message.latitude is not None and message.longitude is not None:
            words.append(f"{message.latitude}, {message.longitude}")
        yield Attachment("location", text=", ".join(filter(None, words)))


def _file(message: Message) -> Attachment:
    """A file that LINE does not keep itself lies at any host: it is a link, and never fetched."""
    if message.content_provider.type == "external":
        return Attachment("link", url=message.content_provider.original_content_url, name=message.type)
    kind = _FILES[message.type]
    return Attachment(kind, url=MEDIA + message.id, name=message.file_name, size=message.file_size)


def _unsent(raw: dict[str, Any]) -> list[Inbound]:
    """The customer took a message back: LINE asks everybody to forget what it said."""
    event = UnsendEvent.model_validate(raw)
    return [MessageRemoved(external_id=event.unsend.message_id, at=clock.from_unix(event.timestamp))]


_TIMES = frozenset({"date", "time", "datetime"})


def _postback(raw: dict[str, Any]) -> list[Inbound]:
    """A button of a menu or card was pressed. There is no message: the event's id stands for one. LINE does
    not say what stood on the button, only what its program calls it, and the time where one was chosen."""
    event = PostbackEvent.model_validate(raw)
    chosen = [value for name, value in event.postback.params.items() if name in _TIMES]
    return [
        MessageReceived(
            external_id=event.webhook_event_id,
            at=clock.from_unix(event.timestamp),
            visibility="private",
            kind=_kind(event, "postback"),
            author=Person(event.source.user_id),
            text="\n".join(chosen),
            refs={"payload": event.postback.data},
            elsewhere=event.mode == STANDBY,
        )
    ]


# -------------------------------------------------------------------- people and the account


def _followed(raw: dict[str, Any]) -> list[Inbound]:
    return [_reach(Event.model_validate(raw), True)]


def _unfollowed(raw: dict[str, Any]) -> list[Inbound]:
    """They blocked the account: LINE goes on taking messages to them, and shows them to nobody."""
    return [_reach(Event.model_validate(raw), False)]


def _reach(event: Event, reachable: bool) -> IdentitySeen:
    at = clock.from_unix(event.timestamp)
    return IdentitySeen(person=Person(event.source.user_id), reachable=reachable, at=at)


def _suspended(raw: dict[str, Any]) -> list[Inbound]:
    return [_against(raw, "account_blocked", "LINE suspended the account")]


def _resumed(raw: dict[str, Any]) -> list[Inbound]:
    return [_against(raw)]


def _against(raw: dict[str, Any], problem: str = "", detail: str = "") -> AccountChanged:
    at = clock.from_unix(Event.model_validate(raw).timestamp)
    return AccountChanged(problem=problem, detail=detail, at=at)


def _module(raw: dict[str, Any]) -> list[Inbound]:
    event = ModuleEvent.model_validate(raw)
    if event.module.type != "detached":
        return [NotUnderstood(what=f"module {event.module.type[:60]}")]
    return [_against(raw, "not_allowed", "the account was detached from this channel")]


_OF_THE_ACCOUNT: dict[str, Reader] = {
    "botSuspended": _suspended,
    "botResumed": _resumed,
    "module": _module,
}
_READERS: dict[str, Reader] = {
    "message": _message,
    "unsend": _unsent,
    "postback": _postback,
    "follow": _followed,
    "unfollow": _unfollowed,
    **_OF_THE_ACCOUNT,
}
