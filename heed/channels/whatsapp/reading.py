"""From a webhook's body to records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import orjson

from heed.channels import base
from heed.channels.base import Attachment, AttachmentKind, Inbound, Person
from heed.channels.meta import webhook
from heed.channels.meta.delivery import STANDBY
from heed.channels.meta.shapes import Payload, sent_at
from heed.channels.whatsapp import business
from heed.channels.whatsapp.calls import reason_of
from heed.channels.whatsapp.payloads import (
    Card,
    Contact,
    Explanation,
    Interactive,
    Location,
    Media,
    Message,
    Order,
    Preference,
    Status,
    UserIdUpdate,
)

P = TypeVar("P", bound=Payload)

OBJECT = "whatsapp_business_account"
MEDIA = "media:"
"""Begins the address of a file that must be asked for by its id."""
KEY = "heed:"
"""Begins what we send along with an answer whose receipts may stand for it; our key follows."""

_MEDIA_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "file",
    "sticker": "sticker",
}
_MOVED = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
"""The words by which WhatsApp says that somebody has another id."""
_BLOCKED = frozenset({"368", "131031"})
"""Codes by which Meta says that the account itself is stopped."""


def read(body: bytes) -> list[Inbound]:
    """All news of a delivery, in its own order. Raises `Malformed`."""
    found: list[Inbound] = []
    for envelope in webhook.envelopes(body):
        if envelope.get("object") != OBJECT:
            found.append(base.NotUnderstood(what=f"object {envelope.get('object')!r}"[:200]))
            continue
        found += base.each(webhook.entries(envelope), _entry, "entry")
    return found


def _entry(entry: dict[str, Any]) -> list[Inbound]:
    business_id = str(entry.get("id") or "0")
    if business_id == "0":
        return [base.NotUnderstood(what="test event of Meta's dashboard")]
    changes = entry.get("changes")
    if not isinstance(changes, list):
        return [base.NotUnderstood(what="entry without changes")]
    at = sent_at(entry)
    return base.each(changes, lambda change: _change(change, business_id, at), "change")


def _change(change: dict[str, Any], business_id: str, at: datetime | None) -> list[Inbound]:
    name, value = str(change.get("field", "")), change.get("value")
    if not isinstance(value, dict):
        return [base.NotUnderstood(what=f"changes {name} without a value"[:200])]
    metadata = value.get("metadata")
    owner = str(metadata.get("phone_number_id") or "") if isinstance(metadata, dict) else ""
    match name:
        case "messages":
            return _messages(value, owner)
        case "smb_message_echoes":
            return base.each(_items(value, "message_echoes"), lambda raw: _echo(raw, owner), "echo")
        case "standby":
            return [_stood_by(each) for each in _messages(value, owner)]
        case "user_preferences":
            return base.each(_items(value, name), lambda raw: _preference(raw, owner), name)
        case _ if name in business.FIELDS:
            return business.read(name, value, business_id, at)
        case "user_id_update":
            return base.each(_items(value, name), lambda raw: _new_user_id(raw, owner), name)
    return [base.NotUnderstood(owner=owner, what=f"changes {name}"[:200])]


def _messages(value: dict[str, Any], owner: str) -> list[Inbound]:
    """Messages, receipts and complaints; usually one of them, but nothing says only one."""
    contacts = _readable(Contact, _items(value, "contacts"))
    complaints = _readable(Explanation, _items(value, "errors"))
    messages, statuses = _items(value, "messages"), _items(value, "statuses")
    found = base.each(messages, lambda raw: _message(raw, owner, contacts, complaints), "message")
    found += base.each(statuses, lambda raw: _status(raw, owner, contacts), "status")
    if messages or statuses:
        return found
    found = [_complaint(each, owner) for each in complaints]
    return found or [base.NotUnderstood(owner=owner, what="messages without any")]


def _stood_by(news: Inbound) -> Inbound:
    """What Meta's own agent answers; a message of ours takes the talk over."""
    if isinstance(news, base.MessageReceived):
        return replace(news, kind=STANDBY, elsewhere=True)
    return news


def _preference(raw: Any, owner: str) -> list[Inbound]:
    """Whether they want to hear of offers. Of that a desk sends none; answers reach them all the same."""
    given = Preference.model_validate(raw)
    person = _person(given.wa_id, given.user_id, ())
    return [base.IdentitySeen(owner=owner, person=person, at=given.timestamp)] if person else []


