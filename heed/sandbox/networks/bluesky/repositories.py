"""Records, written and read, and what the network demands of them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from heed.lib.text import measure
from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.bluesky.account import LIKE, POST, REPOST, Record, images_in, quoted_in
from heed.sandbox.networks.bluesky.answers import No, fields_of, iso, limit_of
from heed.sandbox.networks.bluesky.notifying import Notifying

LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_COST = {"com.atproto.repo.createRecord": 3, "com.atproto.repo.deleteRecord": 1}
_BIGGEST_IMAGE = 2_000_000


class Repositories(Notifying):
    def _resolve_handle(self, call: Call) -> Reply:
        wanted = call.query.get("handle", "").casefold()
        for did, handle in self._handles.items():
            if handle == wanted:
                return Reply(200, {"did": did})
        raise No(400, "HandleNotFound", "Unable to resolve handle")

    def _create_record(self, call: Call) -> Reply:
        did = self._own_repo(call)
        given = fields_of(call)
        collection, value = str(given.get("collection", "")), given.get("record")
        rkey = str(given.get("rkey") or self._rkey())
        if not isinstance(value, dict) or value.get("$type") != collection:
            raise No(400, "InvalidRequest", f"Invalid {collection} record")
        if len(rkey) != 13 or any(letter not in LETTERS for letter in rkey):
            raise No(400, "InvalidRequest", "Invalid record key")
        self._check(collection, value)
        if (there := self._records.get(f"at://{did}/{collection}/{rkey}")) and not there.removed:
            raise No(500, "InternalServerError", "Internal Server Error")  # as the real one answers
        headers = self._spend(_COST["com.atproto.repo.createRecord"])
        record = self._write(did, collection, value, rkey)
        return Reply(200, {**record.ref, "validationStatus": "valid"}, headers)

    def _delete_record(self, call: Call) -> Reply:
        did = self._own_repo(call)
        given = fields_of(call)
        headers = self._spend(_COST["com.atproto.repo.deleteRecord"])
        uri = f"at://{did}/{given.get('collection')}/{given.get('rkey')}"
        if uri in self._records:
            self._records[uri].removed = True
        return Reply(200, {}, headers)

    def _get_record(self, call: Call) -> Reply:
        """A record of the account's own from its server, which passes questions about others on: the view
        of the network says no in other words."""
        repo = call.query.get("repo", "")
        uri = f"at://{repo}/{call.query.get('collection')}/{call.query.get('rkey')}"
        if repo == self.us:
            record, error = self._records.get(uri), "RecordNotFound"
        elif repo in self._names and repo not in self._closed:
            record, error = self._known(uri), "InvalidRequest"
        else:
            raise No(400, "InvalidRequest", f"Could not find repo: {repo}")
        if record is None or record.removed:
            raise No(400, error, f"Could not locate record: {uri}")
        return Reply(200, {**record.ref, "value": record.value})

    def _list_records(self, call: Call) -> Reply:
        before = call.query.get("cursor") or "~"
        mine = [
            record
            for record in self._records.values()
            if record.did == call.query.get("repo")
            and record.collection == call.query.get("collection")
            and not record.removed
            and record.rkey < before
        ]
        page = sorted(mine, key=lambda each: each.rkey, reverse=True)[: limit_of(call)]
        answer: dict[str, Any] = {"records": [{**record.ref, "value": record.value} for record in page]}
        if page:
            answer["cursor"] = page[-1].rkey
        return Reply(200, answer)

    def _upload_blob(self, call: Call) -> Reply:
        self._signed_in(call)
        return Reply(200, {"blob": self._blob(call.body, call.headers.get("content-type", ""))})

    def _get_blob(self, call: Call) -> Reply:
        content, mime = self._blobs.get(call.query.get("cid", ""), (b"", ""))
        if not mime:
            raise No(400, "BlobNotFound", "Blob not found")
        return Reply(200, content, {"Content-Type": mime})

    def _blob(self, content: bytes, mime: str) -> dict[str, Any]:
        cid = "bafkrei" + hashlib.sha256(content).hexdigest()[:52]
        self._blobs[cid] = (content, mime or "application/octet-stream")
        return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(content)}

    def _own_repo(self, call: Call) -> str:
        did = self._signed_in(call)
        if fields_of(call).get("repo") not in (did, self._handles[did]):
            raise No(403, "Forbidden", "This repository belongs to someone else")
        return did

    def _check(self, collection: str, value: dict[str, Any]) -> None:
        """What the network's own rules say about a record, and a little stricter about facets."""
        try:
            datetime.fromisoformat(value["createdAt"])
            if collection == POST:
                check_post(value)
                for ref in (value.get("reply") or {}).values():
                    self._check_ref(ref)
                if quoted := quoted_in(value):
                    self._check_ref(quoted)
            elif collection in (LIKE, REPOST):
                self._check_ref(value["subject"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise No(400, "InvalidRequest", f"Invalid {collection} record: {error}") from error
        for image in images_in(value):
            link = image["image"]["ref"]["$link"]
            if link not in self._blobs:
                raise No(400, "BlobNotFound", f"Could not find blob: {link}")
            if len(self._blobs[link][0]) > _BIGGEST_IMAGE:
                raise No(400, "BlobTooLarge", f"This file is too large. Maximum is {_BIGGEST_IMAGE} bytes")
            if not self._blobs[link][1].startswith("image/"):
                raise No(400, "InvalidMimeType", "Wrong type of file. Must be image/*")

    def _check_ref(self, ref: dict[str, str]) -> None:
        if not ref["cid"].startswith("baf"):
            raise ValueError("a reference without a CID")
        self._known(ref["uri"])

    def _known(self, uri: str) -> Record:
        """The record, or a placeholder for one of an earlier run."""
        parts = uri.split("/")
        if len(parts) != 5 or parts[0] != "at:" or not parts[2].startswith("did:"):
            raise ValueError(f"not the address of a record: {uri}")
        if uri not in self._records:
            value = {"$type": parts[3], "text": "…", "createdAt": iso(self.clock.now())}
            self._records[uri] = Record(uri, cid_of(uri), value, self.clock.now())
        return self._records[uri]

    def _write(
        self, did: str, collection: str, value: dict[str, Any], rkey: str = "", at: datetime | None = None
    ) -> Record:
        uri = f"at://{did}/{collection}/{rkey or self._rkey()}"
        record = Record(uri, cid_of(uri + json.dumps(value)), value, at or self.clock.now())
        self._records[uri] = record
        self._below.setdefault(record.subject or record.parent, []).append(record)
        self._notify(record)
        return record

    def _rkey(self) -> str:
        """A new record key: later ones sort later."""
        micros = max(int(self.clock.now().timestamp() * 1_000_000), self._last_micros + 1)
        self._last_micros = micros
        value = micros << 10
        return "".join(LETTERS[value >> 5 * place & 31] for place in reversed(range(13)))


def check_post(value: dict[str, Any]) -> None:
    text = value["text"]
    raw = text.encode()
    if measure(text, "graphemes") > 300:
        raise ValueError("grapheme too big (maximum 300) at $.record.text")
    if len(raw) > 3000:
        raise ValueError("string too big (maximum 3000) at $.record.text")
    if "embed" in value:
        _check_embed(value["embed"])
    if "reply" in value and set(value["reply"]) != {"root", "parent"}:
        raise ValueError("a reply needs its root and its parent")
    for facet in value.get("facets") or []:
        _check_facet(facet, raw)


def _check_embed(embed: dict[str, Any]) -> None:
    match embed["$type"]:
        case "app.bsky.embed.images":
            if len(embed["images"]) > 4:
                raise ValueError("array too big (maximum 4) at $.record.embed.images")
        case "app.bsky.embed.record":
            if not {"uri", "cid"} <= set(embed["record"]):
                raise ValueError("a quote needs the address and the CID of what it quotes")
        case "app.bsky.embed.recordWithMedia":
            _check_embed({**embed["record"], "$type": "app.bsky.embed.record"})
            _check_embed(embed["media"])


def _check_facet(facet: dict[str, Any], raw: bytes) -> None:
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    if not 0 <= start < end <= len(raw):
        raise ValueError("a facet outside the text")
    raw[:start].decode()  # raises ValueError inside a letter
    raw[start:end].decode()
    for feature in facet["features"]:
        kind = feature["$type"].partition("#")[2]
        needed = {"mention": "did", "link": "uri", "tag": "tag"}[kind]
        if not feature[needed]:
            raise ValueError(f"a facet without its {needed}")


def cid_of(words: str) -> str:
    return "bafyrei" + hashlib.sha256(words.encode()).hexdigest()[:52]
