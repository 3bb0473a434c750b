"""The account, its people, and what has been written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTLET, OUTSIDER, person_named
from heed.sandbox.frame import DemoAccount, PlayError, Simulator
from heed.sandbox.networks.bluesky.answers import iso

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"
_DOMAIN = "bsky.example"
_OF_THE_NETWORK = (
    "lock",
    "ours",
    "chat_open",
    "_family",
    "_names",
    "_handles",
    "_closed",
    "_records",
    "_below",
    "_faces",
    "_notifications",
    "_blobs",
    "_convos",
    "_log",
)
REACTIONS = {"like": LIKE, "repost": REPOST}


@dataclass
class Record:
    """A record in someone's repository."""

    uri: str
    cid: str
    value: dict[str, Any]
    at: datetime
    removed: bool = False
    closed_to: frozenset[str] = frozenset()
    """What its author lets nobody do: `reply`, `quote`."""

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

    @property
    def quoted(self) -> str:
        return str(quoted_in(self.value).get("uri", ""))

    @property
    def images(self) -> list[dict[str, Any]]:
        return images_in(self.value)


def quoted_in(value: dict[str, Any]) -> dict[str, Any]:
    """The reference to what a post quotes: beside pictures it lies one level deeper."""
    quoted: dict[str, Any] = (value.get("embed") or {}).get("record") or {}
    return quoted.get("record") or quoted


def images_in(value: dict[str, Any]) -> list[dict[str, Any]]:
    embed = value.get("embed") or {}
    return (embed.get("media") or embed).get("images") or []


@dataclass
class Notification:
    record: Record
    owner: str
    reason: str
    subject: str


@dataclass
class ChatMessage:
    id: str
    rev: str
    sender: str
    text: str
    at: datetime
    facets: list[Any] = field(default_factory=list)
    reactions: list[dict[str, Any]] = field(default_factory=list)
    removed: bool = False
    reply_to: ChatMessage | None = None

    def shown(self) -> dict[str, Any]:
        kind = "deletedMessageView" if self.removed else "messageView"
        view: dict[str, Any] = {
            "$type": f"chat.bsky.convo.defs#{kind}",
            "id": self.id,
            "rev": self.rev,
            "sender": {"did": self.sender},
            "sentAt": iso(self.at),
        }
        if self.removed:
            return view
        more = {"replyTo": self.reply_to.shown()} if self.reply_to else {}
        return {**view, "text": self.text, "reactions": list(self.reactions), **more}


@dataclass
class Convo:
    id: str
    members: tuple[str, ...]
    accepted: set[str]
    group: bool = False
    messages: list[ChatMessage] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)


class Account(Simulator):
    """All that the simulator keeps."""

    def __init__(self, sandbox: Any) -> None:
        super().__init__(sandbox)
        self._names = {self._did(COMPANY): COMPANY}
        self._handles = {self._did(COMPANY): f"acme.{_DOMAIN}"}
        for person in (*CUSTOMERS, OUTSIDER):
            self._names[self._did(person.key)] = person.name
            self._handles[self._did(person.key)] = f"{person.handle.replace('.', '-')}.{_DOMAIN}"
        self.us = self._did(self.company)
        secret = self.ids.stable(*filter(None, ("app password", self.branch)))
        self.app_password = "-".join(secret[at : at + 4] for at in (0, 4, 8, 12))
        self.chat_right = True
        self.chat_open = dict.fromkeys(self._names, True)
        self._closed: set[str] = set()
        self._records: dict[str, Record] = {}
        self._below: dict[str, list[Record]] = {}
        """The replies, likes and reposts that refer to a record, by its address."""
        self._faces: dict[str, tuple[int, int]] = {}
        """Likes and shares that a post had from the start, by people who are not of the cast."""
        self._notifications: list[Notification] = []
        self._opened: datetime | None = None
        self._blobs: dict[str, tuple[bytes, str]] = {}
        self._convos: dict[str, Convo] = {}
        self._log: list[tuple[str, str, dict[str, Any]]] = []
        self._dead: set[str] = set()
        self._issued_from: float = 0
        self._revoked = False
        self._sign_ins: list[datetime] = []
        self._spent: list[tuple[datetime, int]] = []
        self._last_micros = 0
        self.ours = [self.us]
        """The company's accounts of all its brands."""
        self._family: list[Account] = [self]
        if self.branch:
            self._move_in_with(sandbox[self.name])

    def _move_in_with(self, first: Account) -> None:
        """One network, whichever of the company's accounts looks at it: what is written by one is there for
        the others, under one lock."""
        for name in _OF_THE_NETWORK:
            setattr(self, name, getattr(first, name))
        self._names[self.us] = self.company
        self._handles[self.us] = f"acme-{self.branch}.{_DOMAIN}"
        self.chat_open[self.us] = True
        self.ours.append(self.us)
        self._family.append(self)

    def changed(self) -> None:
        for account in self._family:
            account.version += 1

    def accounts(self) -> list[DemoAccount]:
        credentials = {"identifier": self._handles[self.us], "app_password": self.app_password}
        return [DemoAccount(self.company, self.us, credentials, self.company)]

    def _profile(self, did: str) -> dict[str, Any]:
        if did not in self._names:
            return {"did": did, "handle": "handle.invalid"}
        return {"did": did, "handle": self._handles[did], "displayName": self._names[did], "labels": []}

    def _did(self, key: str) -> str:
        if key not in (COMPANY, OUTLET):
            try:
                person_named(key)
            except KeyError as error:
                raise PlayError(f"Nobody of the cast is called {key}.") from error
        return f"did:plc:{self.ids.stable('bluesky', key)}"