def _items(value: dict[str, Any], name: str) -> list[Any]:
    items = value.get(name)
    return items if isinstance(items, list) else []


def _readable(shape: type[P], items: list[Any]) -> list[P]:
    """What stands beside the messages. A card that cannot be read costs a name, never a message."""
    found: list[P] = []
    for raw in items:
        try:
            found.append(shape.model_validate(raw))
        except ValueError:
            continue
    return found


def _complaint(explanation: Explanation, owner: str) -> Inbound:
    if explanation.code in _BLOCKED:
        return base.AccountChanged(owner=owner, problem="account_blocked", detail=str(explanation))
    return base.NotUnderstood(owner=owner, what=f"errors {explanation}"[:200])


# ------------------------------------------------------------------------------- people


def _person(number: str, user_id: str, contacts: Iterable[Contact]) -> Person | None:
    """Someone by the id that stays when they hide their number; by the number where there is no other."""
    known = list(contacts)
    contact = next((each for each in known if _is_same(each, number, user_id)), None)
    if contact is None and len(known) == 1 and _may_be(known[0], number, user_id):
        contact = known[0]
    contact = contact or Contact()
    number = number or contact.wa_id
    external_id = user_id or contact.user_id or number
    if not external_id:
        return None
    return _named(external_id, number, contact.profile.name, contact.profile.username)


def _named(external_id: str, number: str, name: str = "", username: str = "") -> Person:
    """By either id they are known again."""
    phone = f"+{number}" if number.isdecimal() else ""
    return Person(external_id, name, username or phone, also=number if number != external_id else "")


def _is_same(contact: Contact, number: str, user_id: str) -> bool:
    return bool((user_id and contact.user_id == user_id) or (number and contact.wa_id == number))


def _may_be(contact: Contact, number: str, user_id: str) -> bool:
    """Whether nothing that both sides say speaks against it."""
    pairs = ((contact.wa_id, number), (contact.user_id, user_id))
    return all(left == right or not left or not right for left, right in pairs)


def _new_user_id(raw: Any, owner: str) -> list[Inbound]:
    update = UserIdUpdate.model_validate(raw)
    change = update.user_id
    if not change.previous or not change.current:
        return [base.NotUnderstood(owner=owner, what="user_id_update without two ids")]
    person = _named(change.current, update.wa_id)
    return [base.IdentityChanged(owner=owner, previous=change.previous, person=person, at=update.timestamp)]


def _moved(message: Message, owner: str) -> list[Inbound]:
    """They have another number or id: known by either of the old ones, they are known by the new."""
    new = message.system
    external_id = new.user_id or new.wa_id
    former = [each for each in (message.from_user_id, message.sender) if each and each != external_id]
    if not external_id or not former:
        return [base.NotUnderstood(owner=owner, what=_of_the_system(message))]
    person = _named(external_id, new.wa_id)
    return [
        base.IdentityChanged(owner=owner, previous=each, person=person, at=message.timestamp)
        for each in former
    ]


# ----------------------------------------------------------------------------- messages


def _message(raw: Any, owner: str, contacts: list[Contact], complaints: list[Explanation]) -> list[Inbound]:
    message = Message.model_validate(raw)
    person = _person(message.sender, message.from_user_id, contacts)
    if message.group_id:
        return [base.NotUnderstood(owner=owner, what=f"message in the group {message.group_id}"[:200])]
    if message.type == "system" and message.system.type in _MOVED:
        return _moved(message, owner)
    if message.type == "system":
        return [base.NotUnderstood(owner=owner, what=_of_the_system(message))]
    if message.type == "request_welcome":
        # They opened the chat and wrote nothing yet: there is nobody to answer.
        return [base.IdentitySeen(owner=owner, person=person)] if person else []
    if message.reaction is not None:
        return _reaction(message, owner, person)
    changed = _changed(message, owner)
    if changed is not None:
        return [changed]
    if not message.id:
        raise ValueError("a message without an id")
    text, attachments, understood = _content(raw, message, complaints)
    found: list[Inbound] = [
        base.MessageReceived(
            owner=owner,
            external_id=message.id,
            at=message.timestamp,
            visibility="private",
            kind="postback" if message.button or message.interactive else "message",
            author=person,
            text=text,
            parent=message.context.id,
            attachments=attachments,
            refs=_refs(message),
        )
    ]
    if not understood:
        found.append(base.NotUnderstood(owner=owner, what=f"message of type {message.type}"[:200]))
    return found


