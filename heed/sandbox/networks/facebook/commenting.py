"""What the company does publicly: posts, comments, likes and hides."""

from __future__ import annotations

from typing import Any

from heed.sandbox.frame import Call
from heed.sandbox.meta.calls import is_true
from heed.sandbox.meta.errors import Refused, check_length
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.facebook.reading import Reading

MOST_COMMENT = 8000


class Commenting(Reading):
    def _reply(self, under: Item, given: dict[str, Any]) -> Item:
        text, picture = str(given.get("message", "")), self._given_picture(given)
        if not text and not picture:
            raise Refused(100, "(#100) Missing message or attachment")
        check_length("message", text, MOST_COMMENT)
        return self._add_comment(under, "", text, picture)

    def _given_picture(self, given: dict[str, Any]) -> str:
        if given.get("attachment_url"):
            return str(given["attachment_url"])
        photo = str(given.get("attachment_id", ""))
        if photo and photo not in self.photos:
            raise Refused(100, "(#100) The attachment_id is not a photo of this Page", 2018074)
        return self.photos.get(photo, "")

    def _add_comment(self, under: Item, by: str, text: str, picture: str, named: bool = True) -> Item:
        post = self.items[under.post]
        id = f"{post.id.partition('_')[2]}_{self.ids.number()}"
        top = "" if under.is_post else under.top or under.id
        item = Item(id, by, text, self.clock.now(), post.id, top, picture)
        self.items[id] = item
        if self._is_ours(post.id):
            self._tell_of_comment(item, "add", named=named)
        return item

    def _change_item(self, item: Item, given: dict[str, Any]) -> dict[str, Any]:
        if "is_hidden" in given:
            if not item.by:
                raise Refused(100, "(#100) The Page's own comments cannot be hidden")
            item.hidden = is_true(given["is_hidden"])
            self._tell_of_item(item, "hide" if item.hidden else "unhide", is_hidden=item.hidden)
        if "message" in given:
            if item.by:
                raise Refused(200, "(#200) Permissions error")
            item.text, item.edited = str(given["message"]), True
            self._tell_of_item(item, "edited")
        return {"success": True}

    def _take_away(self, item: Item) -> None:
        below = [i for i in self.items.values() if item.id in (i.post, i.top) and not i.removed]
        for each in {item.id: item, **{i.id: i for i in below}}.values():
            each.removed = True
        self._tell_of_item(item, "remove")

    def _react(self, item: Item, by: str, reaction: str, on: bool) -> None:
        if (by in item.likes) == on:
            return
        (item.likes.add if on else item.likes.discard)(by)
        if not self._is_ours(item.post):
            return
        value: dict[str, Any] = {
            "item": "reaction",
            "reaction_type": reaction,
            "verb": "add" if on else "remove",
            "post_id": item.post,
            "parent_id": item.top or item.post,
            "from": self._from(by),
            "created_time": self._seconds(),
        }
        if not item.is_post:
            value["comment_id"] = item.id
        self._tell_change("feed", value)

    def _photo(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        url = str(given.get("url", ""))
        for part in call.parts:
            if part.name == "source" and part.filename:
                if not part.mime.startswith("image/"):
                    raise Refused(324, "(#324) Missing or invalid image file")
                url = self.keep(part.content, part.mime, part.filename)
        if not url:
            raise Refused(324, "(#324) Missing or invalid image file")
        photo = str(self.ids.number())
        self.photos[photo] = url
        if not is_true(given.get("published", True)):
            return {"id": photo}
        return {"id": photo, "post_id": self._own_post(str(given.get("message", "")), url).id}

    def _own_post(self, text: str, picture: str) -> Item:
        id = f"{self.page}_{self.ids.number()}"
        self.items[id] = Item(id, "", text, self.clock.now(), id, picture=picture)
        self._tell_of_post(self.items[id])
        return self.items[id]
