"""What the company writes in Messenger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from heed.sandbox.frame import Call
from heed.sandbox.meta.calls import attachments_of, milliseconds, record
from heed.sandbox.meta.chats import HUMAN_AGENT_WINDOW, WINDOW
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.errors import Refused, check_length
from heed.sandbox.meta.posts import Item
from heed.sandbox.meta.quick import quick_replies_of
from heed.sandbox.networks.facebook.commenting import Commenting

HUMAN_AGENT = "human_agent"
PRIVATE_REPLY_WINDOW = timedelta(days=7)
MOST_TEXT = 2000
MEGABYTE = 1024 * 1024
EMOJI = {"like": "👍", "love": "❤️", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠", "dislike": "👎"}


class Messaging(Commenting):
    def _send(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        recipient = record(given.get("recipient"))
        action = given.get("sender_action")
        if action:
            return self._sender_action(self._person(recipient), str(action), given)
        message = record(given.get("message"))
        if recipient.get("comment_id") or recipient.get("post_id"):
            about = self._item(str(recipient.get("comment_id") or recipient.get("post_id")), make=True)
            if about.stars:
                raise Refused(100, "(#100) A review cannot be answered privately", 2534025)
            person = self._check_private_reply(about)
            entry = self._compose(call, message)
            about.answered_privately = True
        else:
            person = self._person(recipient)
            self._check_window(person, given)
            entry = self._compose(call, message)
            entry.about = self._referred_to(person, record(given.get("reply_to")))
        self._post_message(person, entry, message)
        return {"recipient_id": self.psid(person), "message_id": entry.mid}

    def _referred_to(self, person: str, reply_to: dict[str, Any]) -> str:
        mid = str(reply_to.get("mid", ""))
        if mid and self._entry(mid)[0] != person:
            raise Refused(100, "(#100) The message is not of this chat")
        return mid

    def _person(self, recipient: dict[str, Any]) -> str:
        person = self._known_person(recipient)
        self._demand_reachable(person)
        if self.elsewhere:
            raise Refused(2018300, "(#2018300) Another app is controlling this thread now.")
        return person

    def _check_private_reply(self, about: Item) -> str:
        """Once per comment or visitor's post on the Page, within seven days, to a customer."""
        if not about.by or about.answered_privately or not self._is_ours(about.post):
            raise Refused(100, "(#100) This comment cannot be answered privately", 2534025)
        if self.clock.now() - about.at > PRIVATE_REPLY_WINDOW:
            raise Refused(10, "(#10) This message is sent outside of allowed window.", 2534022)
        self._demand_reachable(about.by)
        return about.by

    def _check_window(self, person: str, given: dict[str, Any]) -> None:
        tagged = self._check_tag(("RESPONSE", "UPDATE", "MESSAGE_TAG"), given)
        may_be_late = tagged and HUMAN_AGENT in self.scopes
        if not self._window_open(person, HUMAN_AGENT_WINDOW if may_be_late else WINDOW):
            raise Refused(10, "(#10) This message is sent outside of allowed window.", 2018278, status=403)

    def _compose(self, call: Call, message: dict[str, Any]) -> Entry:
        text, attachments = message.get("text"), attachments_of(message)
        if bool(text) == bool(attachments):
            raise Refused(100, "(#100) A message is text or attachments, one of them")
        check_length("message[text]", str(text or ""), MOST_TEXT)
        entry = self._new_entry("", str(text or ""))
        entry.quick_replies = quick_replies_of(message)
        for attachment in attachments:
            url = self._attachment_url(call, attachment)
            if attachment.get("type") == "image" and not entry.picture:
                entry.picture = url
            entry.files.append(url)
        return entry

    def _attachment_url(self, call: Call, attachment: dict[str, Any]) -> str:
        payload = record(attachment.get("payload"))
        for part in call.parts:
            if part.name == "filedata" and part.filename:
                most = 8 if attachment.get("type") == "image" else 25
                if len(part.content) > most * MEGABYTE:
                    raise Refused(100, "(#100) Attachment size exceeds allowable limit", 2018109)
                if attachment.get("type") not in ("file", part.mime.partition("/")[0]):
                    raise Refused(100, "(#100) The type of file is not supported", 2018047)
                return self.keep(part.content, part.mime, part.filename)
        if payload.get("attachment_id"):
            if str(payload["attachment_id"]) not in self.photos:
                raise Refused(100, "(#100) The attachment is not yours", 2018074)
            return self.photos[str(payload["attachment_id"])]
        url = str(payload.get("url", ""))
        if not url.startswith(("http://", "https://")):
            raise Refused(100, "(#100) Failed to fetch the file from the url", 2018008)
        return url

    def _keep_attachment(self, call: Call, message: dict[str, Any]) -> str:
        id = str(self.ids.number())
        self.photos[id] = self._attachment_url(call, record(message.get("attachment")))
        return id

    def _post_message(self, person: str, entry: Entry, message: dict[str, Any]) -> None:
        self.chats[person].entries.append(entry)
        self._echo(person, entry, app_id=int(self.app), metadata=message.get("metadata"))
        self.later(0.8, lambda: self._delivered(person, entry))

    def _delivered(self, person: str, entry: Entry) -> None:
        if entry.state == "sent":
            entry.state = "delivered"
        mark = {"mids": [entry.mid], "watermark": milliseconds(entry.at)}
        self._tell_messaging(person, {"delivery": mark})

    def _emoji(self, word: str) -> str:
        return EMOJI.get(word, word)
