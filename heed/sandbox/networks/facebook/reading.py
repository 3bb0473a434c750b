"""What can be read of the Page: posts, comments, people and chats."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from heed.sandbox.cast import OUTSIDER, person_named
from heed.sandbox.frame import Call
from heed.sandbox.meta.calls import iso
from heed.sandbox.meta.chats import MOST_READABLE, updated_at
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.errors import Refused, not_there
from heed.sandbox.meta.fields import Node, Wanted, asked, cursor, shown
from heed.sandbox.meta.posts import Item
from heed.sandbox.networks.facebook.telling import Telling


class Reading(Telling):
    def _read(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        if id in self._by_id:
            return self._profile(id, given)
        if id.startswith("m_"):
            person, entry = self._readable(id)
            return shown(self._entry_node(person, entry), asked(given.get("fields", "id,created_time")))
        if id.startswith("t_") and id[2:] in self._by_id:
            person = self._by_id[id[2:]]
            return shown(self._chat_node(person), asked(given.get("fields", "id,updated_time")))
        item = self._item(id)
        return shown(self._item_node(item), asked(given.get("fields", "id,message,created_time")))

    def _profile(self, id: str, given: dict[str, Any]) -> dict[str, Any]:
        """A PSID gives a name once they wrote; a commenter's id gives nothing of Messenger's."""
        person = person_named(self._by_id[id])
        first, _, last = person.name.partition(" ")
        node: dict[str, Callable[[Wanted], Any]] = {"id": lambda _: id, "name": lambda _: person.name}
        if id == self.psid(person.key):
            if not self.chats[person.key].entries and not self.restored:
                raise Refused(230, "(#230) User consent is required to access user profile")
            node |= {
                "first_name": lambda _: first,
                "last_name": lambda _: last,
                "profile_pic": lambda _: None,
            }
        return shown(node, asked(given.get("fields", "id,name")))

    def _page_node(self) -> Node:
        return {"id": lambda _: self.page, "name": lambda _: self.company, "category": lambda _: "Shoe shop"}

    def _item_node(self, item: Item) -> Node:
        """The fields of a post or comment; asking for another's is an error, as it is there."""
        below = [i for i in self.items.values() if i.id != item.id and not i.removed]
        comments = [i for i in below if (i.post if item.is_post else i.top) == item.id]
        node: dict[str, Callable[[Wanted], Any]] = {
            "id": lambda _: item.id,
            "message": lambda _: item.text or None,
            "created_time": lambda _: iso(item.at),
            "from": lambda _: self._from(item.by),
            "permalink_url": lambda _: f"https://www.facebook.com/{item.id}",
            "is_hidden": lambda _: item.hidden,
            "can_reply_privately": lambda _: (
                bool(item.by) and not item.answered_privately and self._is_ours(item.post)
            ),
            "likes": lambda w: _nested([], len(item.likes) + item.more_likes, w),
            "comments": lambda w: _nested(
                [shown(self._item_node(i), w.inner) for i in comments], len(comments), w
            ),
        }
        if item.is_post:
            return node | {
                "full_picture": lambda _: item.picture or None,
                "shares": lambda _: {"count": item.shares} if item.shares else None,
                "updated_time": lambda _: iso(max([item.at, *(i.at for i in comments)])),
                "status_type": lambda _: "added_photos" if item.picture else "mobile_status_update",
                "is_published": lambda _: True,
            }
        return node | {
            "parent": lambda w: {"id": item.top} if item.top else None,
            "attachment": lambda _: _photo_attachment(item.picture) if item.picture else None,
            "comment_count": lambda _: len(comments),
            "like_count": lambda _: len(item.likes) + item.more_likes,
            "user_likes": lambda _: "" in item.likes,
            "is_private": lambda _: False,
            "can_comment": lambda _: True,
            "can_hide": lambda _: bool(item.by),
            "can_like": lambda _: True,
            "can_remove": lambda _: True,
            "object": lambda _: {"id": item.post},
            "private_reply_conversation": lambda w: (
                shown(self._chat_node(item.by), w.inner or {"id": Wanted({}, {})})
                if item.answered_privately
                else None
            ),
        }

    def _comments(self, call: Call, item: Item, given: dict[str, Any]) -> dict[str, Any]:
        stream = given.get("filter") == "stream"
        rows = [
            i
            for i in self.items.values()
            if not i.is_post
            and not i.removed
            and ((i.post == item.id and (stream or not i.top)) if item.is_post else i.top == item.id)
        ]
        rows.sort(key=lambda i: i.at, reverse=given.get("order") == "reverse_chronological")
        return self._edge(call, given, [(i.id, self._item_node(i)) for i in rows])

    def _posts(self, edge: str) -> list[Item]:
        posts = [i for i in self.items.values() if i.is_post and not (i.removed or i.stars or i.ad)]
        of_the_page = [i for i in posts if i.id.startswith(self.page)]
        posts = [i for i in posts if i.mention] if edge == "tagged" else of_the_page
        if edge == "visitor_posts":
            posts = [i for i in posts if i.by]
        if edge == "published_posts":
            posts = [i for i in posts if not i.by]
        return sorted(posts, key=lambda i: i.at, reverse=True)

    def _chat_node(self, person: str) -> Node:
        entries = self.chats[person].entries
        visible = [entry for entry in reversed(entries) if not entry.removed]
        return {
            "id": lambda _: f"t_{self.psid(person)}",
            "updated_time": lambda _: updated_at(entries),
            "snippet": lambda _: entries[-1].text if entries else None,
            "message_count": lambda _: len(entries),
            "can_reply": lambda _: self._window_open(person),
            "participants": lambda _: {"data": [self._chat_party(person), self._chat_party("")]},
            "messages": lambda w: _nested(
                [shown(self._entry_node(person, e), w.inner) for e in visible[:MOST_READABLE]],
                len(visible),
                w,
            ),
        }

    def _entry_node(self, person: str, entry: Entry) -> Node:
        other = "" if entry.by else person
        files = [
            {"id": cursor(url), "mime_type": "", "name": url.split("/")[-1], "file_url": url}
            for url in entry.files
        ]
        return {
            "id": lambda _: entry.mid,
            "created_time": lambda _: iso(entry.at),
            "from": lambda _: self._chat_party(entry.by),
            "to": lambda _: {"data": [self._chat_party(other)]},
            "message": lambda _: entry.text,
            "attachments": lambda _: {"data": files} if files else None,
            **entry.told(),
        }

    def _chat_party(self, person: str) -> dict[str, str]:
        if not person:
            return {"id": self.page, "name": self.company, "email": f"{self.page}@facebook.com"}
        psid = self.psid(person)
        return {"id": psid, "name": person_named(person).name, "email": f"{psid}@facebook.com"}

    def _item(self, id: str, *, make: bool = False) -> Item:
        """The post or comment of this id. `make` takes a well-formed unknown one for an old one."""
        item = self.items.get(id)
        if item is None and make and re.fullmatch(r"\d{5,}_\d{5,}", id):
            item = self._old(id)
        if item is None or item.removed:
            raise not_there(id)
        return item

    def _old(self, id: str) -> Item:
        first = id.partition("_")[0]
        is_post = first == self.page or first in self._by_id
        post = id if is_post else f"{self.page}_{first}"
        if post not in self.items:
            by = self._by_id.get(post.partition("_")[0], "")
            self.items[post] = Item(post, by, "", self.clock.now(), post)
        if not is_post:
            self.items[id] = Item(id, OUTSIDER.key, "", self.clock.now(), post)
        return self.items[id]


def _nested(rows: list[dict[str, Any]], total: int, wanted: Wanted) -> dict[str, Any]:
    """A list inside an object: `.limit(n)`, `.summary(true)`."""
    limit = int(wanted.arguments.get("limit", 25))
    nested: dict[str, Any] = {"data": rows[:limit]}
    if wanted.arguments.get("summary") == "true":
        nested["summary"] = {"total_count": total}
    return nested


def _photo_attachment(url: str) -> dict[str, Any]:
    return {"type": "photo", "media": {"image": {"src": url}}, "url": url}
