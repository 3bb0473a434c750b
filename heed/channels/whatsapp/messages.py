"""Messages: from customers, and those of ours that were written on the company's own phone."""

from __future__ import annotations

from typing import Any

from heed.channels import base
from heed.channels.base import Inbound, Person
from heed.channels.whatsapp.content import content_of, words_of
from heed.channels.whatsapp.payloads import Contact, Explanation, Message
from heed.channels.whatsapp.people import MOVED, moved, of_the_system, person_of


def read(raw: Any, owner: str, contacts: list[Contact], complaints: list[Explanation]) -> list[Inbound]:
    message = Message.model_validate(raw)
    person = person_of(message.sender, message.from_user_id, contacts)
    if message.group_id:
        return [base.NotUnderstood(owner=owner, what=f"message in the group {message.group_id}"[:200])]
    if message.type == "system" and message.system.type in MOVED:
        return moved(message, owner)
    if message.type == "system":
        return [base.NotUnderstood(owner=owner, what=of_the_system(message))]
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
    text, attachments, understood = content_of(raw, message, complaints)
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
            text=words_of(now, str(now.get("type", ""))),
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


def echo(raw: Any, owner: str) -> list[Inbound]:
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
    person = person_of(message.to, message.to_user_id, ())
    if not message.id or person is None:
        raise ValueError("an echo without an id or a receiver")
    text, attachments, _ = content_of(raw, message, [])
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
