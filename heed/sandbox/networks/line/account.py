"""The official account, its friends, and what they wrote to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person
from heed.sandbox.frame import DemoAccount, PlayError, Sandbox, Simulator

HAS_QUOTE_TOKEN = frozenset({"text", "image", "video", "sticker"})


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the account's own; `content` is a
    file the customer sent, `copy` where a file can be looked at, `preview` where the picture before a
    film; `faulty` says that LINE cannot show the account's file, `read` that the account marked it as
    read."""

    id: str
    by: str
    at: datetime
    message: dict[str, Any]
    content: bytes = b""
    mime: str = ""
    copy: str = ""
    preview: str = ""
    faulty: bool = False
    read: bool = False
    removed: bool = False


@dataclass(slots=True)
class Chat:
    """The chat with one customer. `friend` says that they added the account, `blocked` that they
    blocked it since."""

    person: Person
    friend: bool = False
    blocked: bool = False
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Accepted:
    """A push that was accepted under a retry key."""

    at: datetime
    request: str
    sent: list[dict[str, Any]]


class Account(Simulator):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.redelivers = True
        people = (*CUSTOMERS, OUTSIDER)
        self.chats = {person.key: Chat(person) for person in people}
        self.by_id = {self.user_id(person.key): person.key for person in people}
        self.hook_url = ""
        self.use_webhook = True
        self.standby = False
        self.tokens: dict[str, datetime] = {}
        self.reply_tokens: dict[str, tuple[str, datetime]] = {}
        self.accepted: dict[str, Accepted] = {}
        self.told: list[dict[str, Any]] = []
        self.actions: list[tuple[str, str]] = []
        self.quota = 5000
        self.used = 0
        self.hurried = False
        self.revoked = False

    def accounts(self) -> list[DemoAccount]:
        channel = str(2_000_000_000 + int(self.ids.stable("line", "channel", size=6), 16))
        secret = self.ids.stable("line", "secret", size=32)
        credentials = {"channel_id": channel, "channel_secret": secret}
        return [DemoAccount(f"{COMPANY} on LINE", self.user_id("account"), credentials)]

    @property
    def secret(self) -> str:
        return self.accounts()[0].credentials["channel_secret"]

    def user_id(self, key: str) -> str:
        """The same for ever; other accounts would see another id of the same person."""
        return "U" + self.ids.stable("line", key, size=32)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Whoever wrote in an earlier run is still a friend."""
        self.hook_url = hook_url
        for person in CUSTOMERS:
            self.chats[person.key].friend = True

    def _next_id(self) -> str:
        return str(self.ids.number() * 331)

    def _token(self, kind: str, message: str) -> str:
        """The token that quotes a message (`q`) or marks it as read (`r`)."""
        return f"{kind}-{self.ids.stable('line', kind, message, size=40)}"

    def _chat_of(self, user_id: str) -> Chat | None:
        key = self.by_id.get(user_id)
        return self.chats[key] if key else None

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]
