"""What the bot sends, and how it reaches whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from heed.sandbox.networks.telegram.bot import Chat, Entry, entry_of
from heed.sandbox.networks.telegram.fields import TEXT_LIMIT, Fields, Refused, caption_of, check_text
from heed.sandbox.networks.telegram.files import Files

BUSINESS_WINDOW = timedelta(hours=24)


class Sending(Files):
    def _send_message(self, fields: Fields) -> dict[str, Any]:
        chat = self._receiver(fields)
        text = fields.text("text").strip()
        if not text:
            raise Refused(400, "Bad Request: message text is empty")
        check_text(text, TEXT_LIMIT, "message is too long", fields)
        return self._sent(chat, fields, {"text": text}, keyboard_of(fields, chat))

    def _send_photo(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("photo", fields)

    def _send_document(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("document", fields)

    def _send_video(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("video", fields)

    def _send_audio(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("audio", fields)

    def _send_file(self, kind: str, fields: Fields) -> dict[str, Any]:
        chat = self._receiver(fields)
        caption = caption_of(fields.text("caption"), fields)
        return self._sent(chat, fields, {**self._taken(kind, fields.file(kind)), **caption})

    def _send_media_group(self, fields: Fields) -> list[dict[str, Any]]:
        """Two to ten files of one kind; only photos and videos mix."""
        chat = self._receiver(fields)
        media = fields.value("media")
        if not isinstance(media, list) or not 2 <= len(media) <= 10:
            raise Refused(400, "Bad Request: media group must include 2-10 items")
        kinds = {str(each.get("type")) for each in media}
        if len(kinds) > 1 and kinds != {"photo", "video"}:
            raise Refused(400, "Bad Request: this kind of media can't be mixed with other media types")
        album = {"media_group_id": str(self._next_message())}
        contents = [
            {
                **album,
                **self._taken(str(each["type"]), fields.file(str(each["media"]).removeprefix("attach://"))),
                **caption_of(str(each.get("caption", "")), fields),
            }
            for each in media
        ]
        return [self._sent(chat, fields, content) for content in contents]

    def _receiver(self, fields: Fields, right: str = "can_reply") -> Chat:
        """The chat a call is for, which in a business account's chat needs this right. Raises `Refused` where
        the bot may do nothing."""
        if self.slow_until is not None and (left := self.slow_until - self.clock.now()) > timedelta():
            seconds = int(left.total_seconds()) + 1
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        number = fields.number("chat_id")
        key = self.by_id.get(number)
        if key is None:
            raise Refused(400, "Bad Request: chat not found")
        if connection := fields.text("business_connection_id"):
            return self._business_receiver(key, connection, right)
        chat = self.chats[key]
        if chat.moved_to and number != chat.moved_to:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if not chat.started:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def _business_receiver(self, key: str, connection: str, right: str) -> Chat:
        self._check_right(connection, right)
        chat = self.business_chats[key]
        heard = [entry.at for entry in chat.entries if entry.by == key]
        if not heard or self.clock.now() - max(heard) > BUSINESS_WINDOW:
            raise Refused(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING")
        return chat

    def _check_right(self, connection: str, right: str) -> None:
        if connection != self.connection_id or not self.connection.enabled:
            raise Refused(400, "Bad Request: business connection not found")
        if right not in self.connection.rights:
            raise Refused(403, "Forbidden: BOT_ACCESS_FORBIDDEN")

    def _sent(
        self, chat: Chat, fields: Fields, content: dict[str, Any], keyboard: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Put the bot's message into the chat. What goes through a business account is shown back."""
        self._check_reply(chat, fields)
        sender = self._owner() if chat.business else self._bot()
        message = self._message(chat, sender, content)
        reply = fields.value("reply_parameters")
        if isinstance(reply, dict) and (about := entry_of(chat, int(reply["message_id"]))) is not None:
            message["reply_to_message"] = about.message
        if chat.business:
            message["sender_business_bot"] = self._bot()
        copy = self._copy(content)
        chat.entries.append(Entry("", self.clock.now(), message, copy=copy, keyboard=list(keyboard)))
        if chat.business:
            self._tell("business_message", message)
        return message

    def _check_reply(self, chat: Chat, fields: Fields) -> None:
        reply = fields.value("reply_parameters")
        if not isinstance(reply, dict) or reply.get("allow_sending_without_reply"):
            return
        entry = entry_of(chat, int(reply["message_id"]))
        if entry is None or entry.removed:
            raise Refused(400, "Bad Request: message to be replied not found")


def keyboard_of(fields: Fields, chat: Chat) -> list[str]:
    """The words on the buttons of a reply keyboard, where one is asked for."""
    markup = fields.value("reply_markup")
    if markup is None:
        return []
    if chat.business:
        raise Refused(400, "Bad Request: BUSINESS_CONNECTION_NOT_ALLOWED")
    rows = markup.get("keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise Refused(400, "Bad Request: can't parse reply keyboard markup JSON object")
    buttons = [button if isinstance(button, str) else button.get("text") for row in rows for button in row]
    if not all(isinstance(words, str) and words for words in buttons):
        raise Refused(400, 'Bad Request: field "text" must be of type String')
    return buttons


def open_keyboard(chat: Chat, entry: Entry) -> list[str]:
    """One that is shown once goes when it was used."""
    return entry.keyboard if chat.entries[-1] is entry else []
