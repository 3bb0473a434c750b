"""What the company does publicly, and how a post comes about."""

from __future__ import annotations

import re

from heed.lib.text import measure
from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.x.account import US, Post
from heed.sandbox.networks.x.answers import No, fields_of, iso, legacy, problem
from heed.sandbox.networks.x.files import Files

TEXT_WEIGHT = 280
_CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}(?!\w)")


class Writing(Files):
    def _create(self, call: Call) -> Reply:
        self._user(call)
        headers = self._count("post")
        given = fields_of(call)
        said = str(given.get("text") or "")
        files = [str(each) for each in (given.get("media") or {}).get("media_ids") or []]
        parent = str((given.get("reply") or {}).get("in_reply_to_tweet_id") or "")
        quoted = str(given.get("quote_tweet_id") or "")
        if not said and not files:
            raise problem(400, "invalid-request", "One or more parameters to your request was invalid.")
        if measure(said, "weighted") > TEXT_WEIGHT:
            raise legacy(400, 186, "Tweet needs to be a bit shorter.")
        if self.level == "self_serve" and len(_CASHTAG.findall(said)) > 1:
            raise problem(403, "client-forbidden", "Only one $CASHTAG is allowed in a post.")
        self._check_files(files, "tweet")
        self._check_target(parent, quoted)
        for each in self._posts.values():
            same = (each.said, each.parent, each.quoted) == (said, parent, quoted)
            if each.author == self.us and same and not each.removed and said:
                detail = "You are not allowed to create a Tweet with duplicate content."
                raise No(403, {"title": "Forbidden", "detail": detail, "type": "about:blank", "status": 403})
        post = self._write(self.us, said, parent, quoted, [f"3_{each}" for each in files])
        made = {"id": post.id, "text": said, self._word("history"): [post.id]}
        return Reply(201, {"data": made}, headers)

    def _check_target(self, parent: str, quoted: str) -> None:
        for id in filter(None, (parent, quoted)):
            if not re.fullmatch(r"[0-9]{1,19}", id):
                raise problem(400, "invalid-request", "in_reply_to_tweet_id must be an id")
            if id not in self._posts:
                self._placeholder(id)
            if self._posts[id].removed:
                raise legacy(
                    403, 385, "You attempted to reply to a Tweet that is deleted or not visible to you."
                )
        if self.level != "self_serve":
            return
        if quoted:
            raise problem(403, "client-forbidden", "Quote posts are not available at your access level.")
        if parent and not self._summons(self._posts[parent]):
            detail = (
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
                "engaged by the author of the post you are replying to."
            )
            raise No(403, {"title": "Forbidden", "detail": detail, "type": "about:blank", "status": 403})

    def _summons(self, post: Post) -> bool:
        named = f"@{US}" in (post.prefix + post.said).casefold()
        return post.author == self.us or named or self._author(post.quoted) == self.us

    def _placeholder(self, id: str) -> None:
        """A post of an earlier run: somebody wrote it to us."""
        self._posts[id] = Post(id, self.user_id("lea"), f"@{US} …", self.clock.now(), id)

    def _delete(self, call: Call, id: str) -> Reply:
        self._user(call)
        headers = self._count("remove")
        post = self._posts.get(id)
        if post is None or post.removed:
            raise problem(404, "resource-not-found", f"Could not find tweet {id}")
        if post.author != self.us:
            raise problem(403, "not-authorized-for-resource", "You can only delete your own posts")
        self._remove(post)
        return Reply(200, {"data": {"deleted": True}}, headers)

    def _hide(self, call: Call, id: str) -> Reply:
        self._user(call)
        headers = self._count("hide")
        post = self._living(id)
        if self._author(post.conversation) != self.us or post.author == self.us:
            raise problem(403, "client-forbidden", "You can only hide replies to your own conversations")
        post.hidden = fields_of(call).get("hidden") is True
        return Reply(200, {"data": {"hidden": post.hidden}}, headers)

    def _like(self, call: Call, id: str, post: str = "") -> Reply:
        self._own_only(call, id)
        headers = self._count("like")
        if self.level == "self_serve":
            raise problem(403, "client-forbidden", "Likes are not available at your access level.")
        wanted = self._living(post or str(fields_of(call).get("tweet_id")))
        self._set_like(wanted, not post)
        return Reply(200, {"data": {"liked": not post}}, headers)

    def _repost(self, call: Call, id: str, post: str = "") -> Reply:
        self._own_only(call, id)
        headers = self._count("repost")
        wanted = self._living(post or str(fields_of(call).get("tweet_id")))
        self._set_repost(wanted, not post)
        return Reply(200, {"data": {"retweeted": not post, "rest_id": wanted.id}}, headers)

    def _set_like(self, post: Post, on: bool) -> None:
        """X tells of our own likes, too, but not that one is taken back."""
        if on and self.us not in post.likes:
            self._liked.append(post.id)
            self._tell_like(post, post.author)
        elif not on and self.us in post.likes:
            self._liked.remove(post.id)
        (post.likes.add if on else post.likes.discard)(self.us)

    def _set_repost(self, post: Post, on: bool) -> None:
        """A repost is a post of our own; taking it back deletes that one."""
        if on and post.id not in self._reposts:
            handle = self._handles.get(post.author, "i")
            id, now = self._number(), self.clock.now()
            said = f"RT @{handle}: {post.said}"[:140]
            self._reposts[post.id] = Post(id, self.us, said, now, id, reposted=post.id, versions=[id])
            self._tell_post(self._reposts[post.id])
        elif not on and post.id in self._reposts:
            self._remove(self._reposts.pop(post.id))
        (post.reposts.add if on else post.reposts.discard)(self.us)

    def _tell_like(self, post: Post, beside: str) -> None:
        """As X describes it: it names the time of the post beside that of the like, and not who likes."""
        payload = {
            "id": self.ids.name(),
            "liked_tweet_id": post.id,
            "liked_tweet_author_id": post.author,
            "created_at": iso(post.at),
            "timestamp_ms": str(int(self.clock.now().timestamp() * 1000)),
        }
        self._tell("like.create", payload, [beside])

    def _living(self, id: str) -> Post:
        if re.fullmatch(r"[0-9]{1,19}", id) and id not in self._posts:
            self._placeholder(id)
        post = self._posts.get(id)
        if post is None or post.removed:
            raise problem(404, "resource-not-found", f"Could not find tweet {id}")
        return post

    def _write(
        self, author: str, said: str, parent: str = "", quoted: str = "", files: list[str] = []
    ) -> Post:
        id = self._number()
        answered = self._posts.get(parent)
        post = Post(id, author, said, self.clock.now(), id, parent, quoted, files=list(files), versions=[id])
        if answered is not None:
            post.conversation = answered.conversation
            names = [answered.author, *re.findall(r"@(\w+)", answered.prefix)]
            handles = dict.fromkeys(self._handles.get(each, each) for each in names)
            own = self._handles.get(author, "")
            post.prefix = "".join(f"@{each} " for each in handles if each != own)
        self._posts[id] = post
        self._tell_post(post)
        return post

    def _remove(self, post: Post) -> None:
        post.removed = True
        if self.spelling == "older":
            stamp = str(int(self.clock.now().timestamp() * 1000))
            status = {"id": post.id, "user_id": post.author}
            self._tell_older({"tweet_delete_events": [{"status": status, "timestamp_ms": stamp}]})
        else:
            self._tell("post.delete", {"id": post.id, "author_id": post.author}, [post.author])
