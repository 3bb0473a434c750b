"""What became of messages of ours."""

from __future__ import annotations

from typing import Any

from heed.channels import base
from heed.channels.base import Inbound
from heed.channels.whatsapp.calls import reason_of
from heed.channels.whatsapp.payloads import Contact, Status
from heed.channels.whatsapp.people import person_of

KEY = "heed:"
"""Begins what we send along with an answer whose receipts may stand for it; our key follows."""


def read(raw: Any, owner: str, contacts: list[Contact]) -> list[Inbound]:
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
            person=person_of(status.recipient_id, status.recipient_user_id, contacts),
        )
    ]
