"""Posts and the comments under them, beside the chats."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.frame import Line, PlayError, PostView, Sandbox, Scene
from heed.sandbox.meta.chats import Chats


@dataclass(slots=True)
class Item:
    """A post, a comment or a review (with `stars`). `by` is the customer's key, empty for us; `likes`
    likewise, while `more_likes` come from people outside the cast.

    `top` is the comment a reply hangs under; `live` is said under a broadcast; of a `sticker` the
    webhook shows nothing; others' posts that `mention` us are listed apart, and an `ad` nowhere.
    """

    id: str
    by: str
    text: str
    at: datetime
    post: str
    top: str = ""
    picture: str = ""
    likes: set[str] = field(default_factory=set)
    more_likes: int = 0
    shares: int = 0
    hidden: bool = False
    removed: bool = False
    edited: bool = False
    answered_privately: bool = False
    live: bool = False
    stars: int = 0
    sticker: bool = False
    mention: bool = False
    ad: bool = False

    @property
    def is_post(self) -> bool:
        return self.id == self.post


class Posts(Chats):
    """A Meta app with a public side."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.items: dict[str, Item] = {}

    def _own_posts(self) -> list[Item]:
        """Ours, the newest first."""
        posts = [i for i in self.items.values() if i.is_post and not i.by and not i.removed]
        return sorted(posts, key=lambda i: i.at, reverse=True)

    @abstractmethod
    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        """The company posts."""

    # --------------------------------------------------------------------- finding one's way

    def _known(self, id: str) -> Item:
        item = self.items.get(id)
        if item is None or item.removed:
            raise PlayError(_("That is not there any more."))
        return item

    def _own(self, person: str, id: str) -> Item:
        item = self._known(id)
        if item.by != self._key(person):
            raise PlayError(_("Only who wrote it can do that."))
        return item

    def _newest_post(self) -> str:
        """Ours; we have one from the start."""
        posts = self._own_posts()
        return posts[0].id if posts else str(self.play_post("The autumn shoes are here.", "boot")["id"])

    # ------------------------------------------------------------------ what customers see

    def scene(self, person: str) -> Scene:
        self._newest_post()
        posts = [item for item in self.items.values() if item.is_post]
        posts.sort(key=lambda item: item.at, reverse=True)
        return Scene(posts=[self._post_view(item, person) for item in posts], chats=[self._chat_view(person)])

    def _post_view(self, item: Item, person: str) -> PostView:
        return PostView(
            id=item.id,
            author=self._person_name(item.by),
            text="" if item.removed else item.text,
            at=item.at,
            picture=item.picture,
            likes=len(item.likes) + item.more_likes,
            shares=item.shares,
            ours=not item.by,
            mine=item.by == person,
            liked="" in item.likes,
            reacted=person in item.likes,
            removed=item.removed,
            comments=self._lines(item.id, "", person),
        )

    def _lines(self, post: str, top: str, person: str) -> list[Line]:
        """The comments under a post, or the replies under one. A hidden one is seen by who wrote it."""
        items = (i for i in self.items.values() if not i.is_post and (i.post, i.top) == (post, top))
        return [self._comment_line(item, person) for item in items if not item.hidden or item.by == person]

    def _comment_line(self, item: Item, person: str) -> Line:
        return Line(
            id=item.id,
            author=self._person_name(item.by),
            text="" if item.removed else item.text,
            at=item.at,
            ours=not item.by,
            mine=item.by == person,
            picture=item.picture,
            likes=len(item.likes) + item.more_likes,
            liked="" in item.likes,
            reacted=person in item.likes,
            hidden=item.hidden,
            edited=item.edited,
            removed=item.removed,
            replies=[] if item.top else self._lines(item.post, item.id, person),
        )

    def seen(self) -> dict[str, Any]:
        """What we wrote, liked and hid."""
        items = [item for item in self.items.values() if not item.removed]
        return {
            "comments": [
                {"id": i.id, "post": i.post, "parent": i.top, "text": i.text, "picture": i.picture}
                for i in items
                if not i.by and not i.is_post
            ],
            "messages": self._messages_seen(),
            "liked": [item.id for item in items if "" in item.likes],
            "hidden": [item.id for item in items if item.hidden],
        }
