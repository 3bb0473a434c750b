"""Who somebody is on WhatsApp: by an id that Meta scopes to the business, by a number, or by both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from heed.channels import base
from heed.channels.base import Inbound, Person
from heed.channels.whatsapp.payloads import Contact, Message, Preference, UserIdUpdate

MOVED = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
"""The words by which WhatsApp says that somebody has another id."""


def person_of(number: str, user_id: str, contacts: Iterable[Contact]) -> Person | None:
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


def new_user_id(raw: Any, owner: str) -> list[Inbound]:
    update = UserIdUpdate.model_validate(raw)
    change = update.user_id
    if not change.previous or not change.current:
        return [base.NotUnderstood(owner=owner, what="user_id_update without two ids")]
    person = _named(change.current, update.wa_id)
    return [base.IdentityChanged(owner=owner, previous=change.previous, person=person, at=update.timestamp)]


def moved(message: Message, owner: str) -> list[Inbound]:
    """They have another number or id: known by either of the old ones, they are known by the new."""
    new = message.system
    external_id = new.user_id or new.wa_id
    former = [each for each in (message.from_user_id, message.sender) if each and each != external_id]
    if not external_id or not former:
        return [base.NotUnderstood(owner=owner, what=of_the_system(message))]
    person = _named(external_id, new.wa_id)
    return [
        base.IdentityChanged(owner=owner, previous=each, person=person, at=message.timestamp)
        for each in former
    ]


def of_the_system(message: Message) -> str:
    system = message.system
    new = system.user_id or system.wa_id
    return f"system {system.type} {message.from_user_id or message.sender} {new}: {system.body}"[:200]


def preference(raw: Any, owner: str) -> list[Inbound]:
    """Whether they want to hear of offers. Of that a desk sends none; answers reach them all the same."""
    given = Preference.model_validate(raw)
    person = person_of(given.wa_id, given.user_id, ())
    return [base.IdentitySeen(owner=owner, person=person, at=given.timestamp)] if person else []
