"""The bot, its chats, and those of the business account it is connected to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox.cast import CUSTOMERS, OUTSIDER, Person
from heed.sandbox.frame import DemoAccount, Sandbox, Simulator

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
ASKED_FOR_BY_HEED = (
    "message",
    "edited_message",
    "message_reaction",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
OWNER_NAME = ("Maja", "Zupan")


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, `owner`, or empty for the bot's own;
    `copy` is where the customer finds its file; `liked` by the bot, `reacted` by the customer."""

    by: str
    at: datetime
    message: dict[str, Any]
    copy: str = ""
    edited: bool = False
    removed: bool = False
    liked: bool = False
    reacted: bool = False
    keyboard: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return int(self.message["message_id"])

    @property
    def text(self) -> str:
        return str(self.message.get("text") or self.message.get("caption") or "")


@dataclass(slots=True)
class Chat:
    """A customer's chat. `started` says that they pressed Start; `moved_to` is its new id."""

    person: Person
    business: bool = False
    started: bool = False
    blocked: bool = False
    moved_to: int = 0
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class File:
    """A file Telegram keeps. Its links expire and are made anew."""

    kind: str
    name: str
    mime: str
    content: bytes
    size: int


@dataclass(slots=True)
class Connection:
    """The business account's consent, and what its owner lets the bot do."""

    enabled: bool = False
    rights: frozenset[str] = frozenset()


class Bot(Simulator):
    """All that the simulator keeps."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        people = (*CUSTOMERS, OUTSIDER)
        self.chats = {person.key: Chat(person) for person in people}
        self.business_chats = {person.key: Chat(person, business=True, started=True) for person in people}
        self.by_id = {self.user_id(person.key): person.key for person in people}
        self.hook_url = self.secret = ""
        self.allowed: list[str] = []
        self.pending: list[dict[str, Any]] = []
        self.files: dict[str, File] = {}
        self.links: dict[str, tuple[str, datetime]] = {}
        self.connection = Connection()
        self.slow_until: datetime | None = None
        self.revoked = False
        self.last_error: dict[str, Any] = {}
        self.actions: list[tuple[str, str]] = []
        # Ids of messages and updates are 32 bits on Telegram; ten a second leave room for a restart.
        self._message_number = self.ids.number() // 1_000_000 * 10 % 2**31
        self._update_number = self._message_number // 3

    def accounts(self) -> list[DemoAccount]:
        token = f"{self.bot_id}:AA{self.ids.stable(self.place, 'token', size=33)}"
        name = f"{self.company} on Telegram"
        return [DemoAccount(name, str(self.bot_id), {"bot_token": token}, self.company)]

    @property
    def token(self) -> str:
        return self.accounts()[0].credentials["bot_token"]

    @property
    def bot_id(self) -> int:
        return self.user_id(f"bot{self.branch}")

    def user_id(self, key: str) -> int:
        """A number above 32 bits; the same for ever."""
        return 5_000_000_000 + int(self.ids.stable("telegram", key, size=7), 16)

    @property
    def connection_id(self) -> str:
        return self.ids.stable(self.place, "connection", size=22)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Telegram would know the secret and the kinds of updates: Heed makes the secret from the
        token. Whoever wrote in an earlier run has pressed Start."""
        self.hook_url = hook_url
        self.secret = hmac_sha256_hex(self.token, b"heed telegram webhook")
        self.allowed = list(ASKED_FOR_BY_HEED)
        for person in CUSTOMERS:
            self.chats[person.key].started = True

    def _next_message(self) -> int:
        self._message_number += 1
        return self._message_number

    def _bot(self) -> dict[str, Any]:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.company,
            "username": f"acme_{self.branch or 'shoes'}_bot",
        }

    def _owner(self) -> dict[str, Any]:
        first, last = OWNER_NAME
        return {"id": self.user_id("owner"), "is_bot": False, "first_name": first, "last_name": last}

    def _user(self, person: Person) -> dict[str, Any]:
        return {"is_bot": False, "language_code": person.language, **self._named(person)}

    def _chat_of(self, chat: Chat) -> dict[str, Any]:
        named = self._named(chat.person)
        return {**named, "id": chat.moved_to or named["id"], "type": "private"}

    def _named(self, person: Person) -> dict[str, Any]:
        first, _space, last = person.name.partition(" ")
        names = {"first_name": first, "last_name": last, "username": person.handle.replace(".", "_")}
        return {"id": self.user_id(person.key), **names}

    def _connection(self) -> dict[str, Any]:
        return {
            "id": self.connection_id,
            "user": self._owner(),
            "user_chat_id": self.user_id("owner"),
            "date": int(self.clock.now().timestamp()),
            "rights": dict.fromkeys(sorted(self.connection.rights), True),
            "is_enabled": self.connection.enabled,
        }

    def _line_id(self, chat: Chat, number: int) -> str:
        place = f"{self._chat_of(chat)['id']}:{number}"
        return f"{self.connection_id}:{place}" if chat.business else place


def entry_of(chat: Chat, number: int) -> Entry | None:
    return next((entry for entry in chat.entries if entry.number == number), None)
