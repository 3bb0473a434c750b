"""The official account, who follows it, what they wrote to each other, and its files."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person
from heed.sandbox.frame import DemoAccount, PlayError, Sandbox, Simulator

MEDIA_LIFE = timedelta(days=3)


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the account's own."""

    id: str
    by: str
    at: datetime
    text: str = ""
    picture: str = ""
    files: list[str] = field(default_factory=list)
    notice: bool = False


@dataclass(slots=True)
class Allowance:
    """What the account may send after something the customer did."""

    until: datetime
    left: int


@dataclass(slots=True)
class Chat:
    follows: bool = True
    entries: list[Entry] = field(default_factory=list)
    after_message: Allowance | None = None
    after_menu: Allowance | None = None
    wrote_at: datetime | None = None
    typing_until: datetime | None = None


@dataclass(slots=True)
class Stored:
    """A file with a media id."""

    kind: str
    content: bytes
    mime: str
    url: str
    until: datetime


class Account(Simulator):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.mode = "safe"
        self.chats = {person.key: Chat() for person in CUSTOMERS} | {OUTSIDER.key: Chat(follows=False)}
        self.people = {self.openid(person): person for person in (*CUSTOMERS, OUTSIDER)}
        # Sam is new: nobody noted yet at WeChat who that is.
        self.remarks = {person.key: person.name for person in CUSTOMERS if person.key != "sam"}
        self.tokens: dict[str, datetime] = {}
        self.token = ""
        self.stored: dict[str, Stored] = {}
        self.sent: Counter[date] = Counter()
        self.daily_limit = 500_000
        self.revoked = self.locked_out = self.unverified = False

    def accounts(self) -> list[DemoAccount]:
        def word(name: str, size: int) -> str:
            return self.ids.stable("wechat", name, size=size)

        key = base64.b64encode(bytes.fromhex(word("aes", 64))).decode()[:43]
        app = f"wx{word('app', 16)}"
        credentials = {"app_id": app, "app_secret": word("secret", 32), "token": word("token", 16)}
        return [DemoAccount(f"{COMPANY} on WeChat", app, {**credentials, "aes_key": key})]

    @property
    def credentials(self) -> Mapping[str, str]:
        return self.accounts()[0].credentials

    @property
    def today(self) -> date:
        """The day in China: by it quotas are counted."""
        return (self.clock.now() + timedelta(hours=8)).date()

    def openid(self, person: Person) -> str:
        """Twenty-eight characters, the same for ever; another account knows the person by another."""
        return "o" + self.ids.stable("wechat", "openid", person.key, size=27)

    def unionid(self, person: Person) -> str:
        return "o6_" + self.ids.stable("wechat", "unionid", person.key, size=25)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Whoever wrote in an earlier run may be answered as if they had written just now."""
        self.hook_url = hook_url
        for person in CUSTOMERS:
            self._wrote(self.chats[person.key])

    def _store(self, kind: str, content: bytes, mime: str, name: str) -> str:
        id = self.ids.name("media-")
        url = self.keep(content, mime, name)
        self.stored[id] = Stored(kind, content, mime, url, self.clock.now() + MEDIA_LIFE)
        return id

    def _wrote(self, chat: Chat) -> None:
        chat.wrote_at = self.clock.now()
        chat.after_message = self._allowance(timedelta(hours=48), 5)

    def _allowance(self, span: timedelta, sends: int) -> Allowance:
        return Allowance(self.clock.now() + span, sends)

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]