def _of_the_system(message: Message) -> str:
    system = message.system
    new = system.user_id or system.wa_id
    return f"system {system.type} {message.from_user_id or message.sender} {new}: {system.body}"[:200]


def _reaction(message: Message, owner: str, person: Person | None) -> list[Inbound]:
    reaction = message.reaction
    assert reaction is not None
    if person is None:
        return [base.NotUnderstood(owner=owner, what="reaction without a person")]
    return [
        base.ReactionChanged(
            owner=owner,
            target=reaction.message_id,
            at=message.timestamp,
            author=person,
            reaction=reaction.emoji[:40],
            on=bool(reaction.emoji),
            opens_window=True,
        )
    ]


def _changed(message: Message, owner: str) -> Inbound | None:
    if message.edit is not None:
        now = message.edit.message
        return base.MessageEdited(
            owner=owner,
            external_id=message.edit.original_message_id,
            at=message.timestamp,
            text=_words(now, str(now.get("type", ""))),
        )
    if message.revoke is not None:
        gone = message.revoke.original_message_id
        return base.MessageRemoved(owner=owner, external_id=gone, at=message.timestamp)
    return None


def _refs(message: Message) -> dict[str, Any]:
    """What came with the message beside its words: a press, where they came from, a product."""
    context = message.context
    refs: dict[str, Any] = {}
    pressed = _pressed(message)
    if pressed:
        refs["payload"] = pressed
    if message.referral:
        refs["referral"] = message.referral
    if context.referred_product:
        refs["product"] = context.referred_product
    if context.forwarded or context.frequently_forwarded:
        refs["forwarded"] = True
    return refs


def _pressed(message: Message) -> str:
    if message.button is not None:
        return message.button.payload
    inner = message.interactive
    choice = (inner.button_reply or inner.list_reply) if inner else None
    return choice.id if choice else ""


# ------------------------------------------------------------------- what a message holds

Content = tuple[str, tuple[Attachment, ...], bool]
"""Its words, its files, and whether we understood its kind."""


def _content(raw: dict[str, Any], message: Message, complaints: list[Explanation]) -> Content:
    if message.type in _MEDIA_KINDS and isinstance(raw.get(message.type), dict):
        return _words(raw, message.type), (_file(message.type, raw),), True
    if message.type == "text" and "text" in raw:
        return message.text.body, (), True
    if message.button is not None:
        return message.button.text or message.button.payload, (), True
    if message.interactive is not None and _choice(message.interactive):
        return _choice(message.interactive), (), True
    if message.order is not None:
        return _order(message.order), (), True
    if message.location is not None:
        return "", (_place(message.location),), True
    if message.contacts:
        return "", tuple(_card(each) for each in message.contacts), True
    return "", (_left_out(message, complaints),), message.type in ("unsupported", "unknown")


def _words(raw: dict[str, Any], kind: str) -> str:
    """The text of a message, or the caption of its file."""
    part = raw.get(kind)
    if not isinstance(part, dict):
        return ""
    return str((part.get("body") if kind == "text" else part.get("caption")) or "")


def _file(kind: str, raw: dict[str, Any]) -> Attachment:
    media = Media.model_validate(raw[kind])
    if not media.id:
        return Attachment(_MEDIA_KINDS[kind], name=media.filename, text=media.filename or kind)
    mime = media.mime_type.partition(";")[0].strip()
    return Attachment(_MEDIA_KINDS[kind], MEDIA + media.id, media.filename, mime)


def _choice(interactive: Interactive) -> str:
    """What was pressed or chosen, or the fields of a filled form."""
    choice = interactive.button_reply or interactive.list_reply
    if choice is not None:
        return "\n".join(filter(None, (choice.title or choice.id, choice.description)))
    form = interactive.nfm_reply
    if form is None:
        return ""
    return "\n".join([form.body or form.name or "form", *_form_lines(form.response_json)])


