"""What customers do, and what else may happen."""

from __future__ import annotations

from typing import Any

from heed.sandbox.frame import PlayError
from heed.sandbox.networks.bluesky.account import POST, REACTIONS, Convo, Record
from heed.sandbox.networks.bluesky.answers import iso
from heed.sandbox.networks.bluesky.chats import Chats


class Acting(Chats):
    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """A post that mentions the company: where its handle stands in the text, else at the start."""
        handle = f"@{self._handles[self.us]}"
        said = text if handle in text else f"{handle} {text}"
        at = len(said.partition(handle)[0].encode())
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": self.us}
        facet = {"index": {"byteStart": at, "byteEnd": at + len(handle)}, "features": [feature]}
        value = {**self._post_value(said, picture), "facets": [facet]}
        return self._made(self._write(self._did(person), POST, value))

    def play_comment(
        self, person: str, text: str, post: str = "", parent: str = "", picture: str = ""
    ) -> dict[str, Any]:
        """A reply under a post of ours, or to a reply there."""
        to = self._there(parent or post or self._newest_post().uri)
        root = self._known(to.root)
        value = {**self._post_value(text, picture), "reply": {"root": root.ref, "parent": to.ref}}
        return self._made(self._write(self._did(person), POST, value))

    play_reply = play_comment

    def play_quote(self, person: str, text: str, post: str = "") -> dict[str, Any]:
        quoted = self._there(post or self._newest_post().uri)
        embed = {"$type": "app.bsky.embed.record", "record": quoted.ref}
        return self._made(
            self._write(self._did(person), POST, {**self._post_value(text, ""), "embed": embed})
        )

    def play_message(self, person: str, text: str, picture: str = "", answers: str = "") -> dict[str, Any]:
        """Write to the company, perhaps in answer to a message."""
        if picture:
            raise PlayError("Bluesky chat takes no pictures.")
        did = self._did(person)
        convo = self._between(did, self.us, opened_by=did)
        to = self._in_convo(convo, {"messageId": answers}) if answers else None
        return {"id": self._say(convo, did, text, to).id}

    def play_group(self, person: str, others: list[str], text: str) -> dict[str, Any]:
        """A customer opens a conversation with the company and others, and writes there."""
        members = (self._did(person), self.us, *map(self._did, others))
        convo = Convo(self.ids.stable("group", *members, size=13), members, {members[0]}, group=True)
        self._convos[convo.id] = convo
        return {"id": self._say(convo, members[0], text).id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        did = self._did(person)
        if message := self._message(id):
            self._react(did, *message, "❤️" if reaction == "like" else reaction, on=on)
            return {"id": id}
        collection = REACTIONS.get(reaction)
        if collection is None:
            raise PlayError("On Bluesky one can like or repost.")
        subject = self._there(id)
        mine = [each for each in self._pointing(collection, subject) if each.did == did]
        if on and not mine:
            created = {"$type": collection, "subject": subject.ref, "createdAt": iso(self.clock.now())}
            return self._made(self._write(did, collection, created))
        for each in mine:
            each.removed = not on
        return {"id": mine[0].uri if mine else ""}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        did = self._did(person)
        if found := self._message(id):
            convo, message = found
            message.removed = True
            self._tell(convo, "logDeleteMessage", {"message": message.shown()})
            return {"id": id}
        record = self._there(id)
        if record.did != did:
            raise PlayError("Only one's own posts can be deleted.")
        record.removed = True
        return {"id": id}

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        record = self._write(self.us, POST, self._post_value(text, picture))
        self._faces[record.uri] = (likes, shares)
        return self._made(record)

    def play_write_elsewhere(self, text: str, parent: str) -> dict[str, Any]:
        """The company replies from Bluesky's own app."""
        to = self._there(parent)
        value = {
            **self._post_value(text, ""),
            "reply": {"root": self._known(to.root).ref, "parent": to.ref},
        }
        return self._made(self._write(self.us, POST, value))

    def play_react_elsewhere(self, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        """The company likes, reposts or reacts in Bluesky's own app, or takes it back there."""
        if message := self._message(id):
            self._react(self.us, *message, reaction, on=on)
            return {"id": id}
        subject, collection = self._there(id), REACTIONS[reaction]
        ours = [each for each in self._pointing(collection, subject) if each.did == self.us]
        if on and not ours:
            value = {"$type": collection, "subject": subject.ref, "createdAt": iso(self.clock.now())}
            return self._made(self._write(self.us, collection, value))
        for each in ours:
            each.removed = not on
        return {"id": id}

    def play_say_elsewhere(self, person: str, text: str) -> dict[str, Any]:
        """The company writes privately from Bluesky's own app."""
        convo = self._between(self.us, self._did(person), opened_by=self.us)
        return {"id": self._say(convo, self.us, text).id}

    def play_close(self, id: str, to: list[str], person: str = "") -> dict[str, Any]:
        """A customer lets nobody `reply` to their post, or `quote` it."""
        self._there(id).closed_to = frozenset(to)
        return {"id": id}

    def play_leave(self, person: str) -> dict[str, Any]:
        """The customer takes no more messages from anyone."""
        self.chat_open[self._did(person)] = False
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.chat_open[self._did(person)] = True
        return {}

    def play_close_account(self, person: str) -> dict[str, Any]:
        """The customer switches off their account, and with it all they wrote."""
        self._closed.add(self._did(person))
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        self._revoked = True
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        """Every access and refresh token of before is dead; the app password still works."""
        self._issued_from = self.clock.now().timestamp()
        return {}

    def play_chat_right(self, on: bool) -> dict[str, Any]:
        """Whether the app password may chat."""
        self.chat_right = on
        return {}

    def _post_value(self, text: str, picture: str) -> dict[str, Any]:
        value: dict[str, Any] = {"$type": POST, "text": text, "createdAt": iso(self.clock.now())}
        if url := self.picture(picture):
            if not url.startswith(self.url):
                raise PlayError("Bluesky takes pictures, not addresses of pictures.")
            kept = self.kept(url.removeprefix(self.url))
            blob = self._blob(kept.content(), kept.headers["Content-Type"])
            value["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}
        return value

    def _made(self, record: Record) -> dict[str, Any]:
        return {"id": record.uri, "cid": record.cid}

    def _newest_post(self) -> Record:
        posts = [each for each in self._living(POST) if each.did == self.us and not each.parent]
        if not posts:
            raise PlayError("The company has not posted anything yet.")
        return max(posts, key=lambda each: each.at)

    def _there(self, uri: str) -> Record:
        try:
            record = self._known(uri)
        except ValueError as error:
            raise PlayError(str(error)) from error
        if record.removed:
            raise PlayError("That post was deleted.")
        return record
