"""What customers see."""

from __future__ import annotations

from typing import Any

from heed.sandbox.frame import ChatView, Line, PostView, Scene
from heed.sandbox.networks.bluesky.account import LIKE, POST, REPOST, Convo, Record
from heed.sandbox.networks.bluesky.acting import Acting

_MOST_SHOWN = 100


class Seeing(Acting):
    def scene(self, person: str) -> Scene:
        did = self._did(person)
        told = {each.record.uri for each in self._notifications}
        roots = [each for each in self._records.values() if each.collection == POST and not each.parent]
        visible = [each for each in roots if each.did in (did, *self.ours) or each.uri in told]
        posts = [self._post_view(each, did) for each in visible[-_MOST_SHOWN:]]
        chats = [
            self._chat_view(convo, did)
            for convo in self._convos.values()
            if {did, self.us} <= set(convo.members)
        ]
        return Scene(posts=sorted(posts, key=lambda each: each.at, reverse=True), chats=chats)

    def seen(self) -> dict[str, Any]:
        ours = [each for each in self._records.values() if each.did == self.us]
        return {
            "posts": [
                {
                    **each.ref,
                    "text": each.value.get("text", ""),
                    "parent": each.parent,
                    "quoted": each.quoted,
                    "record": each.value,
                    "removed": each.removed,
                }
                for each in ours
                if each.collection == POST
            ],
            "likes": [each.subject for each in ours if each.collection == LIKE and not each.removed],
            "reposts": [each.subject for each in ours if each.collection == REPOST and not each.removed],
            "messages": [
                {
                    "id": message.id,
                    "to": other,
                    "text": message.text,
                    "answers": message.reply_to.id if message.reply_to else "",
                }
                for convo in self._convos.values()
                for message in convo.messages
                for other in convo.members
                if message.sender == self.us and other != self.us
            ],
        }

    def _post_view(self, record: Record, did: str) -> PostView:
        return PostView(
            id=record.uri,
            author=self._names.get(record.did, record.did),
            text=record.value.get("text", ""),
            at=record.at,
            picture=next(iter(self._image_urls(record)), ""),
            likes=self._likes(record),
            shares=self._shares(record),
            ours=record.did in self.ours,
            mine=record.did == did,
            liked=self._marked(LIKE, record, self.us),
            reacted=self._marked(LIKE, record, did),
            reposted=self._marked(REPOST, record, did),
            removed=record.removed,
            comments=self._lines_under(record.uri, did),
        )

    def _lines_under(self, uri: str, did: str) -> list[Line]:
        replies = [each for each in self._below.get(uri, ()) if each.collection == POST]
        return [self._line(each, did) for each in sorted(replies, key=lambda each: each.at)]

    def _line(self, record: Record, did: str) -> Line:
        return Line(
            id=record.uri,
            author=self._names.get(record.did, record.did),
            text=record.value.get("text", ""),
            at=record.at,
            ours=record.did in self.ours,
            mine=record.did == did,
            picture=next(iter(self._image_urls(record)), ""),
            likes=len(self._pointing(LIKE, record)),
            liked=self._marked(LIKE, record, self.us),
            reacted=self._marked(LIKE, record, did),
            reposted=self._marked(REPOST, record, did),
            removed=record.removed,
            replies=self._lines_under(record.uri, did),
        )

    def _marked(self, collection: str, record: Record, did: str) -> bool:
        """Whether this account likes a post or passed it on."""
        return any(each.did == did for each in self._pointing(collection, record))

    def _chat_view(self, convo: Convo, did: str) -> ChatView:
        lines = [
            Line(
                id=message.id,
                author=self._names[message.sender],
                text=message.text,
                at=message.at,
                ours=message.sender == self.us,
                mine=message.sender == did,
                likes=len(message.reactions),
                liked=any(each["sender"]["did"] == self.us for each in message.reactions),
                reacted=any(each["sender"]["did"] == did for each in message.reactions),
                removed=message.removed,
            )
            for message in convo.messages
        ]
        other = next(member for member in convo.members if member != did)
        return ChatView(id=convo.id, title=self._names[other], lines=lines)
