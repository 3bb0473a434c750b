"""What the company sends, and what becomes of it."""

from __future__ import annotations

import re
from typing import Any

from heed.sandbox.frame import Sandbox
from heed.sandbox.meta.errors import Refused
from heed.sandbox.networks.whatsapp import interactive
from heed.sandbox.networks.whatsapp.files import MOST_BYTES, Files, kind_of
from heed.sandbox.networks.whatsapp.number import Entry
from heed.sandbox.networks.whatsapp.templates import filled_in

MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_KEY = 512


class Sending(Files):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.fails_with = 0

    def _take(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("messaging_product") != "whatsapp":
            raise Refused(100, "The parameter messaging_product is required")
        if given.get("status") == "read":
            return self._read_by_company(given)
        to = str(given.get("to") or given.get("recipient") or "")
        if not re.fullmatch(r"\+?\d{6,15}", str(given.get("to") or "1234567")):
            raise Refused(131009, "Parameter value is not valid: to")
        if not to:
            raise Refused(131008, "Required parameter is missing: to or recipient")
        person = self._person(to)
        entry = self._compose(given)
        if given.get("type") == "reaction":
            self._react_by_company(person, entry)
        else:
            self._send(person, entry, to)
        contact: dict[str, str] = {"input": to}
        if person:
            contact |= {k: v for k, v in self._contact(person).items() if k in ("wa_id", "user_id")}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": entry.id}]}

    def _person(self, to: str) -> str:
        """The customer of this number or id; empty when nobody has it (any more)."""
        number = to.removeprefix("+")
        return next((key for key in self.chats if number in (self.wa_id(key), self.user_id(key))), "")

    def _read_by_company(self, given: dict[str, Any]) -> dict[str, Any]:
        message_id = str(given.get("message_id", ""))
        if not message_id.startswith("wamid."):
            raise Refused(131009, "Parameter value is not valid: message_id")
        for chat in self.chats.values():
            seen = [each.id for each in chat.entries if each.by]
            if message_id in seen:
                for entry in chat.entries:
                    if entry.by and seen.index(entry.id) <= seen.index(message_id):
                        entry.state = "seen"
                chat.company_types = "typing_indicator" in given
        return {"success": True}

    def _compose(self, given: dict[str, Any]) -> Entry:
        """The message as asked for. Raises `Refused` for what the API does not take."""
        kind = str(given.get("type", "text"))
        content = given.get(kind)
        if not isinstance(content, dict):
            raise Refused(131008, f"Required parameter is missing: {kind}")
        context, key = given.get("context"), given.get("biz_opaque_callback_data")
        quoted = str(context.get("message_id", "")) if isinstance(context, dict) else ""
        if quoted and not quoted.startswith("wamid."):
            raise Refused(131009, "Parameter value is not valid: context")
        if len(str(key or "")) > MOST_KEY:
            raise Refused(100, f"Param biz_opaque_callback_data must be at most {MOST_KEY} characters long")
        entry = Entry(self.ids.name("wamid.HBg"), "", self.clock.now(), kind, content, quoted, key, "sent")
        if kind == "text":
            entry.text = _checked(content.get("body"), "text['body']", MOST_TEXT)
        elif kind in MOST_BYTES:
            self._attach(entry, content)
        elif kind == "template":
            if content.get("name") in self.paused:
                raise Refused(132015, "Template is paused")
            entry.text = filled_in(content)
        elif kind == "interactive":
            entry.text = interactive.words_of(content)
        elif kind == "reaction":
            if not str(content.get("message_id", "")).startswith("wamid."):
                raise Refused(131009, "Parameter value is not valid: reaction['message_id']")
        else:
            raise Refused(131051, f"Unsupported message type: {kind}")
        return entry

    def _attach(self, entry: Entry, content: dict[str, Any]) -> None:
        stored = self.files.get(str(content.get("id", "")))
        if stored is None or kind_of(stored.mime) not in (
            entry.kind,
            "image" if entry.kind == "document" else "",
        ):
            raise Refused(100, f"Param {entry.kind}['id'] is not a valid media attachment ID")
        if "caption" in content:
            if entry.kind == "audio":
                raise Refused(100, "Unexpected key caption on param audio")
            entry.text = _checked(content["caption"], f"{entry.kind}['caption']", MOST_CAPTION)
        entry.file = stored

    def _send(self, person: str, entry: Entry, to: str) -> None:
        """Taken; whether it reaches anybody is told afterwards."""
        code, self.fails_with = self.fails_with, 0
        if not person:
            code = 131026
        elif not code and entry.kind != "template" and not self._window_open(person):
            code = 131047
        receiver = self._receiver(person, to)
        if code:
            self.later(0.3, lambda: self._tell_status(receiver, entry, "failed", code))
            return
        chat = self.chats[person]
        chat.entries.append(entry)
        chat.company_types = False
        self._tell_status(receiver, entry, "sent", at_once=self.hurries)
        self.later(0.8, lambda: self._delivered(receiver, entry))

    def _delivered(self, receiver: dict[str, str], entry: Entry) -> None:
        """It may be told after the read receipt: nothing orders them."""
        if entry.state == "sent":
            entry.state = "delivered"
        self._tell_status(receiver, entry, "delivered")

    def _react_by_company(self, person: str, reaction: Entry) -> None:
        about, emoji = str(reaction.content["message_id"]), str(reaction.content.get("emoji", ""))
        entry = (
            next((each for each in self.chats[person].entries if each.id == about), None) if person else None
        )
        if entry is not None:
            set_reaction(entry.reactions, "", emoji)


def _checked(value: Any, name: str, most: int) -> str:
    if not isinstance(value or "", str):
        raise Refused(131009, f"Parameter value is not valid: {name}")
    if not value or not value.strip():
        raise Refused(131008, f"Required parameter is missing: {name}")
    if len(value) > most:
        raise Refused(100, f"Param {name} must be at most {most} characters long.")
    return str(value)


def set_reaction(reactions: dict[str, str], by: str, emoji: str) -> None:
    if emoji:
        reactions[by] = emoji
    else:
        reactions.pop(by, None)
