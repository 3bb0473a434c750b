"""From a body with events to records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import ValidationError

from heed.channels.base import (
    Attachment,
    AttachmentKind,
    Echo,
    IdentityChanged,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    ReactionChanged,
    Receipt,
    each,
)
from heed.channels.site.payload import (
    SHAPES,
    Answer,
    Body,
    Edit,
    Failure,
    File,
    Identified,
    Kind,
    Message,
    PersonNews,
    Reaction,
    Receipts,
    Removal,
    Who,
)


def read(body: bytes) -> list[Inbound]:
    """The news of a delivery, in its order. Raises `Malformed` when it is no list of events."""
    try:
        parsed = orjson.loads(body)
        events = Body.model_validate(parsed).events
    except (orjson.JSONDecodeError, ValidationError, RecursionError) as error:
        raise Malformed(f'{{"events": [ … ]}} was expected: {error}') from error
    return each(events, _read, "event")


def _read(event: dict[str, Any]) -> Iterable[Inbound]:
    kind = event.get("type")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        return [NotUnderstood(what=str(kind)[:100])]
    return _news(shape.model_validate(event))


def _news(event: Kind) -> list[Inbound]:
    match event:
        case Message():
            return [_message(event)]
        case Answer():
            return [_answer(event)]
        case Edit():
            return [MessageEdited(external_id=event.id, at=event.at, text=event.text)]
        case Removal():
            return [MessageRemoved(external_id=event.id, at=event.at)]
        case Receipts():
            return _receipts(event)
        case Failure():
            why = {"reason": "unreachable", "detail": event.detail}
            return [Receipt(state="failed", at=event.at, external_ids=(event.id,), **why)]  # type: ignore[arg-type]
        case Reaction():
            return [_reaction(event)]
        case PersonNews():
            return [IdentitySeen(person=person_of(event.person), reachable=event.reachable)]
        case Identified():
            person = person_of(event.person)
            return [IdentityChanged(previous=event.previous, person=person, at=event.at)]


def person_of(who: Who) -> Person:
    """An e-mail address takes the place of a handle: it is how the person is known to the company."""
    return Person(who.id, who.name, who.email, who.avatar_url, who.language)


def _message(event: Message) -> MessageReceived:
    return MessageReceived(
        external_id=event.id,
        at=event.at,
        visibility="private",
        kind="message",
        author=person_of(event.person),
        text=event.text,
        attachments=tuple(_attachment(file) for file in event.attachments),
        permalink=event.page if event.page.startswith(("https://", "http://")) else "",
    )


def _answer(event: Answer) -> Echo:
    return Echo(
        external_id=event.id,
        at=event.at,
        visibility="private",
        person=person_of(event.person),
        text=event.text,
        key=event.key,
        automatic=event.automatic,
    )


def _receipts(event: Receipts) -> list[Inbound]:
    state = event.type
    if event.ids:
        return [Receipt(state=state, at=event.at, external_ids=tuple(event.ids))]
    return [Receipt(state=state, at=event.at, person=event.person, watermark=event.at)]


def _reaction(event: Reaction) -> ReactionChanged:
    author = person_of(event.person)
    return ReactionChanged(target=event.id, at=event.at, author=author, reaction=event.reaction, on=event.on)


def _attachment(file: File) -> Attachment:
    return Attachment(_kind(file.mime), file.url, file.name, file.mime, file.size)


def _kind(mime: str) -> AttachmentKind:
    match mime.partition("/")[0]:
        case "image":
            return "image"
        case "video":
            return "video"
        case "audio":
            return "audio"
    return "file"
