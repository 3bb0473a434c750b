"""Direct messages as records: told or asked for, of X Chat, and that they were seen."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from heed.channels.base import Attachment, Echo, Inbound, MessageReceived, NotUnderstood, Person, Receipt
from heed.channels.x.around import Around
from heed.channels.x.payload import KINDS, DirectMessage, EncryptedMessage, PolledMessage, Read, utc
from heed.channels.x.posts import readable
from heed.lib import clock

MEDIA = "media:"
CHAT_LINK = "https://x.com/messages"
CHAT_NAME = "Encrypted X Chat message"

_DM_FILE = re.compile(r"/(?P<dm>[0-9]+)/(?P<media>[0-9]+)/(?P<name>[\w.-]+)$")
_MIMES = {"video": "video/mp4", "animated_gif": "video/mp4"}


def told(raw: Any, around: Around) -> list[Inbound]:
    """A message as a delivery brings it. Raises `ValueError` when it is none."""
    message = DirectMessage.model_validate(raw)
    written = message.message_create
    ours = written.sender_id == around.us
    said = written.message_data
    attached = said.attachment.media if said.attachment else None
    text = said.text.replace(attached.url, "") if attached and attached.url else said.text
    return _message(
        message.id,
        clock.from_unix(message.created_timestamp),
        around.person(written.target.recipient_id if ours else written.sender_id),
        ours,
        readable(text, said.entities),
        (_private_file(attached.type, attached.media_url_https),) if attached else (),
    )


def asked_for(raw: Any, around: Around) -> list[Inbound]:
    """A message as a list of them shows it. Raises `ValueError` when it is none."""
    message = PolledMessage.model_validate(raw)
    if message.event_type != "MessageCreate":
        return []
    members = message.dm_conversation_id.split("-") if message.dm_conversation_id else [message.sender_id]
    others = [each for each in members if each != around.us]
    if len(others) != 1 or (message.dm_conversation_id and around.us not in members):
        return [NotUnderstood(what="message in a group")]
    (other,) = others
    keys = message.attachments.media_keys
    files = [_private_file(each.type, each.url or each.preview_image_url) for each in around.known(keys)]
    # Of a file that X did not include, the agent sees at least that there was one.
    files += [Attachment("file", name=key) for key in keys if key not in around.files]
    return _message(
        message.id,
        utc(message.created_at),
        around.person(other),
        message.sender_id == around.us,
        readable(message.text, message.entities, without_files=bool(files)),
        tuple(files),
    )


def encrypted(payload: Any, around: Around) -> list[Inbound]:
    """A message of X Chat: Heed cannot read it and must not hide that somebody wrote."""
    message = EncryptedMessage.model_validate(payload)
    if message.sender_id == around.us:
        return []
    return [
        MessageReceived(
            external_id=f"chat:{message.id}",
            at=clock.from_unix(message.created_at_msec),
            visibility="private",
            kind="message",
            author=around.person(message.sender_id),
            attachments=(Attachment("link", url=CHAT_LINK, name=CHAT_NAME),),
            opens_window=False,
        )
    ]


def seen(raw: Any, around: Around) -> list[Inbound]:
    """Somebody read what we wrote."""
    seen = Read.model_validate(raw)
    if seen.sender_id == around.us:
        return []
    at = clock.from_unix(seen.created_timestamp)
    return [Receipt(state="seen", at=at, person=seen.sender_id, watermark=at)]


def _message(
    external_id: str, at: datetime, person: Person, ours: bool, text: str, files: tuple[Attachment, ...]
) -> list[Inbound]:
    if ours:
        echo = Echo(
            external_id=external_id, at=at, visibility="private", person=person, text=text, attachments=files
        )
        return [echo]
    return [
        MessageReceived(
            external_id=external_id,
            at=at,
            visibility="private",
            kind="message",
            author=person,
            text=text,
            attachments=files,
        )
    ]


def _private_file(kind: str, url: str) -> Attachment:
    """A file that only our token opens: its address is made of ids when it is fetched."""
    place = _DM_FILE.search(url)
    address = f"{MEDIA}{place['dm']}/{place['media']}/{place['name']}" if place else url
    return Attachment(KINDS.get(kind, "file"), url=address, mime=_MIMES.get(kind, ""))
