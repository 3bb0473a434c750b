"""Private messages."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.x.account import Message
from heed.sandbox.networks.x.answers import fields_of, iso, legacy, number_of, problem
from heed.sandbox.networks.x.records import LINK, with_scheme
from heed.sandbox.networks.x.writing import Writing


class Messages(Writing):
    def _send_message(self, call: Call, person: str) -> Reply:
        self._user(call)
        self._needs("dm.write")
        headers = self._count("send messages")
        given = fields_of(call)
        files = [str(each.get("media_id")) for each in given.get("attachments") or []]
        text = str(given.get("text") or "")
        if person not in self._names or person == self.us:
            raise problem(400, "invalid-request", "participant_id is not valid")
        if (not text and not files) or len(files) > 1 or len(text) > 10_000:
            raise problem(400, "invalid-request", "text or one attachment is needed")
        self._check_files(files, "dm")
        if not self.open_to_messages[person]:
            raise legacy(403, 349, "You cannot send messages to this user.")
        upload = self._uploads[files[0]] if files else None
        message = self._say(
            self.us, person, text, upload.content if upload else b"", upload.mime if upload else ""
        )
        made = {"dm_conversation_id": self._conversation(person), "dm_event_id": message.id}
        return Reply(201, {"data": made}, headers)

    def _messages_with(self, call: Call, person: str) -> Reply:
        self._user(call)
        return self._message_page(
            call, [each for each in self._messages if person in (each.sender, each.receiver)]
        )

    def _all_messages(self, call: Call) -> Reply:
        self._user(call)
        return self._message_page(call, list(self._messages))

    def _message_page(self, call: Call, messages: list[Message]) -> Reply:
        """Newest first; only three fields unless more are asked for."""
        headers = self._count("read messages")
        oldest = self.clock.now() - timedelta(days=30)
        found = [each for each in reversed(messages) if each.at > oldest and not each.removed]
        most = number_of(call.query.get("max_results"), 100, 1, 100)
        start = int(call.query.get("pagination_token") or 0)
        page = found[start : start + most]
        fields = set(call.query.get("dm_event.fields", "").split(",")) | {"id", "event_type", "text"}
        rows = [
            {name: value for name, value in self._message_record(each).items() if name in fields}
            for each in page
        ]
        answer: dict[str, Any] = {"data": rows} if rows else {}
        files = [self._message_file(each) for each in page if each.file]
        people = [self._user_record(each) for each in sorted({each.sender for each in page})]
        if call.query.get("expansions") and page:
            answer["includes"] = {"users": people, "media": files}
        answer["meta"] = {"result_count": len(page)}
        if start + most < len(found):
            answer["meta"]["next_token"] = str(start + most)
        return Reply(200, answer, headers)

    def _message_record(self, message: Message) -> dict[str, Any]:
        other = message.receiver if message.sender == self.us else message.sender
        record: dict[str, Any] = {
            "id": message.id,
            "event_type": "MessageCreate",
            "text": self._message_text(message)[0],
            "created_at": iso(message.at),
            "sender_id": message.sender,
            "dm_conversation_id": self._conversation(other),
        }
        urls = self._message_text(message)[1]
        if message.file:
            home = f"https://x.com/messages/media/{message.id}"
            urls.append({"url": self._file_link(message), "expanded_url": home})
            record |= {"attachments": {"media_keys": [f"3_{message.id}"]}}
        return {**record, "entities": {"urls": urls}} if urls else record

    def _message_text(self, message: Message) -> tuple[str, list[dict[str, Any]]]:
        """The text as X keeps it, and the links that it shortened in it."""
        urls: list[dict[str, Any]] = []

        def shorten(found: re.Match[str]) -> str:
            short = f"https://t.co/{self.ids.stable('t.co', message.id, str(len(urls)), size=10)}"
            urls.append({"url": short, "expanded_url": with_scheme(html.unescape(found[0]))})
            return short

        composed = unicodedata.normalize("NFC", message.text)
        text = LINK.sub(shorten, html.escape(composed, quote=False))
        return (f"{text} {self._file_link(message)}".strip() if message.file else text), urls

    def _file_link(self, message: Message) -> str:
        return f"https://t.co/d{message.id[-9:]}"

    def _message_file(self, message: Message) -> dict[str, Any]:
        kind = "video" if message.mime.startswith("video/") else "photo"
        return {"media_key": f"3_{message.id}", "type": kind, "url": self._private_address(message)}

    def _private_address(self, message: Message) -> str:
        ending = message.mime.partition("/")[2] or "bin"
        return f"https://ton.x.com/i/ton/data/dm/{message.id}/{message.id}/file.{ending}"

    def _message_media(self, call: Call, dm: str) -> Reply:
        self._user(call)
        for message in self._messages:
            if message.id == dm and message.file:
                return self.kept(urlsplit(message.file).path.removeprefix(f"/{self.name}"))
        raise problem(404, "resource-not-found", "No such media")

    def _delete_message(self, call: Call, id: str) -> Reply:
        self._user(call)
        self._needs("dm.write")
        for message in self._messages:
            if message.id == id and message.sender == self.us:
                message.removed = True
                return Reply(200, {"data": {"deleted": True}})
        raise problem(404, "resource-not-found", f"Could not find event {id}")

    def _conversation(self, person: str) -> str:
        return "-".join(sorted((self.us, person), key=int))

    def _say(self, sender: str, receiver: str, text: str, content: bytes = b"", mime: str = "") -> Message:
        message = Message(self._number(), sender, receiver, text, self.clock.now(), mime=mime)
        if content:
            message.file = self.keep(content, mime, f"file.{mime.partition('/')[2]}")
        self._messages.append(message)
        self._tell_message(message)
        return message

    def _tell_message(self, message: Message) -> None:
        text, urls = self._message_text(message)
        data: dict[str, Any] = {"text": text, "entities": {"urls": urls}}
        if message.file:
            kind = "video" if message.mime.startswith("video/") else "photo"
            media = {"id_str": message.id, "media_url_https": self._private_address(message), "type": kind}
            data["attachment"] = {"type": "media", "media": {**media, "url": self._file_link(message)}}
        event = {
            "type": "message_create",
            "id": message.id,
            "created_timestamp": str(int(message.at.timestamp() * 1000)),
            "message_create": {
                "target": {"recipient_id": message.receiver},
                "sender_id": message.sender,
                "message_data": data,
            },
        }
        people = {each: self._user_record(each) for each in (message.sender, message.receiver)}
        if self.spelling == "older":
            users = {
                id: {"id": id, "name": each["name"], "screen_name": each["username"]}
                for id, each in people.items()
            }
            self._tell_older({"direct_message_events": [event], "users": users})
            return
        wrapped = {id: {"data": each} for id, each in people.items()}
        payload = {"direct_message_events": [event], "users": wrapped if self.includes else {}}
        self._tell("dm.sent" if message.sender == self.us else "dm.received", payload)
