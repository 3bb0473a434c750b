"""What a message holds: its words and its files."""

from __future__ import annotations

import re
from typing import Any

import orjson

from heed.channels.base import Attachment, AttachmentKind
from heed.channels.whatsapp.payloads import Card, Explanation, Interactive, Location, Media, Message, Order

MEDIA = "media:"
"""Begins the address of a file that must be asked for by its id."""
_MEDIA_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "file",
    "sticker": "sticker",
}

Content = tuple[str, tuple[Attachment, ...], bool]
"""Its words, its files, and whether we understood its kind."""


def content_of(raw: dict[str, Any], message: Message, complaints: list[Explanation]) -> Content:
    if message.type in _MEDIA_KINDS and isinstance(raw.get(message.type), dict):
        return words_of(raw, message.type), (_file(message.type, raw),), True
    if message.type == "text" and "text" in raw:
        return message.text.body, (), True
    if message.button is not None:
        return message.button.text, (), True
    if message.interactive is not None and _has_choice(message.interactive):
        return _choice(message.interactive), (), True
    if message.order is not None:
        return _order(message.order), (), True
    if message.location is not None:
        return "", (_place(message.location),), True
    if message.contacts:
        return "", tuple(_card(each) for each in message.contacts), True
    return "", (_left_out(message, complaints),), message.type in ("unsupported", "unknown")


def words_of(raw: dict[str, Any], kind: str) -> str:
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


def _has_choice(interactive: Interactive) -> bool:
    return any((interactive.button_reply, interactive.list_reply, interactive.nfm_reply))


def _choice(interactive: Interactive) -> str:
    """What was pressed or chosen, or the fields of a filled form."""
    choice = interactive.button_reply or interactive.list_reply
    if choice is not None:
        return "\n".join(filter(None, (choice.title, choice.description)))
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
