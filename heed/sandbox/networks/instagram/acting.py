"""What customers do, and what the company and Meta do beside Heed."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.frame import PlayError
from heed.sandbox.meta.chats import demand_words
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.instagram.account import BY_FACEBOOK, FIELDS, USERNAME
from heed.sandbox.networks.instagram.writing import Writing


class Acting(Writing):
    # ------------------------------------------------------------------- what customers do

    def play_comment(
        self,
        person: str,
        text: str = "",
        post: str = "",
        parent: str = "",
        picture: str = "",
        live: bool = False,
    ) -> dict[str, Any]:
        """Comment under a post, or answer a comment; `live` under our broadcast."""
        if picture:
            raise PlayError(_("A comment on Instagram carries no picture."))
        demand_words(text, "")
        under = self._known(parent or post or self._newest_post())
        return {"id": self._add_comment(under, self._key(person), text, live=live).id}

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """Mention us in a comment under a post of one's own."""
        demand_words(text, "")
        text = text if f"@{USERNAME}" in text else f"@{USERNAME} {text}"
        post = self._foreign_post(person, "👟", picture)
        return {"id": self._add_comment(post, person, text).id, "post": post.id}

    def play_mention_in_caption(self, person: str, text: str, picture: str = "boot") -> dict[str, Any]:
        """Mention us under one's own picture; only Facebook Login is told of it."""
        post = self._foreign_post(person, text, picture)
        if BY_FACEBOOK in self._listening("mentions"):
            self._deliver_change(BY_FACEBOOK, "mentions", {"media_id": post.id})
        return {"id": post.id}

    def play_tag(self, person: str, text: str, picture: str = "boot") -> dict[str, Any]:
        """Tag us in one's own picture, perhaps mention us under it: a mere tag is told to nobody."""
        named = f"@{USERNAME}" in text
        id = (
            self.play_mention_in_caption(person, text, picture)["id"]
            if named
            else self._foreign_post(person, text, picture).id
        )
        self.tagged.append(id)
        return {"id": id}

    def _foreign_post(self, person: str, text: str, picture: str) -> Item:
        id = f"179{self.ids.number()}"
        at = self.clock.now()
        self.items[id] = Item(id, self._key(person), text, at, id, picture=self.picture(picture))
        return self.items[id]

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """Unsend a message, or delete a comment: of that nothing is told."""
        if id.startswith(self.mids):
            return self._unsend(person, id)
        self._take_away(self._own(person, id))
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "love", on: bool = True) -> dict[str, Any]:
        """React to a message; a like of a post or comment is told to nobody."""
        if id.startswith(self.mids):
            loved = reaction in ("love", "like", "❤️")
            words, emoji = ("love", "❤️") if loved else ("other", reaction)
            return self._react_to_message(person, id, words, emoji, on)
        likes = self._known(id).likes
        (likes.add if on else likes.discard)(self._key(person))
        return {"id": id}

    def play_story_mention(self, person: str, picture: str = "boot") -> dict[str, Any]:
        """Mention us in a story: it comes as a message."""
        url = self.picture(picture)
        return self.play_raw(person, {"attachments": [{"type": "story_mention", "payload": {"url": url}}]})

    def play_story_reply(self, person: str, text: str, picture: str = "sandal") -> dict[str, Any]:
        """Answer our story."""
        story = {"url": self.picture(picture), "id": f"179{self.ids.number()}"}
        return self.play_raw(person, {"text": text, "reply_to": {"story": story}})

    def play_share(self, person: str, post: str = "", both: bool = True) -> dict[str, Any]:
        """Pass on a post; while Meta changes over it comes as two attachments."""
        item = self._known(post or self._newest_post())
        shared = {"type": "share", "payload": {"url": item.picture or self.url}}
        payload = {"ig_post_media_id": item.id, "title": item.text, "url": item.picture or self.url}
        new = {"type": "ig_post", "payload": payload}
        return self.play_raw(person, {"attachments": [shared, new] if both else [new]})

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        """Edit a message; a comment cannot be edited."""
        if not id.startswith(self.mids):
            raise PlayError(_("A comment on Instagram cannot be edited."))
        return self._edit_message(person, id, text)

    # ---------------------------------------------------------- what the company and Meta do

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        """The company posts; of that nothing is told."""
        id = f"179{self.ids.number()}"
        item = Item(id, "", text, self.clock.now(), id, picture=self.picture(picture), more_likes=likes)
        self.items[id] = item
        return {"id": id}

    def play_broadcast(self, on: bool = True) -> dict[str, Any]:
        """Go live, or stop."""
        self.broadcasting = on
        return {}

    def play_outside(self, text: str, person: str = "", id: str = "") -> dict[str, Any]:
        """The company answers in the app itself: a chat (`person`) or a comment (`id`)."""
        if id:
            return {"id": self._add_comment(self._known(id), "", text).id}
        entry = self._write_outside(person, text)
        self._echo(person, entry)
        return {"id": entry.mid}

    def play_callback(self, url: str, verify_token: str = "") -> dict[str, Any]:
        """Enter the webhook's address in the dashboard and tick every field there."""
        super().play_callback(url, verify_token)
        self.app_fields = sorted(FIELDS[BY_FACEBOOK])
        return {}

    def play_throttle(
        self, times: int = 1, code: int = 613, sub: int = 2534040, minutes: int = 0
    ) -> dict[str, Any]:
        return super().play_throttle(times, code, sub, minutes)

    def play_shape(self, flat: bool = False, keys: str = "id") -> dict[str, Any]:
        """How comments are delivered: flat on the entry or in `changes`, with their id in one key or
        in both (`id`, `comment_id`, `id comment_id`)."""
        self.flat, self.id_keys = flat, tuple(keys.split())
        return {}

    def play_names_only(self, on: bool = True) -> dict[str, Any]:
        """Whoever reads a comment is told the name of who wrote it, not the id."""
        self.names_only = on
        return {}

    def play_young_token(self) -> dict[str, Any]:
        """The token was made just now."""
        self.issued = self.clock.now()
        return {}
