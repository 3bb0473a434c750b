"""What customers see."""

from __future__ import annotations

from typing import Any

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import ChatView, Line, PostView, Scene
from heed.sandbox.networks.x.account import Message, Post
from heed.sandbox.networks.x.acting import Acting
from heed.sandbox.networks.x.webhooks import shown_webhook


class Seeing(Acting):
    def scene(self, person: str) -> Scene:
        user = self.user_id(person)
        roots = [each for each in self._posts.values() if not each.parent and not self._is_our_quote(each)]
        posts = [self._post_view(each, user) for each in reversed(roots)]
        lines = [
            self._message_line(each, user) for each in self._messages if user in (each.sender, each.receiver)
        ]
        return Scene(posts=posts, chats=[ChatView(self._conversation(user), COMPANY, lines)] if lines else [])

    def seen(self) -> dict[str, Any]:
        ours = [each for each in self._posts.values() if each.author == self.us]
        return {
            "posts": [
                {
                    "id": each.id,
                    "text": each.said,
                    "parent": each.parent,
                    "quoted": each.quoted,
                    "files": len(each.files),
                    "alts": [self._file(key).get("alt_text", "") for key in each.files],
                    "removed": each.removed,
                }
                for each in ours
            ],
            "likes": [each.id for each in self._posts.values() if self.us in each.likes],
            "reposts": [each.id for each in self._posts.values() if self.us in each.reposts],
            "messages": [
                {"id": each.id, "to": each.receiver, "text": each.text, "file": bool(each.file)}
                for each in self._messages
                if each.sender == self.us and not each.removed
            ],
            "webhooks": [shown_webhook(each) for each in self._webhooks.values()],
            "subscriptions": sorted(each["event_type"] for each in self._subscriptions.values()),
        }

    def _is_our_quote(self, post: Post) -> bool:
        return post.author == self.us and bool(post.quoted)

    def _post_view(self, post: Post, user: str) -> PostView:
        return PostView(
            id=post.id,
            author=self._names.get(post.author, post.author),
            text=post.said,
            at=post.at,
            picture=self._picture_of(post.files[0]) if post.files else "",
            likes=len(post.likes) + post.faces[0],
            shares=len(post.reposts) + post.faces[1],
            ours=post.author == self.us,
            mine=post.author == user,
            liked=self.us in post.likes,
            reacted=user in post.likes,
            reposted=user in post.reposts,
            removed=post.removed,
            comments=self._lines_under(post, user),
        )

    def _lines_under(self, post: Post, user: str) -> list[Line]:
        below = [
            each
            for each in self._posts.values()
            if each.parent == post.id or (each.quoted == post.id and self._is_our_quote(each))
        ]
        return [self._line(each, user) for each in below]

    def _line(self, post: Post, user: str) -> Line:
        return Line(
            id=post.id,
            author=self._names.get(post.author, post.author),
            text=post.said,
            at=post.at,
            ours=post.author == self.us,
            mine=post.author == user,
            picture=self._picture_of(post.files[0]) if post.files else "",
            likes=len(post.likes),
            liked=self.us in post.likes,
            reacted=user in post.likes,
            reposted=user in post.reposts,
            hidden=post.hidden,
            edited=len(post.versions) > 1,
            removed=post.removed,
            replies=self._lines_under(post, user),
        )

    def _message_line(self, message: Message, user: str) -> Line:
        ours = message.sender == self.us
        read = self._read.get(user)
        return Line(
            id=message.id,
            author=self._names[message.sender],
            text=message.text,
            at=message.at,
            ours=ours,
            mine=message.sender == user,
            picture=message.file if message.mime.startswith("image/") else "",
            files=[message.file] if message.file and not message.mime.startswith("image/") else [],
            removed=message.removed,
            state=("seen" if read and message.at <= read else "sent") if ours else "",
        )
