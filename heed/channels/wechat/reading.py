"""A delivery of WeChat as news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from heed.channels.base import (
    AccountRecord,
    Attachment,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageReceived,
    NotUnderstood,
    Person,
    each,
)
from heed.channels.wechat.envelope import fields_of, opened
from heed.channels.wechat.payload import Delivery, Event, Link, Media, Place, Words
from heed.lib import clock

Fields = dict[str, str]
CLICK = "postback"
"""A choice from a menu."""

MEDIA = "media:"


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """The news in one delivery; each holds one message or event. Raises `Malformed`."""
    fields = _plain(fields_of(body), account)
    kind = fields.get("MsgType", "")
    if not kind:
        raise Malformed("a delivery names its MsgType")
    return each([fields], _READERS.get(kind, _unknown), what=kind[:100])


def _plain(fields: Fields, account: AccountRecord) -> Fields:
    """The fields themselves. In compatibility mode they come twice: the encrypted ones are proven.

    Without the key a delivery in safe mode is set aside, and can be read again once it was entered.
    """
    aes_key = account.credentials.get("aes_key", "")
    if "Encrypt" not in fields:
        return fields
    if aes_key:
        return fields_of(opened(fields["Encrypt"], aes_key, account.credentials.get("app_id", "")))
    if "MsgType" in fields:
        return fields
    raise Malformed("it is encrypted, and the account has no EncodingAESKey")


def _text(fields: Fields) -> list[Inbound]:
    """A tap on an entry of a message menu gives a minute to answer, not two days."""
    message = Words.model_validate(fields)
    if message.menu:
        return [replace(_message(message, message.text), kind=CLICK, opens_window=False)]
    return [_message(message, message.text)]


def _media(fields: Fields) -> list[Inbound]:
    message = Media.model_validate(fields)
    url = MEDIA + message.media
    if message.kind == "image":
        return [_message(message, attachment=Attachment("image", url=url))]
    if message.kind == "voice":
        name = f"voice.{message.format}" if message.format.isalnum() else "voice"
        return [_message(message, message.heard, Attachment("audio", url=url, name=name))]
    return [_message(message, attachment=Attachment("video", url=url))]


def _place(fields: Fields) -> list[Inbound]:
    place = Place.model_validate(fields)
    where = f"{place.latitude}, {place.longitude}"
    return [_message(place, attachment=Attachment("location", name=place.label, text=where))]


def _link(fields: Fields) -> list[Inbound]:
    link = Link.model_validate(fields)
    return [
        _message(link, attachment=Attachment("link", url=link.url, name=link.title, text=link.description))
    ]


def _unknown(fields: Fields) -> list[Inbound]:
    """They wrote something that we cannot show: the agent sees that they wrote."""
    message = Delivery.model_validate(fields)
    return [_message(message), NotUnderstood(what=f"message of type {message.kind[:60]}")]


def _message(message: Delivery, text: str = "", attachment: Attachment | None = None) -> MessageReceived:
    return MessageReceived(
        external_id=message.id or f"{message.person}:{message.created}",
        at=clock.from_unix(message.created),
        visibility="private",
        kind="message",
        author=Person(message.person),
        text=text,
        attachments=(attachment,) if attachment else (),
    )


def _event(fields: Fields) -> list[Inbound]:
    event = Event.model_validate(fields)
    reader = _EVENTS.get(event.event)
    return reader(event) if reader else [NotUnderstood(what=f"event {event.event[:60]}")]


def _follows(event: Event) -> list[Inbound]:
    return [_reach(event, True)]


def _left(event: Event) -> list[Inbound]:
    return [_reach(event, False)]


def _reach(event: Event, reachable: bool) -> IdentitySeen:
    at = clock.from_unix(event.created)
    return IdentitySeen(person=Person(event.person), reachable=reachable, at=at)


def _menu(event: Event) -> list[Inbound]:
    """They chose an entry of the account's menu. Events have no id: person, moment and key make one. The key
    is a program's word: WeChat does not say what stands in the menu."""
    return [
        MessageReceived(
            external_id=f"{event.person}:{event.created}:{event.key}"[:255],
            at=clock.from_unix(event.created),
            visibility="private",
            kind=CLICK,
            author=Person(event.person),
            refs={"payload": event.key} if event.key else {},
            opens_window=False,
        )
    ]


def _nothing(event: Event) -> list[Inbound]:
    """Nothing an agent could answer: a page opened from the menu, a position told in passing, what
    became of a message that others sent."""
    return []


_EVENTS: dict[str, Callable[[Event], list[Inbound]]] = {
    "subscribe": _follows,
    "SCAN": _follows,
    "unsubscribe": _left,
    "CLICK": _menu,
    "VIEW": _nothing,
    "LOCATION": _nothing,
    "TEMPLATESENDJOBFINISH": _nothing,
}
_READERS: dict[str, Callable[[Fields], list[Inbound]]] = {
    "text": _text,
    "image": _media,
    "voice": _media,
    "video": _media,
    "shortvideo": _media,
    "location": _place,
    "link": _link,
    "event": _event,
}
