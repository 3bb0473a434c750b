"""From a webhook's body to records."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from heed.channels import base
from heed.channels.base import Inbound
from heed.channels.meta import webhook
from heed.channels.meta.delivery import STANDBY
from heed.channels.meta.shapes import Payload, sent_at
from heed.channels.whatsapp import business, messages, people, receipts
from heed.channels.whatsapp.payloads import Contact, Explanation

P = TypeVar("P", bound=Payload)

OBJECT = "whatsapp_business_account"
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
            return base.each(_items(value, "message_echoes"), lambda raw: messages.echo(raw, owner), "echo")
        case "standby":
            return [_stood_by(each) for each in _messages(value, owner)]
        case "user_preferences":
            return base.each(_items(value, name), lambda raw: people.preference(raw, owner), name)
        case _ if name in business.FIELDS:
            return business.read(name, value, business_id, at)
        case "user_id_update":
            return base.each(_items(value, name), lambda raw: people.new_user_id(raw, owner), name)
    return [base.NotUnderstood(owner=owner, what=f"changes {name}"[:200])]


def _messages(value: dict[str, Any], owner: str) -> list[Inbound]:
    """Messages, receipts and complaints; usually one of them, but nothing says only one."""
    contacts = _readable(Contact, _items(value, "contacts"))
    complaints = _readable(Explanation, _items(value, "errors"))
    written, statuses = _items(value, "messages"), _items(value, "statuses")
    found = base.each(written, lambda raw: messages.read(raw, owner, contacts, complaints), "message")
    found += base.each(statuses, lambda raw: receipts.read(raw, owner, contacts), "status")
    if written or statuses:
        return found
    found = [_complaint(each, owner) for each in complaints]
    return found or [base.NotUnderstood(owner=owner, what="messages without any")]


def _stood_by(news: Inbound) -> Inbound:
    """What Meta's own agent answers; a message of ours takes the talk over."""
    if isinstance(news, base.MessageReceived):
        return replace(news, kind=STANDBY, elsewhere=True)
    return news


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
