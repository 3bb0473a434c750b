"""What the bot does to messages: reactions, edits, deletions, and signs that it is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from heed.sandbox.networks.telegram.bot import Chat, Entry, entry_of
from heed.sandbox.networks.telegram.fields import CAPTION_LIMIT, TEXT_LIMIT, Fields, Refused, check_text
from heed.sandbox.networks.telegram.sending import Sending

REACTIONS = frozenset("👍👎❤🔥🥰👏😁🤔😢🎉🙏👌💯🤣⚡🏆🤝🤗😍🕊")
"""Some of those on Telegram's list."""
DELETED_WITHIN = timedelta(hours=48)


class Changing(Sending):
    def _send_chat_action(self, fields: Fields) -> bool:
        chat = self._receiver(fields)
        self.actions.append((chat.person.key, fields.text("action")))
        return True

    def _set_message_reaction(self, fields: Fields) -> bool:
        """A message of an earlier run cannot be known: the reaction is taken."""
        chat = self._receiver(fields)
        reaction = fields.value("reaction") or []
        if len(reaction) > 1:
            raise Refused(400, "Bad Request: REACTIONS_TOO_MANY")
        if any(each.get("emoji") not in REACTIONS for each in reaction):
            raise Refused(400, "Bad Request: REACTION_INVALID")
        if (entry := entry_of(chat, fields.number("message_id"))) is not None:
            entry.liked = bool(reaction)
        return True

    def _edit_text(self, fields: Fields) -> dict[str, Any]:
        return self._edit(fields, "text", TEXT_LIMIT)

    def _edit_caption(self, fields: Fields) -> dict[str, Any]:
        return self._edit(fields, "caption", CAPTION_LIMIT)

    def _edit(self, fields: Fields, part: str, most: int) -> dict[str, Any]:
        """Change the bot's own message: its text, or what stands under its file."""
        entry = self._bots_own(self._receiver(fields), fields.number("message_id"), "edit")
        if part == "text" and "text" not in entry.message:
            raise Refused(400, "Bad Request: there is no text in the message to edit")
        text = fields.text(part).strip()
        if entry.text == text:
            raise Refused(400, "Bad Request: message is not modified")
        check_text(text, most, f"message {part} is too long", fields)
        entry.message[part], entry.edited = text, True
        return entry.message

    def _delete_message(self, fields: Fields) -> bool:
        entry = self._bots_own(self._receiver(fields), fields.number("message_id"), "delete")
        if self.clock.now() - entry.at > DELETED_WITHIN:
            raise Refused(400, "Bad Request: message can't be deleted")
        entry.removed = True
        return True

    def _delete_business(self, fields: Fields) -> bool:
        """The connection alone says whose chats they are."""
        self._check_right(fields.text("business_connection_id"), "can_delete_sent_messages")
        numbers = fields.value("message_ids") or []
        for chat in self.business_chats.values():
            for entry in chat.entries:
                if entry.number in numbers and not entry.by:
                    entry.removed = True
        return True

    def _bots_own(self, chat: Chat, number: int, verb: str) -> Entry:
        entry = entry_of(chat, number)
        if entry is None or entry.removed:
            raise Refused(400, f"Bad Request: message to {verb} not found")
        if entry.by:
            raise Refused(400, f"Bad Request: message can't be {verb.removesuffix('e')}ed")
        return entry

    def _read_business_message(self, fields: Fields) -> bool:
        chat = self._receiver(fields, "can_read_messages")
        if not chat.business:
            raise Refused(400, "Bad Request: business connection not found")
        self.actions.append((chat.person.key, "read"))
        return True

    def _get_business_connection(self, fields: Fields) -> dict[str, Any]:
        if fields.text("business_connection_id") != self.connection_id:
            raise Refused(400, "Bad Request: business connection not found")
        return self._connection()
