"""What the company writes: comments, answers to mentions, messages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from heed.sandbox.frame import Call
from heed.sandbox.meta.calls import attachments_of, record
from heed.sandbox.meta.chats import HUMAN_AGENT_WINDOW, WINDOW
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.errors import Refused, not_there
from heed.sandbox.meta.posts import Item
from heed.sandbox.meta.quick import quick_replies_of
from heed.sandbox.networks.instagram.account import USERNAME
from heed.sandbox.networks.instagram.reading import Reading

PRIVATE_REPLY_WINDOW = timedelta(days=7)
MOST_BYTES = 1000
MOST_COMMENT = 300
MOST_PICTURES = 10


class Writing(Reading):
    # ----------------------------------------------------------------------------- publicly

    def _write(self, under: Item, given: dict[str, Any]) -> Item:
        if self.items[under.post].by and f"@{USERNAME}" not in under.text:
            raise not_there(under.id)
        return self._add_comment(under, "", _checked_comment(given))

    def _answer_mention(self, given: dict[str, Any]) -> dict[str, Any]:
        """Answer where somebody else's post or comment mentions us."""
        media = self._item(str(given.get("media_id", "")), make=True)
        under = self._item(str(given["comment_id"]), make=True) if given.get("comment_id") else media
        if f"@{USERNAME}" not in under.text and under.text:
            raise not_there(under.id)
        return {"id": self._add_comment(under, "", _checked_comment(given)).id}

    def _add_comment(self, under: Item, by: str, text: str, *, live: bool = False) -> Item:
        item = Item(f"178{self.ids.number()}", by, text, self.clock.now(), under.post, live=live)
        item.top = "" if under.is_post else under.top or under.id
        self.items[item.id] = item
        self._tell_of_comment(item)
        return item

    def _hide(self, item: Item, call: Call) -> dict[str, Any]:
        """The parameter counts in the address only."""
        if "hide" not in call.query:
            raise Refused(100, "(#100) The parameter hide is required")
        if item.is_post or not item.by or self.items[item.post].by:
            raise Refused(100, "(#100) Only others' comments under own posts can be hidden")
        item.hidden = call.query["hide"] == "true"
        return {"success": True}

    def _delete(self, item: Item) -> dict[str, Any]:
        """With its replies. Nothing tells of it."""
        if item.is_post or self.items[item.post].by:
            raise Refused(10, "(#10) Application does not have permission for this action")
        self._take_away(item)
        return {"success": True}

    def _take_away(self, item: Item) -> None:
        for each in self.items.values():
            if item.id in (each.id, each.top, each.post):
                each.removed = True

    # ---------------------------------------------------------------------------- privately

    def _send(self, given: dict[str, Any]) -> dict[str, Any]:
        recipient = record(given.get("recipient"))
        if given.get("sender_action"):
            return self._sender_action(self._person(recipient), str(given["sender_action"]), given)
        message = record(given.get("message"))
        if recipient.get("comment_id"):
            about = self._item(str(recipient["comment_id"]), make=True)
            self._check_private_reply(about, message)
            entry = self._composed(message)
            about.answered_privately = True
            person = about.by
        else:
            person = self._person(recipient)
            self._check_window(person, given)
            entry = self._composed(message)
            entry.about = str(record(given.get("reply_to")).get("mid", ""))
            if entry.about and self._entry(entry.about)[0] != person:
                raise Refused(100, "(#100) The message is not of this chat", 2534015)
        self.chats[person].entries.append(entry)
        self._echo(person, entry)
        return {"recipient_id": self.igsid(person), "message_id": entry.mid}

    def _person(self, recipient: dict[str, Any]) -> str:
        person = self._by_id.get(str(recipient.get("id", "")))
        if person is None:
            raise Refused(100, "(#100) No matching Instagram user", 2534014)
        self._demand_reachable(person)
        if self.elsewhere:
            raise Refused(100, "(#100) Your app is not the owner of this thread", 2534037)
        return person

    def _check_private_reply(self, about: Item, message: dict[str, Any]) -> None:
        """Once per comment and within seven days, text only; under a broadcast while it goes on."""
        if about.is_post or not about.by or self.items[about.post].by:
            raise Refused(100, "(#100) This comment cannot be answered privately", 2534025)
        late = self.clock.now() - about.at > PRIVATE_REPLY_WINDOW or (about.live and not self.broadcasting)
        if about.answered_privately or late:
            raise _outside_window()
        if not message.get("text") or attachments_of(message):
            raise Refused(100, "(#100) A private reply is text only", 2534015)
        self._demand_reachable(about.by)

    def _check_window(self, person: str, given: dict[str, Any]) -> None:
        tagged = self._check_tag((None, "RESPONSE", "UPDATE", "MESSAGE_TAG"), given)
        if not self._window_open(person, HUMAN_AGENT_WINDOW if tagged else WINDOW):
            raise _outside_window()

    def _composed(self, message: dict[str, Any]) -> Entry:
        text, attachments = str(message.get("text") or ""), attachments_of(message)
        if bool(text) == bool(attachments):
            raise Refused(100, "(#100) A message is text or attachments, one of them", 2534015)
        if len(text.encode()) > MOST_BYTES:
            raise Refused(100, f"(#100) Length of param message[text] must be at most {MOST_BYTES}")
        if len(attachments) > MOST_PICTURES or (
            len(attachments) > 1 and any(each.get("type") != "image" for each in attachments)
        ):
            raise Refused(100, "(#100) Up to ten images go together", 2534015)
        entry = self._new_entry("", text)
        entry.quick_replies = quick_replies_of(message)
        for attachment in attachments:
            self._attach(entry, attachment)
        return entry

    def _attach(self, entry: Entry, attachment: dict[str, Any]) -> None:
        """Files come from a public address; there is no upload."""
        kind = str(attachment.get("type", ""))
        if kind == "like_heart":
            entry.text = "❤️"
            return
        url = str(record(attachment.get("payload")).get("url", ""))
        if kind not in ("image", "video", "audio", "file"):
            raise Refused(100, f"(#100) The type {kind} is not supported", 2018047)
        if not url.startswith(("http://", "https://")):
            raise Refused(100, "(#100) Failed to fetch the file from the url", 2018008)
        entry.files.append(url)
        if kind == "image" and not entry.picture:
            entry.picture = url


def _checked_comment(given: dict[str, Any]) -> str:
    text = str(given.get("message", ""))
    if not text.strip():
        raise Refused(100, "(#100) The parameter message is required")
    if len(text) > MOST_COMMENT:
        raise Refused(100, f"(#100) Length of param message must be less than or equal to {MOST_COMMENT}")
    if text.count("#") > 4 or len(re.findall(r"https?://", text)) > 1:
        raise Refused(100, "(#100) A comment has at most four hashtags and one address")
    return text


def _outside_window() -> Refused:
    return Refused(10, "(#10) This message is sent outside of allowed window.", 2534022, status=403)
