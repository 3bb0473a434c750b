"""What customers do, and what the company and Meta do beside Heed."""

from __future__ import annotations

from typing import Any

from heed.sandbox.cast import OUTSIDER
from heed.sandbox.frame import PlayError
from heed.sandbox.meta.calls import milliseconds
from heed.sandbox.meta.chats import demand_words
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.facebook.messaging import EMOJI, Messaging

MOST_EDITS = 5
REACTIONS = frozenset({"like", "love", "wow", "haha", "sorry", "anger", "care"})


class Acting(Messaging):
    # ------------------------------------------------------------------- what customers do

    def play_comment(
        self,
        person: str,
        text: str = "",
        post: str = "",
        parent: str = "",
        picture: str = "",
        named: bool = True,
    ) -> dict[str, Any]:
        """Comment under a post, or answer a comment. `named` False: Meta does not say who."""
        demand_words(text, picture)
        under = self._known(parent or post or self._newest_post())
        item = self._add_comment(under, self._key(person), text, self.picture(picture), named)
        return {"id": item.id}

    def play_visitor_post(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write on the Page itself."""
        demand_words(text, picture)
        id = f"{self.page}_{self.ids.number()}"
        self.items[id] = Item(
            id, self._key(person), text, self.clock.now(), id, picture=self.picture(picture)
        )
        self._tell_of_post(self.items[id])
        return {"id": id}

    def play_sticker(self, person: str, post: str = "") -> dict[str, Any]:
        """Comment with a sticker: the webhook carries no address of it."""
        under = self._known(post or self._newest_post())
        id = f"{under.post.partition('_')[2]}_{self.ids.number()}"
        item = Item(id, self._key(person), "", self.clock.now(), under.post, picture=self.picture("boot"))
        item.sticker = True
        self.items[id] = item
        self._tell_of_comment(item, "add")
        return {"id": id}

    def play_review(self, person: str, text: str = "", stars: int = 5) -> dict[str, Any]:
        """Review the Page."""
        id = f"{self.page}_{self.ids.number()}"
        self.items[id] = Item(id, self._key(person), text, self.clock.now(), id, stars=stars)
        self._tell_of_review(self.items[id])
        return {"id": id}

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """Write a post of one's own that mentions the Page."""
        demand_words(text, picture)
        id = f"{self.user_id(self._key(person))}_{self.ids.number()}"
        shown = self.picture(picture)
        self.items[id] = Item(id, person, text, self.clock.now(), id, picture=shown, mention=True)
        self._tell_of_mention(self.items[id], "add")
        return {"id": id}

    def play_mention_in_comment(self, person: str, text: str) -> dict[str, Any]:
        """Mention the Page in a comment under somebody's post; the webhook does not say who wrote."""
        id = f"{self.user_id(OUTSIDER.key)}_{self.ids.number()}"
        self.items[id] = Item(id, OUTSIDER.key, "New shoes?", self.clock.now(), id)
        item = self._add_comment(self.items[id], self._key(person), text, "")
        self._tell_of_mention(item, "add", named=False)
        return {"id": item.id}

    def play_share(self, person: str, post: str = "") -> dict[str, Any]:
        item = self._known(post or self._newest_post())
        item.shares += 1
        value = {
            "item": "share",
            "verb": "add",
            "share_id": str(self.ids.number()),
            "link": f"https://www.facebook.com/{item.id}",
            "post_id": item.id,
            "from": self._from(self._key(person)),
            "created_time": self._seconds(),
        }
        self._tell_change("feed", value)
        return {"id": item.id}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        if id.startswith(self.mids):
            if self._own_entry(person, id).edits >= MOST_EDITS:
                raise PlayError("A message can be edited five times.")
            return self._edit_message(person, id, text)
        item = self._own(person, id)
        item.text, item.edited = text, True
        self._tell_of_item(item, "edited")
        return {"id": id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        if id.startswith(self.mids):
            return self._unsend(person, id)
        self._take_away(self._own(person, id))
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        if id.startswith(self.mids):
            known = reaction if reaction in EMOJI else "other"
            return self._react_to_message(person, id, known, self._emoji(reaction), on)
        self._react(self._known(id), self._key(person), reaction if reaction in REACTIONS else "like", on)
        return {"id": id}

    def _read_mark(self, entry: Entry) -> dict[str, Any]:
        return {"watermark": milliseconds(entry.at)}

    # ---------------------------------------------------------- what the company and Meta do

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        """The company posts on its Page."""
        item = self._own_post(text, self.picture(picture))
        item.more_likes, item.shares = likes, shares
        return {"id": item.id}

    def play_ad(self, text: str) -> dict[str, Any]:
        """The company advertises with a post that stands on no list of its Page."""
        item = self._own_post(text, "")
        item.ad = True
        return {"id": item.id}

    def play_unsubscribe(self) -> dict[str, Any]:
        """Nobody took what Meta sent for an hour: it ends the Page's subscription."""
        self._end_subscription()
        return {}

    def play_bot(self, person: str, text: str) -> dict[str, Any]:
        """Another program of the company answers in a chat."""
        entry = self._write_outside(person, text)
        self._echo(person, entry, app_id=int(self._digits("other app")))
        return {"id": entry.mid}

    def play_outside(self, text: str, person: str = "", id: str = "") -> dict[str, Any]:
        """The company answers in Meta's own inbox: a chat (`person`) or a comment (`id`)."""
        if id:
            return {"id": self._add_comment(self._known(id), "", text, "").id}
        entry = self._write_outside(person, text)
        self._echo(person, entry)
        return {"id": entry.mid}

    def play_hand_over(self, on: bool = True) -> dict[str, Any]:
        """Another app has the conversations: we only stand by. Off: it passes them to us."""
        super().play_hand_over(on)
        if not on:
            part = {"previous_owner_app_id": self._digits("other app"), "new_owner_app_id": self.app}
            for person, chat in self.chats.items():
                if chat.entries:
                    self._tell_messaging(person, {"pass_thread_control": part})
        return {}
