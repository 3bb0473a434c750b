"""A delivery about chats and posts taken apart: envelopes, entries, and the items in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import Inbound
from heed.channels.meta import webhook
from heed.channels.meta.shapes import sent_at, word

STANDBY = "standby"
"""The kind of a message in a chat that another app answers."""

Reader = Callable[[Any, str, datetime | None], list[Inbound]]
"""Reads one item of the account with this id, sent at this moment."""


def read(body: bytes, about: str, *, messaging: Reader, change: Reader) -> list[Inbound]:
    """All news of a delivery about this kind of object, in its own order. Raises `Malformed`."""
    lists = {"messaging": messaging, "standby": _stood_by(messaging), "changes": change}
    found: list[Inbound] = []
    for envelope in webhook.envelopes(body):
        if envelope.get("object") != about:
            found.append(base.NotUnderstood(what=f"object {envelope.get('object')!r}"[:200]))
            continue
        found += base.each(webhook.entries(envelope), lambda entry: _entry(entry, lists), "entry")
    return found


def _entry(entry: dict[str, Any], lists: Mapping[str, Reader]) -> list[Inbound]:
    """An entry holds `messaging`, `standby` or `changes`, or is itself one change."""
    owner = word(entry.get("id"))
    if owner in ("", "0"):
        return [base.NotUnderstood(what="test event of Meta's dashboard")]
    sent = sent_at(entry)
    held = [(key, entry[key]) for key in lists if key in entry]
    if "field" in entry:
        held.append(("changes", entry))
    if not held:
        return [base.NotUnderstood(owner=owner, what="entry without items")]
    found: list[Inbound] = []
    for key, items in held:
        listed = items if isinstance(items, list) else [items]
        found += base.each(listed, _for_owner(lists[key], owner, sent), key)
    return found


def _for_owner(read_item: Reader, owner: str, sent: datetime | None) -> Callable[[Any], list[Inbound]]:
    return lambda item: read_item(item, owner, sent)


def _stood_by(messaging: Reader) -> Reader:
    """What is said while another app answers: shown as that."""

    def read_item(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
        return [
            replace(each, kind=STANDBY, elsewhere=True) if isinstance(each, base.MessageReceived) else each
            for each in messaging(raw, owner, sent)
        ]

    return read_item


# ------------------------------------------------------------------------------------ items


def id_of(kind: str, person: str, at: datetime, payload: str) -> str:
    """For an event without an id: the same for the same event however often it is delivered."""
    digest = hashlib.sha256(payload.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{kind}:{person}:{int(at.timestamp() * 1000)}:{digest}"


def kind_of(raw: Mapping[str, Any]) -> str:
    """What an item of `messaging` is about, for those we cannot read."""
    names = sorted(str(key) for key in raw if key not in ("sender", "recipient", "timestamp"))
    return f"messaging {', '.join(names)}"[:200]


def lines_of(template: Mapping[str, Any]) -> str:
    """The words of a template's elements, a line for each."""
    elements = template.get("elements")
    rows = [each for each in elements if isinstance(each, dict)] if isinstance(elements, list) else []
    lines = (" · ".join(filter(None, (word(row.get(k)) for k in ("title", "subtitle")))) for row in rows)
    return "\n".join(line for line in lines if line)
