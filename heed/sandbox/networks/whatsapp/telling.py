"""What the webhook tells: messages, and what became of ours."""

from __future__ import annotations

from typing import Any

from heed.sandbox.cast import person_named
from heed.sandbox.networks.whatsapp.number import PHONE, Entry, Number

TITLES = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied "
        "to this number.",
    ),
    131049: ("This message was not delivered to maintain healthy ecosystem engagement.", "Not delivered."),
    131053: ("Media upload error", "The media could not be processed."),
}


class Telling(Number):
    def _tell(self, name: str, value: dict[str, Any], *, at_once: bool = False) -> None:
        """Deliver a change, if the app asked for its field; in a batch it waits for the others."""
        metadata = {"display_phone_number": digits_of(PHONE), "phone_number_id": self.number_id}
        full = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        self._tell_of_account(name, full, at_once=at_once)

    def _tell_of_account(
        self, name: str, value: dict[str, Any], business: str = "", *, at_once: bool = False
    ) -> None:
        """Deliver a change that names no number by its id, of our business account or the other."""
        business = business or self.business
        if name not in self.app_fields or business not in self.subscribed:
            return
        change = {"value": value, "field": name}
        if self.batch is not None:
            self.batch.append(change)
        else:
            self._deliver([{"id": business, "changes": [change]}], at_once=at_once)

    def _contact(self, person: str) -> dict[str, Any]:
        """Who wrote, or is written to. One who hides their number has a username instead."""
        who = person_named(person)
        if self.chats[person].number_hidden:
            return {"profile": {"name": who.name, "username": who.handle}, "user_id": self.user_id(person)}
        return {
            "profile": {"name": who.name},
            "wa_id": self.wa_id(person),
            "user_id": self.user_id(person),
        }

    def _tell_message(self, person: str, message: dict[str, Any]) -> None:
        sender = {"from_user_id": self.user_id(person), "id": self.ids.name("wamid.HBg")}
        if not self.chats[person].number_hidden:
            sender["from"] = self.wa_id(person)
        full = {**sender, "timestamp": self._timestamp(), **message}
        self._tell("messages", {"contacts": [self._contact(person)], "messages": [full]})

    def _tell_status(
        self, to: dict[str, str], entry: Entry, status: str, code: int = 0, *, at_once: bool = False
    ) -> None:
        told: dict[str, Any] = {"id": entry.id, "status": status, "timestamp": self._timestamp(), **to}
        if entry.key is not None:
            told["biz_opaque_callback_data"] = entry.key
        if code:
            title, details = TITLES.get(code, ("Message failed", "Message failed."))
            error = {"code": code, "title": title, "message": title, "error_data": {"details": details}}
            told["errors"] = [error]
        else:
            told["pricing"] = {"billable": False, "pricing_model": "PMP", "category": "service"}
        self._tell("messages", {"statuses": [told]}, at_once=at_once)

    def _receiver(self, person: str, to: str) -> dict[str, str]:
        if not person:
            return {"recipient_id": to.removeprefix("+")}
        hidden = {"recipient_user_id": self.user_id(person)}
        return hidden if self.chats[person].number_hidden else {"recipient_id": self.wa_id(person), **hidden}

    def _timestamp(self) -> str:
        return str(self._seconds())

    def _deliver(self, entries: list[dict[str, Any]], *, at_once: bool = False) -> None:
        self._post_body({"object": self.about, "entry": entries}, at_once=at_once)


def digits_of(phone: str) -> str:
    """A number as webhooks name it."""
    return "".join(each for each in phone if each.isdigit())
