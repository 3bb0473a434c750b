"""What customers do, and what else may happen."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from heed.sandbox.frame import PlayError
from heed.sandbox.networks.x.account import US, Post
from heed.sandbox.networks.x.answers import iso
from heed.sandbox.networks.x.messages import Messages
from heed.sandbox.networks.x.signing_in import ACCESS_LIVES


class Acting(Messages):
    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        post = self._write(self.us, text, files=self._pictures(picture))
        post.faces = (likes, shares)
        return {"id": post.id}

    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        said = text if f"@{US}" in text.casefold() else f"@{US} {text}"
        return {"id": self._write(self.user_id(person), said, files=self._pictures(picture)).id}

    def play_comment(
        self, person: str, text: str, post: str = "", parent: str = "", picture: str = ""
    ) -> dict[str, Any]:
        """A reply; X does not tell us of one that answers somebody else's."""
        to = self._there(parent or post or self._newest_post().id)
        return {"id": self._write(self.user_id(person), text, to.id, files=self._pictures(picture)).id}

    def play_quote(self, person: str, text: str, post: str = "") -> dict[str, Any]:
        quoted = self._there(post or self._newest_post().id)
        return {"id": self._write(self.user_id(person), text, quoted=quoted.id).id}

    def play_say(self, person: str, text: str) -> dict[str, Any]:
        """A post that neither names nor quotes us: only a search finds it."""
        return {"id": self._write(self.user_id(person), text).id}

    def play_message(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        content, mime = self._content(picture)
        return {"id": self._say(self.user_id(person), self.us, text, content, mime).id}

    def play_encrypted(self, person: str) -> dict[str, Any]:
        """A message of X Chat, which no program can read."""
        sender = self.user_id(person)
        payload = {
            "id": self._number(),
            "conversation_id": f"{sender}:{self.us}",
            "sender_id": sender,
            "created_at_msec": str(int(self.clock.now().timestamp() * 1000)),
            "encoded_event": self.ids.name(),
        }
        self._tell("chat.received", payload, [sender])
        return {"id": payload["id"]}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        """Every version of a post has an id of its own; all are told of."""
        post = self._there(id)
        if post.author != self.user_id(person):
            raise PlayError(_("Only one’s own posts can be edited."))
        named = f"@{US} " if post.said.casefold().startswith(f"@{US} ") and f"@{US}" not in text else ""
        post.said, post.versions = named + text, [*post.versions, self._number()]
        self._tell_post(post)
        return {"id": post.id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """X tells an account of its own deletions only: a customer's is found by looking."""
        post = self._there(id)
        if post.author != self.user_id(person):
            raise PlayError(_("Only one’s own posts can be deleted."))
        post.removed = True
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        user, post = self.user_id(person), self._there(id)
        marks = {"like": post.likes, "repost": post.reposts}.get(reaction)
        if marks is None:
            raise PlayError(_("On X one can like or repost."))
        (marks.add if on else marks.discard)(user)
        if on and reaction == "like" and post.author == self.us:
            self._tell_like(post, user)
        return {"id": id}

    def play_read(self, person: str) -> dict[str, Any]:
        user = self.user_id(person)
        ours = [each for each in self._messages if each.sender == self.us and each.receiver == user]
        if ours:
            self._read[user] = self.clock.now()
            event = {
                "created_timestamp": str(int(self.clock.now().timestamp() * 1000)),
                "sender_id": user,
                "target": {"recipient_id": self.us},
                "last_read_event_id": ours[-1].id,
            }
            self._tell("dm.read", {"direct_message_mark_read_events": [event]})
        return {"id": ours[-1].id if ours else ""}

    def play_leave(self, person: str) -> dict[str, Any]:
        """The customer takes no more messages from the company."""
        self.open_to_messages[self.user_id(person)] = False
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.open_to_messages[self.user_id(person)] = True
        return {}

    def play_answer_elsewhere(self, text: str, parent: str = "", person: str = "") -> dict[str, Any]:
        """The company answers on X itself, publicly or in a message."""
        if person:
            return {"id": self._say(self.us, self.user_id(person), text).id}
        return {"id": self._write(self.us, text, self._there(parent).id).id}

    def play_react_elsewhere(self, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        """The company likes or reposts on X itself, or takes it back."""
        (self._set_like if reaction == "like" else self._set_repost)(self._there(id), on)
        return {"id": id}

    def play_delete_elsewhere(self, id: str) -> dict[str, Any]:
        self._remove(self._there(id))
        return {"id": id}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        self._revoked = True
        payload = {"date_time": iso(self.clock.now()), "user_id": self.us, "app_id": "7"}
        self._tell("oauth.revoke", payload)
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        """All access tokens are over; refresh tokens still work."""
        self._dead_before = (self.clock.now() + ACCESS_LIVES).timestamp() + 1
        self.clock.move(2)
        return {}

    def play_withhold(self, scope: str, on: bool = True) -> dict[str, Any]:
        """At the consent page this permission was not given, or is given again."""
        self.withheld = self.withheld | {scope} if on else self.withheld - {scope}
        return {}

    def play_level(self, level: str) -> dict[str, Any]:
        self.level = level
        return {}

    def play_credit(self, on: bool) -> dict[str, Any]:
        self.credit = on
        return {}

    def play_spelling(self, spelling: str) -> dict[str, Any]:
        self.spelling = spelling
        return {}

    def play_includes(self, on: bool) -> dict[str, Any]:
        """Whether deliveries bring along who wrote and what is referred to."""
        self.includes = on
        return {}

    def _newest_post(self) -> Post:
        posts = [
            each
            for each in self._posts.values()
            if each.author == self.us and not each.parent and not each.quoted and not each.removed
        ]
        if not posts:
            raise PlayError(_("The company has not posted anything yet."))
        return posts[-1]

    def _there(self, id: str) -> Post:
        post = self._posts.get(id)
        if post is None:
            raise PlayError(_("On X one does this to posts only."))
        if post.removed:
            raise PlayError(_("That post was deleted."))
        return post

    def _pictures(self, picture: str) -> list[str]:
        url = self.picture(picture)
        return [f"3_{quote(url, safe='')}"] if url else []

    def _content(self, picture: str) -> tuple[bytes, str]:
        url = self.picture(picture)
        if not url:
            return b"", ""
        if not url.startswith(self.url):
            raise PlayError(_("X takes pictures, not addresses of pictures."))
        kept = self.kept(url.removeprefix(self.url))
        return kept.content(), kept.headers["Content-Type"]
