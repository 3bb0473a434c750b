"""What the webhooks tell, by one login or by both."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.sandbox.meta.calls import milliseconds
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.instagram.account import BY_FACEBOOK, BY_INSTAGRAM, USERNAME, Account

FIELD_OF = {
    "message": "messages",
    "message_edit": "message_edit",
    "read": "messaging_seen",
    "reaction": "message_reactions",
    "postback": "messaging_postbacks",
    "referral": "messaging_referral",
}


class Telling(Account):
    def _listening(self, name: str) -> list[str]:
        """The logins by which this field is delivered: by both, when both are set up."""
        logins = [BY_INSTAGRAM] if name in self.account_fields else []
        return logins + ([BY_FACEBOOK] if self.page_fields and name in self.app_fields else [])

    def _tell_of_comment(self, item: Item) -> None:
        post = self.items[item.post]
        mentions = f"@{USERNAME}" in item.text
        if post.by and not (mentions and item.by):
            return
        for login in self._listening("live_comments" if item.live else "comments"):
            if not post.by or login == BY_INSTAGRAM:
                name = "live_comments" if item.live else "comments"
                self._deliver_change(login, name, self._comment_value(item))
        if post.by and BY_FACEBOOK in self._listening("mentions"):
            self._deliver_change(BY_FACEBOOK, "mentions", {"media_id": post.id, "comment_id": item.id})

    def _comment_value(self, item: Item) -> dict[str, Any]:
        author = self._from(item.by)
        if not item.by:
            author["self_ig_scoped_id"] = self._digits("self")
        kind = "FEED" if not item.live else "IGTV"
        value: dict[str, Any] = {
            "from": author,
            "media": {"id": item.post, "media_product_type": kind},
            "text": item.text,
            **dict.fromkeys(self.id_keys, item.id),
        }
        return value | ({"parent_id": item.top} if item.top else {})

    def _echo(self, person: str, entry: Entry) -> None:
        """With Facebook Login echoes come with the messages, else by a field of their own."""
        item = self._echo_of(person, entry, {})
        by_instagram = BY_INSTAGRAM in self._listening("message_echoes")
        by_facebook = BY_FACEBOOK in self._listening("messages")
        for _login in range(by_instagram + by_facebook):
            self._deliver("messaging", item, at_once=self.hurries)

    def _tell_messaging(self, person: str, part: dict[str, Any], at: datetime | None = None) -> None:
        item = self._from_customer(person, part, at)
        for _login in self._listening(FIELD_OF[next(iter(part))]):
            self._deliver("standby" if self.elsewhere else "messaging", item)

    def _deliver_change(self, login: str, name: str, value: dict[str, Any]) -> None:
        """Instagram Login is documented to put a change flat on the entry; mostly it does not."""
        if self.flat and login == BY_INSTAGRAM:
            self._deliver_entry({"field": name, "value": value}, in_seconds=True)
        else:
            self._deliver("changes", {"field": name, "value": value})

    def _deliver(self, kind: str, item: dict[str, Any], *, at_once: bool = False) -> None:
        self._deliver_entry({kind: [item]}, in_seconds=kind == "changes", at_once=at_once)

    def _deliver_entry(self, part: dict[str, Any], *, in_seconds: bool, at_once: bool = False) -> None:
        """Changes carry seconds, messages milliseconds."""
        now = self.clock.now()
        time = int(now.timestamp()) if in_seconds else milliseconds(now)
        entry = {"id": self.account, "time": time, **part}
        if self.batch is not None:
            self.batch.append(entry)
            return
        self._post_body({"object": "instagram", "entry": [entry]}, at_once=at_once)
