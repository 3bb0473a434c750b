"""What can be read of the account: posts, comments, mentions, people and chats."""

from __future__ import annotations

import re
from typing import Any

from heed.sandbox.cast import COMPANY, OUTSIDER, person_named
from heed.sandbox.meta.calls import iso
from heed.sandbox.meta.chats import MOST_READABLE, updated_at
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.errors import Refused, not_there
from heed.sandbox.meta.fields import Node, Wanted, asked, cursor, shown
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.instagram.account import USERNAME
from heed.sandbox.networks.instagram.telling import Telling


class Reading(Telling):
    def _account_node(self) -> Node:
        return {
            "id": lambda w: self._digits("app-scoped"),
            "user_id": lambda w: self.account,
            "username": lambda w: USERNAME,
            "name": lambda w: COMPANY,
            "account_type": lambda w: "BUSINESS",
            "profile_picture_url": lambda w: None,
            "mentioned_comment": lambda w: self._mentioned(w, "comment_id"),
            "mentioned_media": lambda w: self._mentioned(w, "media_id"),
        }

    def _page_node(self) -> Node:
        own: Node = {
            "id": lambda w: self.account,
            "username": lambda w: USERNAME,
            "name": lambda w: COMPANY,
        }
        return {
            "id": lambda w: self.page,
            "name": lambda w: COMPANY,
            "instagram_business_account": lambda w: shown(own, w.inner),
        }

    def _read(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        if id in self._by_id:
            return self._profile(id, given)
        if id.startswith("aWdf"):
            person, entry = self._readable(id)
            return shown(self._entry_node(person, entry), asked(given.get("fields", "id,created_time")))
        item = self._item(id)
        if self.items[item.post].by:
            raise not_there(id)
        node = self._media_node(item) if item.is_post else self._comment_node(item)
        return shown(node, asked(given.get("fields", "id")))

    def _profile(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        """Only of somebody who wrote privately."""
        person = person_named(self._by_id[id])
        if not self.chats[person.key].last_in and not self.restored:
            raise Refused(230, "(#230) User consent is required to access user profile")
        node: Node = {
            "id": lambda w: id,
            "name": lambda w: person.name,
            "username": lambda w: person.handle,
            "profile_pic": lambda w: None,
        }
        return shown(node, asked(given.get("fields", "id,name")))

    def _mentioned(self, wanted: Wanted, key: str) -> dict[str, Any]:
        """A post or comment of somebody else that mentions us; those alone can be read this way."""
        item = self._item(wanted.arguments.get(key, ""))
        if f"@{USERNAME}" not in item.text or item.is_post != (key == "media_id"):
            raise not_there(item.id)
        node = self._media_node(item) if item.is_post else self._comment_node(item)
        return shown(node, wanted.inner)

    def _media_node(self, item: Item) -> Node:
        return {
            "id": lambda w: item.id,
            "caption": lambda w: item.text or None,
            "media_type": lambda w: "IMAGE",
            "media_product_type": lambda w: "FEED",
            "media_url": lambda w: item.picture or None,
            "thumbnail_url": lambda w: None,
            "permalink": lambda w: f"https://www.instagram.com/p/{item.id}/",
            "timestamp": lambda w: iso(item.at),
            "username": lambda w: self._username(item.by),
            "owner": lambda w: None if item.by else {"id": self.account},
            "like_count": lambda w: len(item.likes) + item.more_likes,
            "comments_count": lambda w: len(self._all_below(item)),
            "comments": lambda w: {
                "data": [shown(self._comment_node(i), w.inner) for i in self._below(item)]
            },
        }

    def _comment_node(self, item: Item) -> Node:
        replies = self._below(item)
        return {
            "id": lambda w: item.id,
            "text": lambda w: item.text,
            "timestamp": lambda w: iso(item.at),
            "username": lambda w: self._username(item.by),
            "from": lambda w: None if self.names_only else self._from(item.by),
            "hidden": lambda w: item.hidden,
            "like_count": lambda w: len(item.likes) + item.more_likes,
            "parent_id": lambda w: item.top or None,
            "media": lambda w: shown(self._media_node(self.items[item.post]), w.inner),
            "replies": lambda w: self._replies_inside(replies, w),
        }

    def _replies_inside(self, replies: list[Item], wanted: Wanted) -> dict[str, Any]:
        """The first page of a list inside a comment; how it goes on is said as for any list."""
        first = replies[: _limit(wanted)]
        inside: dict[str, Any] = {"data": [shown(self._comment_node(each), wanted.inner) for each in first]}
        if len(first) < len(replies):
            inside["paging"] = {"cursors": {"after": cursor(first[-1].id)}, "next": "more"}
        return inside

    def _chat_node(self, person: str) -> Node:
        entries = self.chats[person].entries
        visible = [entry for entry in reversed(entries) if not entry.removed]
        return {
            "id": lambda w: f"aWdfZA{self.igsid(person)}",
            "updated_time": lambda w: updated_at(entries),
            "participants": lambda w: {"data": [self._from(person), self._from("")]},
            "messages": lambda w: {
                "data": [shown(self._entry_node(person, e), w.inner) for e in visible[: _limit(w)]]
            },
        }

    def _entry_node(self, person: str, entry: Entry) -> Node:
        other = "" if entry.by else person
        files = [{"id": cursor(url), "file_url": url} for url in entry.files]
        return {
            "id": lambda w: entry.mid,
            "created_time": lambda w: iso(entry.at),
            "from": lambda w: self._from(entry.by),
            "to": lambda w: {"data": [self._from(other)]},
            "message": lambda w: entry.text,
            "attachments": lambda w: {"data": files} if files else None,
            "story": lambda w: entry.story or None,
            "is_unsupported": lambda w: entry.unsupported or None,
            **entry.told(),
        }

    def _below(self, under: Item) -> list[Item]:
        """The comments right under a post, the replies under a comment."""
        there = [i for i in self.items.values() if not i.is_post and not i.removed]
        if under.is_post:
            return [i for i in there if i.post == under.id and not i.top]
        return [i for i in there if i.top == under.id]

    def _all_below(self, post: Item) -> list[Item]:
        return [i for i in self.items.values() if i.post == post.id and i.id != post.id and not i.removed]

    def _item(self, id: str, *, make: bool = False) -> Item:
        """The post or comment of this id. `make` takes a well-formed unknown one for an old one."""
        item = self.items.get(id)
        if item is None and make and re.fullmatch(r"17[89]\d{16,}", id):
            item = self._old(id)
        if item is None or item.removed:
            raise not_there(id)
        return item

    def _old(self, id: str) -> Item:
        post = id if id.startswith("179") else f"179{10**15}"
        if post not in self.items:
            self.items[post] = Item(post, "", "", self.clock.now(), post)
        if id != post:
            self.items[id] = Item(id, OUTSIDER.key, "", self.clock.now(), post)
        return self.items[id]

    def _under(self, id: str, edge: str) -> Item:
        """`comments` belong to posts, `replies` to comments that are no replies themselves."""
        item = self._item(id, make=True)
        if item.is_post != (edge == "comments"):
            raise Refused(100, f"(#100) Tried accessing nonexisting field ({edge})")
        if item.top:
            raise Refused(100, "(#100) Replies are one level deep")
        return item


def _limit(wanted: Wanted) -> int:
    return min(int(wanted.arguments.get("limit", 25)), MOST_READABLE)
