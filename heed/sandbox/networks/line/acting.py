"""What customers do, what happens at the company, and what customers see."""

from __future__ import annotations

import json
import mimetypes
from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY, person_named
from heed.sandbox.frame import ChatView, Line, PlayError, Scene
from heed.sandbox.networks.line.account import HAS_QUOTE_TOKEN, Chat, Entry
from heed.sandbox.networks.line.telling import SIGNATURE, Telling


class Acting(Telling):
    def play_message(self, person: str, text: str = "", picture: str = "", quote: str = "") -> dict[str, Any]:
        """Write; who did not add the account does so first. A picture is a message of its own, and
        both come in one delivery. `quote` is the id of the message it points to."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        messages: list[tuple[dict[str, Any], bytes, str]] = []
        if picture:
            content, mime = self._bytes_of(self.picture(picture))
            messages.append(({"type": "image", "contentProvider": {"type": "line"}}, content, mime))
        if text.strip():
            quoted = {"quotedMessageId": quote} if quote else {}
            messages.append(({"type": "text", "text": text, **quoted}, b"", ""))
        return self._written(person, messages)

    def play_raw(self, person: str, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any type: sticker, location …"""
        return self._written(person, [(message, b"", "")])

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Tap a quick reply: its words are sent as the customer's own message."""
        chat = self._chat(person)
        actions = [each for entry in chat.entries if entry.id == id for each in _open_actions(entry, chat)]
        found = [each for each in actions if each["label"] == choice]
        if not found:
            raise PlayError(_("This choice is no longer there."))
        return self.play_message(person, found[0]["text"])

    def play_file(self, person: str, name: str, content: str = "", kind: str = "file") -> dict[str, Any]:
        """Send a file of these words; `kind` is file, image, video or audio."""
        about: dict[str, Any] = {"contentProvider": {"type": "line"}}
        if kind == "file":
            about = {"fileName": name, "fileSize": len(content.encode())}
        if kind in ("video", "audio"):
            about["duration"] = 3000
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self._written(person, [({"type": kind, **about}, content.encode(), mime)])

    def play_burst(self, person: str, texts: list[str]) -> dict[str, Any]:
        """Write several messages that come in one delivery."""
        return self._written(person, [({"type": "text", "text": text}, b"", "") for text in texts])

    def play_album(self, person: str, pictures: list[str]) -> dict[str, Any]:
        """Send pictures together."""
        album = self._next_id()
        messages = []
        for place, picture in enumerate(pictures, 1):
            about = {"imageSet": {"id": album, "index": place, "total": len(pictures)}}
            content, mime = self._bytes_of(self.picture(picture))
            provider = {"contentProvider": {"type": "line"}}
            messages.append(({"type": "image", **provider, **about}, content, mime))
        return self._written(person, messages)

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """Take a message back."""
        chat = self._chat(person)
        own = [entry for entry in chat.entries if entry.id == id and entry.by and not entry.removed]
        if not own:
            raise PlayError(_("This message is not yours."))
        own[0].removed = True
        self._tell([self._event("unsend", chat, {"unsend": {"messageId": id}}, answerable=False)])
        return {"id": id}

    def play_join(self, person: str) -> dict[str, Any]:
        """Add the account, or unblock it."""
        chat = self._chat(person)
        event = self._event("follow", chat, {"follow": {"isUnblocked": chat.blocked}})
        chat.friend, chat.blocked = True, False
        self._tell([event])
        return {}

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block the account."""
        chat = self._chat(person)
        chat.friend = chat.blocked = True
        self._tell([self._event("unfollow", chat, {}, answerable=False)])
        return {}

    def play_postback(self, person: str, data: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        """Press a button of the menu."""
        event = self._event(
            "postback",
            self._chat(person),
            {"postback": {"data": data, **({"params": params} if params else {})}},
        )
        self._tell([event])
        return {"id": event["webhookEventId"]}

    def play_group_message(self, person: str, text: str) -> dict[str, Any]:
        """Write in a group in which the account is."""
        message = {**self._described({"type": "text", "text": text}, self._next_id())}
        event = self._event("message", self._chat(person), {"message": message})
        group = "C" + self.ids.stable("line", "group", size=32)
        event["source"] = {"type": "group", "groupId": group, "userId": self.user_id(person)}
        self._tell([event])
        return {"id": message["id"]}

    def play_redeliver(self, last: int = 2) -> dict[str, Any]:
        """Deliver the last events once more, in another order and marked as such."""
        again = [{**event, "deliveryContext": {"isRedelivery": True}} for event in self.told[-last:]]
        body = self._delivery(again[::-1])
        self.hooks.send(self.hook_url, body, self.signed(body), signed=SIGNATURE)
        return {"events": len(again)}

    def play_deliver(self, body: Any) -> dict[str, Any]:
        """Deliver any body, rightly signed: an unknown kind, a broken item."""
        content = json.dumps(body).encode()
        self.hooks.send(self.hook_url, content, self.signed(content), signed=SIGNATURE)
        return {}

    def play_switch(self, use_webhook: bool = True, redelivery: bool = True) -> dict[str, Any]:
        """The two switches of the console."""
        self.use_webhook, self.redelivers = use_webhook, redelivery
        return {}

    def play_standby(self, on: bool = True) -> dict[str, Any]:
        """Another system answers the chats; the account only hears them."""
        self.standby = on
        return {}

    def play_suspend(self, on: bool = True) -> dict[str, Any]:
        """LINE suspends the account, or lets it work again."""
        self._tell([self._event("botSuspended" if on else "botResumed", None, {})])
        return {}

    def play_use_up(self, left: int = 0) -> dict[str, Any]:
        """So many messages may still go out this month."""
        self.used = self.quota - left
        return {}

    def play_hurry(self) -> dict[str, Any]:
        """The next call is one too many in this second."""
        self.hurried = True
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The channel's secret was made anew: no token is good, and none is given for the old one."""
        self.revoked = True
        return {}

    def _written(self, person: str, messages: list[tuple[dict[str, Any], bytes, str]]) -> dict[str, Any]:
        chat = self._chat(person)
        if chat.blocked or not chat.friend:
            self.play_join(person)
        events = []
        for message, content, mime in messages:
            described = self._described(message, self._next_id())
            copy = self.keep(content, mime, described.get("fileName", described["type"])) if mime else ""
            at = self.clock.now()
            chat.entries.append(Entry(described["id"], person, at, described, content, mime, copy))
            events.append(self._event("message", chat, {"message": described}))
        self._tell(events)
        ids = [event["message"]["id"] for event in events]
        return {"id": ids[-1], "ids": ids}

    def _described(self, message: dict[str, Any], id: str) -> dict[str, Any]:
        quote = {"quoteToken": self._token("q", id)} if message["type"] in HAS_QUOTE_TOKEN else {}
        return {"id": id, **message, **quote, "markAsReadToken": self._token("r", id)}

    def _bytes_of(self, url: str) -> tuple[bytes, str]:
        """The picture itself: LINE shows accounts no address of it."""
        if url.startswith(self.url):
            kept = self.kept(url.removeprefix(self.url))
            return kept.content(), kept.headers["Content-Type"]
        return self.hooks.call("GET", url)[1], "image/jpeg"

    def scene(self, person: str) -> Scene:
        chat = self._chat(person)
        lines = [self._line(entry, chat) for entry in chat.entries]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry, chat: Chat) -> Line:
        is_picture = entry.message["type"] == "image"
        file = "" if entry.faulty else entry.copy or str(entry.message.get("originalContentUrl", ""))
        return Line(
            id=entry.id,
            author=person_named(entry.by).name if entry.by else COMPANY,
            text=str(entry.message.get("text", "")),
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=file if is_picture else entry.preview,
            files=[file] if file and not is_picture else [],
            removed=entry.removed,
            state="seen" if entry.read else "",
            choices=[each["label"] for each in _open_actions(entry, chat)],
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [entry.message for entry in chat.entries if not entry.by] for key, chat in self.chats.items()
        }


def _open_actions(entry: Entry, chat: Chat) -> list[dict[str, Any]]:
    """The quick replies that still show: they go as soon as anything follows."""
    if chat.entries[-1] is not entry or "quickReply" not in entry.message:
        return []
    return [each["action"] for each in entry.message["quickReply"]["items"]]
