"""What the Page's webhook tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.sandbox.cast import person_named
from heed.sandbox.meta.calls import iso, milliseconds
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.facebook.page import Page

FIELD_OF = {
    "message": "messages",
    "message_edit": "message_edits",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
    "pass_thread_control": "messaging_handovers",
}


class Telling(Page):
    def _tell_of_comment(self, item: Item, verb: str, *, named: bool = True, **more: Any) -> None:
        post = self.items[item.post]
        value: dict[str, Any] = {
            "from": self._from(item.by),
            "post": {
                "status_type": "mobile_status_update",
                "is_published": True,
                "updated_time": iso(post.at),
                "permalink_url": f"https://www.facebook.com/{post.id}",
                "promotion_status": "inactive",
                "id": post.id,
            },
            "post_id": item.post,
            "comment_id": item.id,
            "created_time": int(item.at.timestamp()),
            "item": "comment",
            "parent_id": item.top or item.post,
            "verb": verb,
            **more,
        }
        if not named:
            del value["from"]
        if verb in ("add", "edited") and item.text:
            value["message"] = item.text
        if verb == "add" and item.picture and not item.sticker:
            value["photo"] = item.picture
        self._tell_change("feed", value)

    def _tell_of_review(self, item: Item) -> None:
        value = {
            "item": "rating",
            "verb": "add",
            "rating": item.stars,
            "review_text": item.text,
            "reviewer_id": self.user_id(item.by),
            "reviewer_name": person_named(item.by).name,
            "open_graph_story_id": item.id,
            "created_time": self._seconds(),
        }
        self._tell_change("ratings", value)

    def _tell_of_post(self, item: Item, verb: str = "add", **more: Any) -> None:
        kind = "photo" if item.picture else "status"
        value: dict[str, Any] = {
            "item": kind,
            "verb": verb,
            "post_id": item.id,
            "from": self._from(item.by),
            "published": 1,
            "created_time": int(item.at.timestamp()),
            **more,
        }
        if item.text and verb in ("add", "edited"):
            value["message"] = item.text
        if item.picture and verb == "add":
            value |= {"photo_id": str(self.ids.number()), "link": item.picture}
        self._tell_change("feed", value)

    def _tell_of_mention(self, item: Item, verb: str, *, named: bool = True) -> None:
        value: dict[str, Any] = {
            "post_id": item.post,
            "item": "post" if item.is_post else "comment",
            "verb": verb,
        }
        if verb != "remove":
            value["message"] = item.text
        if not item.is_post:
            value["comment_id"] = item.id
        if named:
            value |= {"sender_id": self.user_id(item.by), "sender_name": person_named(item.by).name}
            value["created_time"] = self._seconds()
        self._tell_change("mention", value)

    def _tell_of_item(self, item: Item, verb: str, **more: Any) -> None:
        """An edit, removal or hiding. An edit's time is that of the edit."""
        if verb == "edited":
            more["edited_time"] = self._seconds()
        elif verb != "add":
            more["created_time"] = self._seconds()
        if not self._is_ours(item.post):
            if item.by and verb in ("edited", "remove"):
                self._tell_of_mention(item, verb)
        elif item.is_post:
            self._tell_of_post(item, verb, **more)
        else:
            self._tell_of_comment(item, verb, **more)

    def _tell_change(self, name: str, value: dict[str, Any]) -> None:
        if name in self.subscribed:
            self._deliver("changes", {"field": name, "value": value})

    def _deliver(self, kind: str, item: dict[str, Any], *, at_once: bool = False) -> None:
        """Send an item; `changes` carry seconds, the others milliseconds."""
        now = self.clock.now()
        time = int(now.timestamp()) if kind == "changes" else milliseconds(now)
        entry = {"id": self.page, "time": time, kind: [item]}
        if self.batch is not None:
            _append(self.batch, entry, kind)
            return
        self._post_body({"object": "page", "entry": [entry]}, at_once=at_once)

    def _echo(self, person: str, entry: Entry, *, app_id: int | None = None, metadata: Any = None) -> None:
        """Our own message; `app_id` is the program that sent it, `metadata` what that wants back."""
        if "message_echoes" not in self.subscribed:
            return
        more = {"app_id": app_id, "metadata": metadata}
        item = self._echo_of(person, entry, {k: v for k, v in more.items() if v is not None})
        self._deliver("messaging", item, at_once=self.hurries)

    def _tell_messaging(self, person: str, part: dict[str, Any], at: datetime | None = None) -> None:
        name = next(iter(part))
        if FIELD_OF[name] not in self.subscribed:
            return
        if self.elsewhere and name == "postback":
            part["postback"].pop("payload", None)
        item = self._from_customer(person, part, at)
        self._deliver("standby" if self.elsewhere else "messaging", item)


def _append(entries: list[dict[str, Any]], entry: dict[str, Any], kind: str) -> None:
    """Add to a batch; what is of one kind and follows each other shares an entry."""
    if entries and kind in entries[-1]:
        entries[-1][kind] += entry[kind]
    else:
        entries.append(entry)
