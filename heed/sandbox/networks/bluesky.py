"""Bluesky: the accounts' server, the view of the network, and the chat service, in one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from heed.lib.text import measure
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, PostView, Reply, Scene, Simulator

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"
CHAT = "did:web:api.bsky.chat#bsky_chat"

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_DOMAIN = "bsky.example"
_ACCESS = timedelta(hours=2)
_REFRESH = timedelta(days=60)
_SIGN_INS = (30, timedelta(minutes=5))
_POINTS = (5000, timedelta(hours=1))
_COST = {"com.atproto.repo.createRecord": 3, "com.atproto.repo.deleteRecord": 1}
_MOST_SHOWN = 100
_BIGGEST_IMAGE = 2_000_000
_SECRET = b"the sandbox signs its own tokens"
_REACTIONS = {"like": LIKE, "repost": REPOST}


class _No(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, error: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"error": error, "message": message}, headers or {})


@dataclass
class _Record:
    """A record in someone's repository."""

    uri: str
    cid: str
    value: dict[str, Any]
    at: datetime
    removed: bool = False

    @property
    def did(self) -> str:
        return self.uri.split("/")[2]

    @property
    def collection(self) -> str:
        return self.uri.split("/")[3]

    @property
    def rkey(self) -> str:
        return self.uri.split("/")[4]

    @property
    def ref(self) -> dict[str, str]:
        return {"uri": self.uri, "cid": self.cid}

    @property
    def subject(self) -> str:
        return str((self.value.get("subject") or {}).get("uri", ""))

    @property
    def root(self) -> str:
        return str(self.value["reply"]["root"]["uri"]) if self.value.get("reply") else self.uri

    @property
    def parent(self) -> str:
        return str(self.value["reply"]["parent"]["uri"]) if self.value.get("reply") else ""


@dataclass
class _Notification:
    record: _Record
    owner: str
    reason: str
    subject: str


@dataclass
class _ChatMessage:
    id: str
    rev: str
    sender: str
    text: str
    at: datetime
    facets: list[Any] = field(default_factory=list)
    reactions: list[dict[str, Any]] = field(default_factory=list)
    removed: bool = False

    def shown(self) -> dict[str, Any]:
        kind = "deletedMessageView" if self.removed else "messageView"
        view: dict[str, Any] = {
            "$type": f"chat.bsky.convo.defs#{kind}",
            "id": self.id,
            "rev": self.rev,
            "sender": {"did": self.sender},
            "sentAt": _iso(self.at),
        }
        return view if self.removed else {**view, "text": self.text, "reactions": list(self.reactions)}


@dataclass
class _Convo:
    id: str
    members: tuple[str, str]
    accepted: set[str]
    messages: list[_ChatMessage] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)


