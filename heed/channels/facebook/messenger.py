"""From Messenger's events to records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import Attachment, AttachmentKind, Inbound, Person
from heed.channels.facebook.payloads import Attached, Message, Messaging
from heed.channels.meta import delivery
from heed.channels.meta.shapes import first_of, web_address, word

_PLAIN_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
}


def read(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    """One item of `messaging` of the Page `owner`."""
    item = Messaging.model_validate(raw)
    mark = item.delivery or item.read
    at = first_of(item.timestamp, sent, mark.watermark if mark else None)
    them = item.recipient if item.sender.id == owner else item.sender
    person = Person(them.id, them.name)
    if item.message is not None:
        return _message(item.message, item.sender.id == owner, person, owner, at)
    if item.message_edit is not None:
        return [item.message_edit.news(owner, at)]
    if item.app_roles is not None:
        return []  # which app takes part in the Page's chats: nothing about any of them
    if item.policy_enforcement is not None:
        return [_policy(item.policy_enforcement.action, item.policy_enforcement.reason, owner, at)]
    if not person.external_id:
        return [base.NotUnderstood(owner=owner, what=f"{delivery.kind_of(raw)} without a person")]
    if item.postback is not None:
        return [item.postback.news(person, owner, at)]
    if item.reaction is not None:
        author = person if item.sender.id != owner else Person(owner)
        return [item.reaction.news(author, owner, at)]
    if item.delivery is not None:
        return [_receipt(item, "delivered", person, owner, at)]
    if item.read is not None:
        return [_receipt(item, "seen", person, owner, at)]
    if item.pass_thread_control or item.take_thread_control or item.request_thread_control:
        # Whose turn it is changed; nothing was said. Answering takes the thread back where it must.
        return [base.IdentitySeen(owner=owner, person=person)]
    if item.referral is not None:
        # They opened the chat by a link and wrote nothing: there is nobody to answer yet.
        return [base.IdentitySeen(owner=owner, person=person)]
    return [base.NotUnderstood(owner=owner, what=delivery.kind_of(raw))]


def _message(message: Message, ours: bool, person: Person, owner: str, at: datetime) -> list[Inbound]:
    if message.is_deleted:
        return [base.MessageRemoved(owner=owner, external_id=message.mid, at=at)]
    if not person.external_id:
        return [base.NotUnderstood(owner=owner, what="message without a person")]
    attachments = _attachments(message)
    parent = message.reply_to.mid if message.reply_to else ""
    if ours:
        return [
            base.Echo(
                owner=owner,
                external_id=message.mid,
                at=at,
                visibility="private",
                key=message.metadata,
                person=person,
                text=message.text,
                parent=parent,
                attachments=attachments,
                refs={"app_id": message.app_id} if message.app_id else {},
            )
        ]
    refs: dict[str, Any] = {}
    if message.quick_reply is not None:
        refs["quick_reply"] = message.quick_reply.payload
    if message.referral is not None:
        refs["referral"] = message.referral.told()
    return [
        base.MessageReceived(
            owner=owner,
            external_id=message.mid,
            at=at,
            visibility="private",
            kind="message",
            author=person,
            text=message.text,
            parent=parent,
            attachments=attachments,
            refs=refs,
        )
    ]


def _receipt(item: Messaging, state: str, person: Person, owner: str, at: datetime) -> Inbound:
    mark = item.delivery if state == "delivered" else item.read
    assert mark is not None
    return base.Receipt(
        owner=owner,
        state="delivered" if state == "delivered" else "seen",
        at=at,
        external_ids=tuple(mark.mids),
        person=person.external_id,
        watermark=mark.watermark,
    )


def _policy(action: str, reason: str, owner: str, at: datetime) -> Inbound:
    if action == "block":
        return base.AccountChanged(owner=owner, problem="account_blocked", detail=reason, at=at)
    if action == "unblock":
        return base.AccountChanged(owner=owner, at=at)
    return base.NotUnderstood(owner=owner, what=f"policy_enforcement {action}: {reason}"[:200])


# ---------------------------------------------------------------------- Messenger's attachments


def _attachments(message: Message) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for each in message.attachments:
        attachment = _attachment(each)
        # For a while Meta sent every sticker twice, as a sticker and as an image.
        if attachment.kind != "sticker" or attachment not in found:
            found.append(attachment)
    if message.is_unsupported and not found:
        found.append(Attachment("link", name="unsupported", text="unsupported"))
    return tuple(found)


def _attachment(attached: Attached) -> Attachment:
    payload = attached.payload
    url = web_address(payload.get("url")) or attached.url
    title = word(payload.get("title")) or attached.title
    if attached.type in _PLAIN_KINDS:
        kind = "sticker" if payload.get("sticker_id") else _PLAIN_KINDS[attached.type]
        return Attachment(kind, url, title, text="" if url else attached.type)
    match attached.type:
        case "location":
            return Attachment("location", url, title, text=_place(payload))
        case "template":
            return _template(payload, url, title)
        case "appointment_booking":
            return Attachment("link", name=attached.type, text=word(payload.get("status")))
        case _:
            # fallback, reel, ig_reel, post, ig_post, and whatever comes next: what was shared
            raw = word(payload.get("url"))
            return Attachment("link", url, title or attached.type, text="" if url else raw or title)


def _place(payload: dict[str, Any]) -> str:
    coordinates = payload.get("coordinates")
    if not isinstance(coordinates, dict):
        return ""
    return f"{coordinates.get('lat')}, {coordinates.get('long')}"


def _template(payload: dict[str, Any], url: str, title: str) -> Attachment:
    product = payload.get("product")
    lines = delivery.lines_of(product if isinstance(product, dict) else payload)
    return Attachment("link", url, title, text=lines or "template")
