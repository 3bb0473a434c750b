"""What customers do, and what else may happen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from heed.sandbox.frame import PlayError
from heed.sandbox.networks.telegram.bot import Chat, Connection, Entry
from heed.sandbox.networks.telegram.changing import Changing
from heed.sandbox.networks.telegram.sending import open_keyboard

LIKE = {"type": "emoji", "emoji": "👍"}


class Acting(Changing):
    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the bot. Before the first words the customer presses Start."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        return self.play_raw(person, self._content(text, picture))

    def play_trouble(self, words: str = "Wrong response from the webhook: 502 Bad Gateway") -> dict[str, Any]:
        """Telegram could not deliver, and remembers why until the webhook is set again."""
        self.last_error = {"last_error_date": int(self.clock.now().timestamp()), "last_error_message": words}
        return {}

    def play_raw(self, person: str, content: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any kind: sticker, location, contact, voice, poll …"""
        chat = self._chat(person)
        if chat.blocked or not chat.started:
            self.play_join(person)
        return self._written(chat, person, self._user(chat.person), content)

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Press a button of the keyboard: its words are sent as the customer's own message."""
        chat, entry = self._find(person, id)
        if choice not in open_keyboard(chat, entry):
            raise PlayError(_("This choice is no longer there."))
        return self.play_message(person, choice)

    def play_file(
        self, person: str, name: str, content: str = "", size: int | None = None, kind: str = "document"
    ) -> dict[str, Any]:
        """Send a file of these words; `size` makes it look larger."""
        return self.play_raw(person, self.described(kind, content.encode(), name, size=size))

    def play_album(self, person: str, pictures: list[str], text: str = "") -> dict[str, Any]:
        """Send pictures together: as many messages with one album, and no end to tell."""
        album = {"media_group_id": str(self._next_message())}
        texts = [text, *[""] * (len(pictures) - 1)]
        made = [
            self.play_raw(person, {**self._content(words, picture), **album})
            for words, picture in zip(texts, pictures, strict=True)
        ]
        return {"id": made[0]["id"], "ids": [each["id"] for each in made]}

    def play_join(self, person: str) -> dict[str, Any]:
        """Press Start, or let a blocked bot write again."""
        chat = self._chat(person)
        if chat.blocked:
            self._member(chat, "kicked", "member")
        chat.started, chat.blocked = True, False
        start = {"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
        return self._written(chat, person, self._user(chat.person), start)

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block the bot."""
        chat = self._chat(person)
        if not chat.blocked:
            self._member(chat, "member", "kicked")
        chat.blocked = True
        return {}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        chat, entry = self._own(person, id)
        entry.message["text" if "text" in entry.message else "caption"] = text
        entry.edited = True
        return self._tell_edited(chat, entry)

    def play_touch(self, person: str, id: str) -> dict[str, Any]:
        """Have a message reported as edited though nothing one can see has changed."""
        return self._tell_edited(*self._own(person, id))

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        chat, entry = self._find(person, id)
        before = [LIKE] if entry.reacted else []
        entry.reacted = on
        if not chat.business:
            emoji = {"type": "emoji", "emoji": "👍" if reaction == "like" else reaction}
            event = {
                "chat": self._chat_of(chat),
                "message_id": entry.number,
                "user": self._user(chat.person),
                "date": int(self.clock.now().timestamp()),
                "old_reaction": before,
                "new_reaction": [emoji] if on else [],
            }
            self._tell("message_reaction", event)
        return {"id": id}

    def play_business_connect(
        self,
        can_reply: bool = True,
        can_read_messages: bool = True,
        can_delete_sent_messages: bool = True,
    ) -> dict[str, Any]:
        """The owner lets the bot into the chats of the business account, to do as much there."""
        asked = {
            "can_reply": can_reply,
            "can_read_messages": can_read_messages,
            "can_delete_sent_messages": can_delete_sent_messages,
        }
        rights = frozenset(right for right, given in asked.items() if given)
        self.connection = Connection(enabled=True, rights=rights)
        self._tell("business_connection", self._connection())
        return {"id": self.connection_id}

    def play_business_disconnect(self) -> dict[str, Any]:
        self.connection = Connection()
        self._tell("business_connection", self._connection())
        return {}

    def play_business_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the business account instead of the bot."""
        chat = self._business_chat(person)
        return self._written(chat, person, self._user(chat.person), self._content(text, picture))

    def play_owner_message(self, person: str, text: str, automatic: bool = False) -> dict[str, Any]:
        """The owner answers on their own phone, or their away message does."""
        content: dict[str, Any] = {"text": text, **({"is_from_offline": True} if automatic else {})}
        return self._written(self._business_chat(person), "owner", self._owner(), content)

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """Delete a message. Telegram tells only of a business account's chats."""
        chat, entry = self._own(person, id)
        if not chat.business:
            raise PlayError(_("Telegram does not tell a bot what was deleted."))
        entry.removed = True
        event = {"business_connection_id": self.connection_id, "chat": self._chat_of(chat)}
        self._tell("deleted_business_messages", {**event, "message_ids": [entry.number]})
        return {"id": id}

    def play_migrate(self, person: str) -> dict[str, Any]:
        """The chat gets another id; the old one answers only where it went."""
        chat = self._chat(person)
        chat.moved_to = self.user_id(f"{person} moved")
        self.by_id[chat.moved_to] = person
        return {"id": str(chat.moved_to)}

    def play_slow_down(self, seconds: int = 35) -> dict[str, Any]:
        """The bot has sent too much and must wait."""
        self.slow_until = self.clock.now() + timedelta(seconds=seconds)
        return {}

    def play_renumber(self) -> dict[str, Any]:
        """Updates are counted from another number, lower than before: so it is after a quiet week."""
        self._update_number = self._update_number // 2
        return {"update_id": self._update_number}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The bot's token is void from now on."""
        self.revoked = True
        return {}

    def _content(self, text: str, picture: str) -> dict[str, Any]:
        if not picture:
            return {"text": text}
        url = self.picture(picture)
        name = urlsplit(url).path.rpartition("/")[2]
        if url.startswith(self.url):
            content = self.kept(url.removeprefix(self.url)).content()
        else:
            content = self.hooks.call("GET", url)[1]
        return {**self.described("photo", content, name), **({"caption": text} if text else {})}

    def _written(
        self, chat: Chat, by: str, sender: dict[str, Any], content: dict[str, Any]
    ) -> dict[str, Any]:
        message = self._message(chat, sender, content)
        chat.entries.append(Entry(by, self.clock.now(), message, copy=self._copy(content)))
        self._tell("business_message" if chat.business else "message", message)
        return {"id": self._line_id(chat, message["message_id"])}

    def _tell_edited(self, chat: Chat, entry: Entry) -> dict[str, Any]:
        entry.message["edit_date"] = int(self.clock.now().timestamp())
        self._tell("edited_business_message" if chat.business else "edited_message", entry.message)
        return {"id": self._line_id(chat, entry.number)}

    def _member(self, chat: Chat, before: str, after: str) -> None:
        def member(status: str) -> dict[str, Any]:
            until = {"until_date": 0} if status == "kicked" else {}
            return {"status": status, "user": self._bot(), **until}

        event = {
            "chat": self._chat_of(chat),
            "from": self._user(chat.person),
            "date": int(self.clock.now().timestamp()),
            "old_chat_member": member(before),
            "new_chat_member": member(after),
        }
        self._tell("my_chat_member", event)

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    def _business_chat(self, person: str) -> Chat:
        self._chat(person)
        if not self.connection.enabled:
            self.play_business_connect()
        return self.business_chats[person]

    def _find(self, person: str, id: str) -> tuple[Chat, Entry]:
        for chat in (self._chat(person), self.business_chats[person]):
            for entry in chat.entries:
                if self._line_id(chat, entry.number) == id:
                    return chat, entry
        raise PlayError(_("This message is no longer there."))

    def _own(self, person: str, id: str) -> tuple[Chat, Entry]:
        chat, entry = self._find(person, id)
        if entry.by != person or entry.removed:
            raise PlayError(_("This message is not yours."))
        return chat, entry
