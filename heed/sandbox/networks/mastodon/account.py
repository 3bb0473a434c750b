"""The account, the people of its server and of another, and what has been written."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import DemoAccount, PlayError, Sandbox, Simulator
from heed.sandbox.networks.mastodon.answers import No

HOME = "mastodon.example"
AWAY = "social.example"
FROM_AWAY = frozenset({"omar", "nadia", "oto"})
SCOPES = (
    "read:accounts",
    "read:statuses",
    "read:notifications",
    "write:statuses",
    "write:media",
    "write:favourites",
)
LOOKS_UNTIL_READY = 2
SEEN_BY_ALL = ("public", "unlisted")
VISIBILITIES = (*SEEN_BY_ALL, "private", "direct")
_NAME = re.compile(r"(?<![\w@/])@([\w.-]*\w)(?:@([\w.-]*\w))?")


@dataclass
class Media:
    id: str
    url: str
    mime: str
    description: str = ""
    looks: int = 0
    """How often it must still be looked at before it is ready."""

    @property
    def type(self) -> str:
        return "gifv" if self.mime == "image/gif" else self.mime.partition("/")[0]

    def shown(self) -> dict[str, Any]:
        url = self.url if self.looks <= 0 else None
        return {
            "id": self.id,
            "type": self.type,
            "url": url,
            "preview_url": url,
            "remote_url": None,
            "description": self.description or None,
            "meta": {},
        }


@dataclass
class Status:
    id: str
    author: str
    text: str
    visibility: str
    at: datetime
    parent: str = ""
    quote: str = ""
    media: list[Media] = field(default_factory=list)
    spoiler: str = ""
    sensitive: bool = False
    versions: list[tuple[datetime, str]] = field(default_factory=list)
    likes: set[str] = field(default_factory=set)
    boosts: set[str] = field(default_factory=set)
    faces: tuple[int, int] = (0, 0)
    """Likes and boosts from the start, by people who are not of the cast."""
    removed: bool = False

    @property
    def edited_at(self) -> datetime | None:
        return self.versions[-1][0] if len(self.versions) > 1 else None


@dataclass
class Notification:
    id: str
    type: str
    at: datetime
    by: str
    status: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    filtered: bool = False


class Account(Simulator):
    """All that the simulator keeps."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.people = {COMPANY: COMPANY, **{each.key: each.name for each in (*CUSTOMERS, OUTSIDER)}}
        self.token = self.ids.stable("mastodon", "token", size=43)
        self.scopes: tuple[str, ...] = SCOPES
        self.server_version = "4.7.3"
        self.keeps_keys = True
        self.followed: set[str] = set()
        self._revoked = False
        self._apps: dict[str, dict[str, str]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._statuses: dict[str, Status] = {}
        self._below: dict[str, list[Status]] = {}
        self._media: dict[str, Media] = {}
        self._notifications: list[Notification] = []
        self._closed = threading.Event()
        self._keys: dict[str, tuple[str, datetime]] = {}
        self._spent: dict[str, list[datetime]] = {}
        self._born = self.ids.number()

    def start(self) -> None:
        self._closed.clear()

    def stop(self) -> None:
        self._closed.set()

    def accounts(self) -> list[DemoAccount]:
        return [DemoAccount(COMPANY, self._id_of(COMPANY), {"access_token": self.token})]

    def _names(self, text: str) -> set[str]:
        found = {self._named(match[1], match[2]) for match in _NAME.finditer(text)}
        return {each for each in found if each}

    def _named(self, name: str, host: str | None) -> str:
        for key in self.people:
            if self._username(key) == name.lower() and (host or HOME) == self._host(key):
                return key
        return ""

    def _username(self, key: str) -> str:
        return "acme" if key == COMPANY else person_named(key).handle.replace(".", "_")

    def _host(self, key: str) -> str:
        return AWAY if key in FROM_AWAY else HOME

    def _acct(self, key: str) -> str:
        return self._username(key) + (f"@{AWAY}" if key in FROM_AWAY else "")

    def _id_of(self, key: str) -> str:
        return str(10**17 + int(self.ids.stable("mastodon", key, size=12), 16))

    def _person(self, account_id: str) -> str:
        for key in self.people:
            if self._id_of(key) == account_id:
                return key
        raise No(404, "Zapis ni bil najden")

    def _known(self, person: str) -> None:
        if person not in self.people:
            raise PlayError(f"Nobody of the cast is called {person}.")

    def _profile(self, key: str) -> dict[str, Any]:
        return {
            "id": self._id_of(key),
            "username": self._username(key),
            "acct": self._acct(key),
            "display_name": self.people[key],
            "url": f"https://{self._host(key)}/@{self._username(key)}",
            "avatar": "",
            "bot": False,
            "locked": False,
        }