def _form_lines(response: str) -> list[str]:
    try:
        fields = orjson.loads(response)
    except orjson.JSONDecodeError:
        return [response] if response else []
    if not isinstance(fields, dict):
        return [str(fields)]
    return [f"{name}: {value}" for name, value in fields.items() if name != "flow_token"]


def _order(order: Order) -> str:
    lines = [
        f"{item.quantity} × {item.product_retailer_id} · {item.item_price} {item.currency}".strip(" ·×")
        for item in order.product_items
    ]
    return "\n".join(filter(None, (order.text, *lines)))


def _place(location: Location) -> Attachment:
    text = "\n".join(filter(None, (f"{location.latitude}, {location.longitude}", location.address)))
    url = location.url if re.match(r"https?://", location.url) else ""
    return Attachment("location", url, location.name, text=text)


def _card(card: Card) -> Attachment:
    lines = [
        card.org.company,
        *(entry.phone for entry in card.phones),
        *(entry.email for entry in card.emails),
        *(entry.url for entry in card.urls),
    ]
    return Attachment("contact", name=card.name.formatted_name, text="\n".join(filter(None, lines)))


def _left_out(message: Message, complaints: list[Explanation]) -> Attachment:
    """Stands for what WhatsApp did not pass on, in its own words."""
    kind = str(message.unsupported.get("type") or message.type)
    reasons = [each.words for each in (*message.errors, *complaints)]
    return Attachment("file", name=kind, text=next((each for each in reasons if each), kind))


# ------------------------------------------------------------------- receipts and echoes


def _status(raw: Any, owner: str, contacts: list[Contact]) -> list[Inbound]:
    status = Status.model_validate(raw)
    at, ids = status.timestamp, (status.id,)
    arrived = _arrived(status, owner, contacts)
    match status.status:
        case "sent":
            return arrived
        case "delivered":
            return [*arrived, base.Receipt(owner=owner, state="delivered", at=at, external_ids=ids)]
        case "read" | "played":
            return [*arrived, base.Receipt(owner=owner, state="seen", at=at, external_ids=ids)]
        case "failed":
            return [_failed(status, owner)]
        case "deleted":
            return [base.MessageRemoved(owner=owner, external_id=status.id, at=at)]
    return [base.NotUnderstood(owner=owner, what=f"status {status.status}"[:200])]


def _failed(status: Status, owner: str) -> base.Receipt:
    code = status.errors[0].code if status.errors else ""
    return base.Receipt(
        owner=owner,
        state="failed",
        at=status.timestamp,
        external_ids=(status.id,),
        key=_key(status),
        reason=reason_of(code),
        code=code,
        detail="; ".join(each.words for each in status.errors)[:500],
    )


def _key(status: Status) -> str:
    """Our key, where this message is all of an answer."""
    given = status.biz_opaque_callback_data
    return given.removeprefix(KEY) if given.startswith(KEY) else ""


def _arrived(status: Status, owner: str, contacts: list[Contact]) -> list[Inbound]:
    """A status that carries our key proves that the answer went out, whatever became of the request."""
    key = _key(status)
    if not key:
        return []
    return [
        base.Echo(
            owner=owner,
            external_id=status.id,
            at=status.timestamp,
            visibility="private",
            key=key,
            person=_person(status.recipient_id, status.recipient_user_id, contacts),
        )
    ]


def _echo(raw: Any, owner: str) -> list[Inbound]:
    """Written on the company's own phone, in the WhatsApp Business app."""
    message = Message.model_validate(raw)
    changed = _changed(message, owner)
    if changed is not None:
        return [changed]
    if message.reaction is not None:
        reaction = message.reaction
        return [
            base.ReactionChanged(
                owner=owner,
                target=reaction.message_id,
                at=message.timestamp,
                author=Person(owner),
                reaction=reaction.emoji[:40],
                on=bool(reaction.emoji),
            )
        ]
    person = _person(message.to, message.to_user_id, ())
    if not message.id or person is None:
        raise ValueError("an echo without an id or a receiver")
    text, attachments, _ = _content(raw, message, [])
    return [
        base.Echo(
            owner=owner,
            external_id=message.id,
            at=message.timestamp,
            visibility="private",
            person=person,
            text=text,
            parent=message.context.id,
            attachments=attachments,
        )
    ]
