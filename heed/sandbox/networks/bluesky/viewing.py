"""Posts and people as they are shown."""

from __future__ import annotations

from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.bluesky.account import LIKE, POST, REACTIONS, REPOST, Record
from heed.sandbox.networks.bluesky.answers import No, iso
from heed.sandbox.networks.bluesky.repositories import Repositories

_CLOSED = {"reply": "replyDisabled", "quote": "embeddingDisabled"}


class Viewing(Repositories):
    def _get_posts(self, call: Call) -> Reply:
        did = self._signed_in(call)
        uris = [value for name, value in call.pairs if name in ("uris", "uris[]")]
        if not 1 <= len(uris) <= 25:
            raise No(400, "InvalidRequest", "uris must have 1 to 25 items")
        found = []
        for uri in uris:
            try:
                record = self._known(uri)
            except ValueError as error:
                raise No(400, "InvalidRequest", "uris must be at-uris") from error
            if not record.removed and record.did not in self._closed:
                found.append(self._post(record, did))
        return Reply(200, {"posts": found})

    def _post(self, record: Record, viewer: str) -> dict[str, Any]:
        view: dict[str, Any] = {
            **record.ref,
            "author": self._profile(record.did),
            "record": record.value,
            "replyCount": len(self._pointing(POST, record)),
            "repostCount": self._shares(record),
            "likeCount": self._likes(record),
            "indexedAt": iso(record.at),
            "viewer": {},
            "labels": [],
        }
        for name, collection in REACTIONS.items():
            for each in self._pointing(collection, record):
                if each.did == viewer:
                    view["viewer"][name] = each.uri
        view["viewer"].update({_CLOSED[each]: True for each in record.closed_to})
        images = self._images_view(record) if record.images else None
        quoted = {"record": self._quoted_view(record)} if record.quoted else None
        if images and quoted:
            kind = "app.bsky.embed.recordWithMedia#view"
            view["embed"] = {"$type": kind, "record": quoted, "media": images}
        elif images or quoted:
            view["embed"] = images or {"$type": "app.bsky.embed.record#view", **(quoted or {})}
        return view

    def _images_view(self, record: Record) -> dict[str, Any]:
        shown = [{"fullsize": url, "thumb": url, "alt": ""} for url in self._image_urls(record)]
        return {"$type": "app.bsky.embed.images#view", "images": shown}

    def _quoted_view(self, record: Record) -> dict[str, Any]:
        quoted = self._known(record.quoted)
        if quoted.removed:
            return {"$type": "app.bsky.embed.record#viewNotFound", "uri": quoted.uri, "notFound": True}
        shown = {"author": self._profile(quoted.did), "value": quoted.value, "indexedAt": iso(quoted.at)}
        return {"$type": "app.bsky.embed.record#viewRecord", **quoted.ref, **shown}

    def _get_profile(self, call: Call) -> Reply:
        self._signed_in(call)
        actor = call.query.get("actor", "")
        for did, handle in self._handles.items():
            if actor in (did, handle):
                if did in self._closed:
                    raise No(400, "AccountDeactivated", "Account is deactivated")
                return Reply(200, self._profile(did))
        raise No(400, "InvalidRequest", "Profile not found")

    def _living(self, collection: str) -> list[Record]:
        return [each for each in self._records.values() if each.collection == collection and not each.removed]

    def _pointing(self, collection: str, at: Record) -> list[Record]:
        below = self._below.get(at.uri, ())
        return [each for each in below if each.collection == collection and not each.removed]

    def _likes(self, record: Record) -> int:
        return len(self._pointing(LIKE, record)) + self._faces.get(record.uri, (0, 0))[0]

    def _shares(self, record: Record) -> int:
        return len(self._pointing(REPOST, record)) + self._faces.get(record.uri, (0, 0))[1]

    def _image_urls(self, record: Record) -> list[str]:
        address = f"{self.url}/xrpc/com.atproto.sync.getBlob?did={record.did}&cid="
        return [address + image["image"]["ref"]["$link"] for image in record.images]