class Bluesky(Simulator):
    """Acme has one account here; everyone of the cast has one too."""

    name = "bluesky"
    label = "Bluesky"
    short = "b"
    colour = "#0a7aff"
    offers: ClassVar[frozenset[str]] = frozenset({"mention", "comment", "message", "remove", "react"})

    def __init__(self, sandbox: Any) -> None:
        super().__init__(sandbox)
        self._names = {self._did(COMPANY): COMPANY}
        self._handles = {self._did(COMPANY): f"acme.{_DOMAIN}"}
        for person in (*CUSTOMERS, OUTSIDER):
            self._names[self._did(person.key)] = person.name
            self._handles[self._did(person.key)] = f"{person.handle.replace('.', '-')}.{_DOMAIN}"
        self.us = self._did(COMPANY)
        self.app_password = "-".join(self.ids.stable("app password")[at : at + 4] for at in (0, 4, 8, 12))
        self.chat_right = True
        self.chat_open = dict.fromkeys(self._names, True)
        self._records: dict[str, _Record] = {}
        self._below: dict[str, list[_Record]] = {}
        """The replies, likes and reposts that refer to a record, by its address."""
        self._faces: dict[str, tuple[int, int]] = {}
        """Likes and shares that a post had from the start, by people who are not of the cast."""
        self._notifications: list[_Notification] = []
        self._opened: datetime | None = None
        self._blobs: dict[str, tuple[bytes, str]] = {}
        self._convos: dict[str, _Convo] = {}
        self._log: list[tuple[str, str, dict[str, Any]]] = []
        self._dead: set[str] = set()
        self._issued_from: float = 0
        self._revoked = False
        self._sign_ins: list[datetime] = []
        self._spent: list[tuple[datetime, int]] = []
        self._last_micros = 0

    # ------------------------------------------------------------------------- the API

    def answer(self, call: Call) -> Reply:
        nsid = call.path.removeprefix("/xrpc/")
        try:
            if nsid.startswith("chat.bsky."):
                return self._proxied(nsid, call)
            method = _METHODS.get((call.method, nsid))
            if method is None:
                raise _No(501, "MethodNotImplemented", "Method Not Implemented")
            return method(self, call)
        except _No as no:
            return no.reply

    def accounts(self) -> list[DemoAccount]:
        credentials = {"identifier": self._handles[self.us], "app_password": self.app_password}
        return [DemoAccount(COMPANY, self.us, credentials)]

    # ------------------------------------------------------------------------- sessions

    def _create_session(self, call: Call) -> Reply:
        self._count_sign_in()
        given = _object(call)
        known = str(given.get("identifier", "")).casefold() in (self._handles[self.us], self.us)
        if not known or given.get("password") != self.app_password or self._revoked:
            raise _No(401, "AuthenticationRequired", "Invalid identifier or password")
        return Reply(200, self._session())

    def _refresh_session(self, call: Call) -> Reply:
        token = self._claims(call, "refresh")
        # The real one keeps the old token for a while; the strictest reading of it does not.
        self._dead.add(token["jti"])
        return Reply(200, self._session())

    def _get_session(self, call: Call) -> Reply:
        did = self._signed_in(call)
        return Reply(200, {"did": did, "handle": self._handles[did], "active": True})

    def _session(self) -> dict[str, Any]:
        return {
            "did": self.us,
            "handle": self._handles[self.us],
            "accessJwt": self._token("access", _ACCESS),
            "refreshJwt": self._token("refresh", _REFRESH),
            "active": True,
            "didDoc": {
                "id": self.us,
                "service": [
                    {
                        "id": "#atproto_pds",
                        "type": "AtprotoPersonalDataServer",
                        "serviceEndpoint": self.url,
                    }
                ],
            },
        }

    def _token(self, scope: str, life: timedelta) -> str:
        now = self.clock.now().timestamp()
        claims = {
            "scope": scope,
            "sub": self.us,
            "jti": self.ids.name(),
            "iat": now,
            "exp": int(now + life.total_seconds()),
        }
        signed = f"{_b64(b'{}')}.{_b64(json.dumps(claims).encode())}"
        return f"{signed}.{_b64(hmac.digest(_SECRET, signed.encode(), 'sha256'))}"

    def _claims(self, call: Call, scope: str) -> dict[str, Any]:
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token:
            raise _No(401, "AuthMissing", "Authentication Required")
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, _b64(hmac.digest(_SECRET, signed.encode(), "sha256"))):
            raise _No(400, "InvalidToken", "Token could not be verified")
        claims: dict[str, Any] = json.loads(_unb64(signed.split(".")[1]))
        if claims["scope"] != scope:
            raise _No(400, "InvalidToken", "Invalid token scope")
        ended = claims["exp"] <= self.clock.now().timestamp() or claims["iat"] < self._issued_from
        if ended or claims["jti"] in self._dead or self._revoked:
            raise _No(400, "ExpiredToken", "Token has expired")
        return claims

    def _signed_in(self, call: Call) -> str:
        return str(self._claims(call, "access")["sub"])

    def _count_sign_in(self) -> None:
        most, span = _SIGN_INS
        now = self.clock.now()
        self._sign_ins = [at for at in self._sign_ins if at > now - span]
        if len(self._sign_ins) >= most:
            raise self._too_many(most, span, self._sign_ins[0])
        self._sign_ins.append(now)

    def _spend(self, points: int) -> dict[str, str]:
        """Take points from the account's budget; gives back the headers that tell of it."""
        most, span = _POINTS
        now = self.clock.now()
        self._spent = [(at, cost) for at, cost in self._spent if at > now - span]
        left = most - sum(cost for _, cost in self._spent)
        if left < points:
            raise self._too_many(most, span, self._spent[0][0])
        self._spent.append((now, points))
        return {
            "ratelimit-limit": str(most),
            "ratelimit-remaining": str(left - points),
            "ratelimit-reset": str(int((now + span).timestamp())),
            "ratelimit-policy": f"{most};w={int(span.total_seconds())}",
        }

    def _too_many(self, most: int, span: timedelta, oldest: datetime) -> _No:
        reset = int((oldest + span).timestamp()) + 1
        headers = {
            "ratelimit-limit": str(most),
            "ratelimit-remaining": "0",
            "ratelimit-reset": str(reset),
            "ratelimit-policy": f"{most};w={int(span.total_seconds())}",
        }
        return _No(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)

    # ------------------------------------------------------------------------- repositories

    def _resolve_handle(self, call: Call) -> Reply:
        wanted = call.query.get("handle", "").casefold()
        for did, handle in self._handles.items():
            if handle == wanted:
                return Reply(200, {"did": did})
        raise _No(400, "HandleNotFound", "Unable to resolve handle")

    def _create_record(self, call: Call) -> Reply:
        did = self._own_repo(call)
        given = _object(call)
        collection, value = str(given.get("collection", "")), given.get("record")
        rkey = str(given.get("rkey") or self._rkey())
        if not isinstance(value, dict) or value.get("$type") != collection:
            raise _No(400, "InvalidRequest", f"Invalid {collection} record")
        if len(rkey) != 13 or any(letter not in _LETTERS for letter in rkey):
            raise _No(400, "InvalidRequest", "Invalid record key")
        self._check(collection, value)
        if (there := self._records.get(f"at://{did}/{collection}/{rkey}")) and not there.removed:
            raise _No(500, "InternalServerError", "Internal Server Error")  # as the real one answers
        headers = self._spend(_COST["com.atproto.repo.createRecord"])
        record = self._write(did, collection, value, rkey)
        return Reply(200, {**record.ref, "validationStatus": "valid"}, headers)

    def _delete_record(self, call: Call) -> Reply:
        did = self._own_repo(call)
        given = _object(call)
        headers = self._spend(_COST["com.atproto.repo.deleteRecord"])
        uri = f"at://{did}/{given.get('collection')}/{given.get('rkey')}"
        if uri in self._records:
            self._records[uri].removed = True
        return Reply(200, {}, headers)

    def _get_record(self, call: Call) -> Reply:
        uri = f"at://{call.query.get('repo')}/{call.query.get('collection')}/{call.query.get('rkey')}"
        record = self._records.get(uri)
        if record is None or record.removed:
            raise _No(400, "RecordNotFound", f"Could not locate record: {uri}")
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
        page = sorted(mine, key=lambda each: each.rkey, reverse=True)[: _limit(call)]
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
            raise _No(400, "BlobNotFound", "Blob not found")
        return Reply(200, content, {"Content-Type": mime})

    def _blob(self, content: bytes, mime: str) -> dict[str, Any]:
        cid = "bafkrei" + hashlib.sha256(content).hexdigest()[:52]
        self._blobs[cid] = (content, mime or "application/octet-stream")
        return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(content)}

    def _own_repo(self, call: Call) -> str:
        did = self._signed_in(call)
        if _object(call).get("repo") not in (did, self._handles[did]):
            raise _No(403, "Forbidden", "This repository belongs to someone else")
        return did

    def _check(self, collection: str, value: dict[str, Any]) -> None:
        """What the network's own rules say about a record, and a little stricter about facets."""
        try:
            datetime.fromisoformat(value["createdAt"])
            if collection == POST:
                _check_post(value)
                for ref in (value.get("reply") or {}).values():
                    self._check_ref(ref)
            elif collection in (LIKE, REPOST):
                self._check_ref(value["subject"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _No(400, "InvalidRequest", f"Invalid {collection} record: {error}") from error
        for image in (value.get("embed") or {}).get("images") or []:
            link = image["image"]["ref"]["$link"]
            if link not in self._blobs:
                raise _No(400, "BlobNotFound", f"Could not find blob: {link}")
            if len(self._blobs[link][0]) > _BIGGEST_IMAGE:
                raise _No(400, "BlobTooLarge", f"This file is too large. Maximum is {_BIGGEST_IMAGE} bytes")
            if not self._blobs[link][1].startswith("image/"):
                raise _No(400, "InvalidMimeType", "Wrong type of file. Must be image/*")

    def _check_ref(self, ref: dict[str, str]) -> None:
        if not ref["cid"].startswith("baf"):
            raise ValueError("a reference without a CID")
        self._known(ref["uri"])

    def _known(self, uri: str) -> _Record:
        """The record, or a placeholder for one of an earlier run."""
        parts = uri.split("/")
        if len(parts) != 5 or parts[0] != "at:" or not parts[2].startswith("did:"):
            raise ValueError(f"not the address of a record: {uri}")
        if uri not in self._records:
            value = {"$type": parts[3], "text": "…", "createdAt": _iso(self.clock.now())}
            self._records[uri] = _Record(uri, _cid(uri), value, self.clock.now())
        return self._records[uri]

    def _write(
        self, did: str, collection: str, value: dict[str, Any], rkey: str = "", at: datetime | None = None
    ) -> _Record:
        uri = f"at://{did}/{collection}/{rkey or self._rkey()}"
        record = _Record(uri, _cid(uri + json.dumps(value)), value, at or self.clock.now())
        self._records[uri] = record
        self._below.setdefault(record.subject or record.parent, []).append(record)
        self._notify(record)
        return record

    def _rkey(self) -> str:
        """A new record key: later ones sort later."""
        micros = max(int(self.clock.now().timestamp() * 1_000_000), self._last_micros + 1)
        self._last_micros = micros
        value = micros << 10
        return "".join(_LETTERS[value >> 5 * place & 31] for place in reversed(range(13)))

    # ------------------------------------------------------------------------- the view

    def _notify(self, record: _Record) -> None:
        """Tell the account when a record of someone else concerns it; one notification per record."""
        if record.did == self.us:
            return
        reason, subject = self._concern(record)
        if reason:
            self._notifications.append(_Notification(record, self.us, reason, subject))

    def _concern(self, record: _Record) -> tuple[str, str]:
        for reason, collection in _REACTIONS.items():
            if record.collection == collection:
                return (reason, record.subject) if self._ours(record.subject) else ("", "")
        if self.us in _mentioned(record.value):
            return "mention", ""  # also when it is a reply: one notification for one post
        if self._ours(record.parent) or self._ours(record.root if record.parent else ""):
            return "reply", record.parent if self._ours(record.parent) else record.root
        embed = record.value.get("embed") or {}
        quoted = str((embed.get("record") or {}).get("uri", ""))
        if self._ours(quoted):
            return "quote", quoted
        return "", ""

    def _ours(self, uri: str) -> bool:
        return uri.startswith(f"at://{self.us}/")

    def _list_notifications(self, call: Call) -> Reply:
        did = self._signed_in(call)
        if "seenAt" in call.query:
            raise _No(400, "InvalidRequest", "The seenAt parameter is unsupported")
        reasons = {value for name, value in call.pairs if name in ("reasons", "reasons[]")}
        found = [
            each
            for each in self._notifications
            if each.owner == did and not each.record.removed and (not reasons or each.reason in reasons)
        ]
        newest_first = sorted(found, key=lambda each: (each.record.at, each.record.uri), reverse=True)
        before = call.query.get("cursor")
        rest = [each for each in newest_first if not before or _place(each) < before]
        page = rest[: _limit(call)]
        # As the real one does: who never opened the list has it opened by the newest on its first page.
        opened = self._opened or (page[0].record.at if page and not before else None)
        answer: dict[str, Any] = {
            "notifications": [self._notification(each, opened) for each in page],
            "priority": False,
            **({"seenAt": _iso(opened)} if opened else {}),
        }
        if len(rest) > len(page):
            answer["cursor"] = _place(page[-1])
        return Reply(200, answer)

    def _notification(self, told: _Notification, opened: datetime | None) -> dict[str, Any]:
        view = {
            **told.record.ref,
            "author": self._profile(told.record.did),
            "reason": told.reason,
            "record": told.record.value,
            "isRead": opened is not None and told.record.at < opened,
            "indexedAt": _iso(told.record.at),
            "labels": [],
        }
        return {**view, "reasonSubject": told.subject} if told.subject else view

    def _update_seen(self, call: Call) -> Reply:
        self._signed_in(call)
        try:
            self._opened = datetime.fromisoformat(str(_object(call).get("seenAt")))
        except ValueError as error:
            raise _No(400, "InvalidRequest", "Input/seenAt must be an valid atproto datetime") from error
        return Reply(200, b"")

    def _get_posts(self, call: Call) -> Reply:
        did = self._signed_in(call)
        uris = [value for name, value in call.pairs if name in ("uris", "uris[]")]
        if not 1 <= len(uris) <= 25:
            raise _No(400, "InvalidRequest", "uris must have 1 to 25 items")
        found = []
        for uri in uris:
            try:
                record = self._known(uri)
            except ValueError as error:
                raise _No(400, "InvalidRequest", "uris must be at-uris") from error
            if not record.removed:
                found.append(self._post(record, did))
        return Reply(200, {"posts": found})

    def _post(self, record: _Record, viewer: str) -> dict[str, Any]:
        view: dict[str, Any] = {
            **record.ref,
            "author": self._profile(record.did),
            "record": record.value,
            "replyCount": len(self._pointing(POST, record)),
            "repostCount": self._shares(record),
            "likeCount": self._likes(record),
            "indexedAt": _iso(record.at),
            "viewer": {},
            "labels": [],
        }
        for name, collection in _REACTIONS.items():
            for each in self._pointing(collection, record):
                if each.did == viewer:
                    view["viewer"][name] = each.uri
        images = (record.value.get("embed") or {}).get("images") or []
        if images:
            shown = [{"fullsize": url, "thumb": url, "alt": ""} for url in self._image_urls(record)]
            view["embed"] = {"$type": "app.bsky.embed.images#view", "images": shown}
        return view

    def _get_profile(self, call: Call) -> Reply:
        self._signed_in(call)
        actor = call.query.get("actor", "")
        for did, handle in self._handles.items():
            if actor in (did, handle):
                return Reply(200, self._profile(did))
        raise _No(400, "InvalidRequest", "Profile not found")

    def _profile(self, did: str) -> dict[str, Any]:
        if did not in self._names:
            return {"did": did, "handle": "handle.invalid"}
        return {"did": did, "handle": self._handles[did], "displayName": self._names[did], "labels": []}

    def _living(self, collection: str) -> list[_Record]:
        return [each for each in self._records.values() if each.collection == collection and not each.removed]

    def _pointing(self, collection: str, at: _Record) -> list[_Record]:
        below = self._below.get(at.uri, ())
        return [each for each in below if each.collection == collection and not each.removed]

    def _likes(self, record: _Record) -> int:
        return len(self._pointing(LIKE, record)) + self._faces.get(record.uri, (0, 0))[0]

    def _shares(self, record: _Record) -> int:
        return len(self._pointing(REPOST, record)) + self._faces.get(record.uri, (0, 0))[1]

    def _image_urls(self, record: _Record) -> list[str]:
        images = (record.value.get("embed") or {}).get("images") or []
        address = f"{self.url}/xrpc/com.atproto.sync.getBlob?did={record.did}&cid="
        return [address + image["image"]["ref"]["$link"] for image in images]

    # ------------------------------------------------------------------------- chat

    def _proxied(self, nsid: str, call: Call) -> Reply:
        """The account's server passes chat on to the service that the caller names."""
        did = self._signed_in(call)
        if call.headers.get("atproto-proxy") != CHAT:
            raise _No(404, "XRPCNotSupported", "No service configured for this call")
        if not self.chat_right:
            raise _No(400, "InvalidToken", "Bad token method")
        return self.chat(nsid, call, did)

    def chat(self, nsid: str, call: Call, did: str) -> Reply:
        """The chat service: a call that was found to come from this person."""
        method = _CHAT_METHODS.get((call.method, nsid))
        if method is None:
            return Reply(501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"})
        try:
            return method(self, call, did)
        except _No as no:
            return no.reply

    def _get_log(self, call: Call, did: str) -> Reply:
        after = call.query.get("cursor", "")
        found = [entry for member, rev, entry in self._log if member == did and rev > after][:100]
        newest = found[-1]["rev"] if found else after or self._rkey()
        return Reply(200, {"logs": found, "cursor": newest})

    def _get_convo(self, call: Call, did: str) -> Reply:
        return Reply(200, {"convo": self._convo_view(self._convo(call.query.get("convoId", ""), did), did)})

    def _get_convo_for_members(self, call: Call, did: str) -> Reply:
        members = [value for name, value in call.pairs if name in ("members", "members[]")]
        others = [member for member in members if member != did]
        if len(others) != 1 or others[0] not in self._names:
            raise _No(400, "InvalidRequest", "Invalid members")
        if not self.chat_open[others[0]]:
            raise _No(400, "MessagesDisabled", "recipient has disabled incoming messages")
        return Reply(200, {"convo": self._convo_view(self._between(did, others[0], opened_by=did), did)})

    def _get_messages(self, call: Call, did: str) -> Reply:
        convo = self._convo(call.query.get("convoId", ""), did)
        before = call.query.get("cursor") or "~"
        newest_first = [each for each in reversed(convo.messages) if each.rev < before]
        page = newest_first[: _limit(call)]
        answer: dict[str, Any] = {"messages": [each.shown() for each in page]}
        if len(newest_first) > len(page):
            answer["cursor"] = page[-1].rev
        return Reply(200, answer)

    def _send_message(self, call: Call, did: str) -> Reply:
        given = _object(call)
        convo = self._convo(str(given.get("convoId", "")), did)
        message = given.get("message")
        text = message.get("text") if isinstance(message, dict) else None
        if not isinstance(text, str) or not text:
            raise _No(400, "InvalidRequest", "Input/message must have the property text")
        if measure(text, "graphemes") > 1000 or measure(text, "bytes") > 10000:
            raise _No(400, "InvalidRequest", "Input/message/text must not be longer than 1000 graphemes")
        other = next(member for member in convo.members if member != did)
        if not self.chat_open[other]:
            raise _No(400, "MessagesDisabled", "recipient has disabled incoming messages")
        return Reply(200, self._say(convo, did, text).shown())

    def _accept_convo(self, call: Call, did: str) -> Reply:
        self._convo(str(_object(call).get("convoId", "")), did).accepted.add(did)
        return Reply(200, {"rev": self._rkey()})

    def _update_read(self, call: Call, did: str) -> Reply:
        convo = self._convo(str(_object(call).get("convoId", "")), did)
        convo.read[did] = str(_object(call).get("messageId") or "")
        return Reply(200, {"convo": self._convo_view(convo, did)})

    def _convo(self, convo_id: str, did: str) -> _Convo:
        convo = self._convos.get(convo_id) or self._old_convo(convo_id, did)
        if convo is None or did not in convo.members:
            raise _No(400, "InvalidConvo", "Convo not found")
        return convo

    def _old_convo(self, convo_id: str, did: str) -> _Convo | None:
        """A conversation of an earlier run: its id is made of its members, so it can be told whose it was."""
        for other in self._names:
            if other != did and self._convo_id(did, other) == convo_id:
                return self._between(did, other, opened_by=other)
        return None

    def _convo_id(self, one: str, other: str) -> str:
        return self.ids.stable(*sorted((one, other)), size=13)

    def _between(self, one: str, other: str, *, opened_by: str) -> _Convo:
        convo_id = self._convo_id(one, other)
        if convo_id not in self._convos:
            self._convos[convo_id] = _Convo(convo_id, (one, other), {opened_by})
            self._tell(self._convos[convo_id], "logBeginConvo", {})
        return self._convos[convo_id]

    def _convo_view(self, convo: _Convo, did: str) -> dict[str, Any]:
        return {
            "id": convo.id,
            "rev": convo.messages[-1].rev if convo.messages else self._rkey(),
            "members": [self._profile(member) for member in convo.members],
            "status": "accepted" if did in convo.accepted else "request",
            "muted": False,
            "unreadCount": 0,
        }

    def _say(self, convo: _Convo, did: str, text: str) -> _ChatMessage:
        rev = self._rkey()
        message = _ChatMessage(rev, rev, did, text, self.clock.now())
        convo.messages.append(message)
        convo.accepted.add(did)
        self._tell(convo, "logCreateMessage", {"message": message.shown()})
        return message

    def _tell(self, convo: _Convo, what: str, more: dict[str, Any]) -> None:
        rev = self._rkey()
        entry = {"$type": f"chat.bsky.convo.defs#{what}", "rev": rev, "convoId": convo.id, **more}
        self._log += [(member, rev, entry) for member in convo.members]

    # ------------------------------------------------------------------------- customers

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

    def play_message(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        if picture:
            raise PlayError("Bluesky chat takes no pictures.")
        did = self._did(person)
        message = self._say(self._between(did, self.us, opened_by=did), did, text)
        return {"id": message.id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        did = self._did(person)
        if message := self._message(id):
            return self._react_in_chat(did, *message, reaction, on)
        collection = _REACTIONS.get(reaction)
        if collection is None:
            raise PlayError("On Bluesky one can like or repost.")
        subject = self._there(id)
        mine = [each for each in self._pointing(collection, subject) if each.did == did]
        if on and not mine:
            created = {"$type": collection, "subject": subject.ref, "createdAt": _iso(self.clock.now())}
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

    def play_say_elsewhere(self, person: str, text: str) -> dict[str, Any]:
        """The company writes privately from Bluesky's own app."""
        convo = self._between(self.us, self._did(person), opened_by=self.us)
        return {"id": self._say(convo, self.us, text).id}

    def play_leave(self, person: str) -> dict[str, Any]:
        """The customer takes no more messages from anyone."""
        self.chat_open[self._did(person)] = False
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.chat_open[self._did(person)] = True
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

    # ------------------------------------------------------------------------- what is seen

    def scene(self, person: str) -> Scene:
        did = self._did(person)
        told = {each.record.uri for each in self._notifications}
        roots = [each for each in self._records.values() if each.collection == POST and not each.parent]
        visible = [each for each in roots if each.did in (did, self.us) or each.uri in told]
        posts = [self._post_view(each, did) for each in visible[-_MOST_SHOWN:]]
        chats = [self._chat_view(convo, did) for convo in self._convos.values() if did in convo.members]
        return Scene(posts=sorted(posts, key=lambda each: each.at, reverse=True), chats=chats)

    def seen(self) -> dict[str, Any]:
        ours = [each for each in self._records.values() if each.did == self.us]
        return {
            "posts": [
                {
                    **each.ref,
                    "text": each.value.get("text", ""),
                    "parent": each.parent,
                    "record": each.value,
                    "removed": each.removed,
                }
                for each in ours
                if each.collection == POST
            ],
            "likes": [each.subject for each in ours if each.collection == LIKE and not each.removed],
            "reposts": [each.subject for each in ours if each.collection == REPOST and not each.removed],
            "messages": [
                {"id": message.id, "to": other, "text": message.text}
                for convo in self._convos.values()
                for message in convo.messages
                for other in convo.members
                if message.sender == self.us and other != self.us
            ],
        }

    def _post_view(self, record: _Record, did: str) -> PostView:
        return PostView(
            id=record.uri,
            author=self._names.get(record.did, record.did),
            text=record.value.get("text", ""),
            at=record.at,
            picture=next(iter(self._image_urls(record)), ""),
            likes=self._likes(record),
            shares=self._shares(record),
            ours=record.did == self.us,
            mine=record.did == did,
            liked=any(each.did == self.us for each in self._pointing(LIKE, record)),
            removed=record.removed,
            comments=self._lines_under(record.uri, did),
        )

    def _lines_under(self, uri: str, did: str) -> list[Line]:
        replies = [each for each in self._below.get(uri, ()) if each.collection == POST]
        return [self._line(each, did) for each in sorted(replies, key=lambda each: each.at)]

    def _line(self, record: _Record, did: str) -> Line:
        return Line(
            id=record.uri,
            author=self._names.get(record.did, record.did),
            text=record.value.get("text", ""),
            at=record.at,
            ours=record.did == self.us,
            mine=record.did == did,
            picture=next(iter(self._image_urls(record)), ""),
            likes=len(self._pointing(LIKE, record)),
            liked=any(each.did == self.us for each in self._pointing(LIKE, record)),
            removed=record.removed,
            replies=self._lines_under(record.uri, did),
        )

    def _chat_view(self, convo: _Convo, did: str) -> ChatView:
        lines = [
            Line(
                id=message.id,
                author=self._names[message.sender],
                text=message.text,
                at=message.at,
                ours=message.sender == self.us,
                mine=message.sender == did,
                likes=len(message.reactions),
                removed=message.removed,
            )
            for message in convo.messages
        ]
        other = next(member for member in convo.members if member != did)
        return ChatView(id=convo.id, title=self._names[other], lines=lines)

    # ------------------------------------------------------------------------- small things

    def _did(self, key: str) -> str:
        if key != COMPANY:
            try:
                person_named(key)
            except KeyError as error:
                raise PlayError(f"Nobody of the cast is called {key}.") from error
        return f"did:plc:{self.ids.stable('bluesky', key)}"

    def _post_value(self, text: str, picture: str) -> dict[str, Any]:
        value: dict[str, Any] = {"$type": POST, "text": text, "createdAt": _iso(self.clock.now())}
        if url := self.picture(picture):
            if not url.startswith(self.url):
                raise PlayError("Bluesky takes pictures, not addresses of pictures.")
            kept = self.kept(url.removeprefix(self.url))
            blob = self._blob(kept.content(), kept.headers["Content-Type"])
            value["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}
        return value

    def _made(self, record: _Record) -> dict[str, Any]:
        return {"id": record.uri, "cid": record.cid}

    def _newest_post(self) -> _Record:
        posts = [each for each in self._living(POST) if each.did == self.us and not each.parent]
        if not posts:
            raise PlayError("The company has not posted anything yet.")
        return max(posts, key=lambda each: each.at)

    def _there(self, uri: str) -> _Record:
        try:
            record = self._known(uri)
        except ValueError as error:
            raise PlayError(str(error)) from error
        if record.removed:
            raise PlayError("That post was deleted.")
        return record

    def _message(self, message_id: str) -> tuple[_Convo, _ChatMessage] | None:
        for convo in self._convos.values():
            for message in convo.messages:
                if message.id == message_id:
                    return convo, message
        return None

    def _react_in_chat(
        self, did: str, convo: _Convo, message: _ChatMessage, reaction: str, on: bool
    ) -> dict[str, Any]:
        emoji = "❤️" if reaction == "like" else reaction
        made = {"value": emoji, "sender": {"did": did}, "createdAt": _iso(self.clock.now())}
        kept = [each for each in message.reactions if (each["sender"]["did"], each["value"]) != (did, emoji)]
        message.reactions = [*kept, made] if on else kept
        what = "logAddReaction" if on else "logRemoveReaction"
        self._tell(convo, what, {"message": message.shown(), "reaction": made})
        return {"id": message.id}


def _check_post(value: dict[str, Any]) -> None:
    text = value["text"]
    raw = text.encode()
    if measure(text, "graphemes") > 300:
        raise ValueError("grapheme too big (maximum 300) at $.record.text")
    if len(raw) > 3000:
        raise ValueError("string too big (maximum 3000) at $.record.text")
    if len((value.get("embed") or {}).get("images") or []) > 4:
        raise ValueError("array too big (maximum 4) at $.record.embed.images")
    if "reply" in value and set(value["reply"]) != {"root", "parent"}:
        raise ValueError("a reply needs its root and its parent")
    for facet in value.get("facets") or []:
        _check_facet(facet, raw)


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


def _mentioned(value: dict[str, Any]) -> set[str]:
    return {
        feature["did"]
        for facet in value.get("facets") or []
        for feature in facet["features"]
        if feature["$type"].endswith("#mention")
    }


def _object(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise _No(400, "InvalidRequest", "A request body is expected but none was provided")
    return call.json


def _limit(call: Call) -> int:
    try:
        limit = int(call.query.get("limit", "50"))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 100:
        raise _No(400, "InvalidRequest", "limit must be 1 to 100")
    return limit


def _place(told: _Notification) -> str:
    """A notification's place in the list: the cursor says from where on."""
    return f"{told.record.at.astimezone(UTC).isoformat(timespec='microseconds')}::{told.record.uri}"


def _cid(words: str) -> str:
    return "bafyrei" + hashlib.sha256(words.encode()).hexdigest()[:52]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_METHODS: dict[tuple[str, str], Callable[[Bluesky, Call], Reply]] = {
    ("POST", "com.atproto.server.createSession"): Bluesky._create_session,
    ("POST", "com.atproto.server.refreshSession"): Bluesky._refresh_session,
    ("GET", "com.atproto.server.getSession"): Bluesky._get_session,
    ("GET", "com.atproto.identity.resolveHandle"): Bluesky._resolve_handle,
    ("POST", "com.atproto.repo.createRecord"): Bluesky._create_record,
    ("POST", "com.atproto.repo.deleteRecord"): Bluesky._delete_record,
    ("GET", "com.atproto.repo.getRecord"): Bluesky._get_record,
    ("GET", "com.atproto.repo.listRecords"): Bluesky._list_records,
    ("POST", "com.atproto.repo.uploadBlob"): Bluesky._upload_blob,
    ("GET", "com.atproto.sync.getBlob"): Bluesky._get_blob,
    ("GET", "app.bsky.notification.listNotifications"): Bluesky._list_notifications,
    ("POST", "app.bsky.notification.updateSeen"): Bluesky._update_seen,
    ("GET", "app.bsky.feed.getPosts"): Bluesky._get_posts,
    ("GET", "app.bsky.actor.getProfile"): Bluesky._get_profile,
}
_CHAT_METHODS: dict[tuple[str, str], Callable[[Bluesky, Call, str], Reply]] = {
    ("GET", "chat.bsky.convo.getLog"): Bluesky._get_log,
    ("GET", "chat.bsky.convo.getConvo"): Bluesky._get_convo,
    ("GET", "chat.bsky.convo.getConvoForMembers"): Bluesky._get_convo_for_members,
    ("GET", "chat.bsky.convo.getMessages"): Bluesky._get_messages,
    ("POST", "chat.bsky.convo.sendMessage"): Bluesky._send_message,
    ("POST", "chat.bsky.convo.acceptConvo"): Bluesky._accept_convo,
    ("POST", "chat.bsky.convo.updateRead"): Bluesky._update_read,
}

simulator = Bluesky
