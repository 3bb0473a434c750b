"""The number: its ids, its token, its chats and the ids of customers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import DemoAccount, PlayError, Sandbox
from heed.sandbox.meta.app import MetaApp

WINDOW = timedelta(hours=24)
PREFIXES = {"SI": "386", "EG": "20", "MN": "976", "JO": "962", "GB": "44"}
FIELDS = frozenset(
    {
        "account_alerts",
        "account_update",
        "history",
        "message_template_quality_update",
        "message_template_status_update",
        "messages",
        "phone_number_quality_update",
        "smb_app_state_sync",
        "smb_message_echoes",
        "standby",
        "user_id_update",
        "user_preferences",
    }
)
SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")


@dataclass(slots=True)
class Stored:
    """A file at Meta, sent by a customer or uploaded by the company; `url` is its copy for the pages."""

    content: bytes
    mime: str
    url: str
    name: str = ""


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the company; `key` is what the
    company sent along to have it back in the statuses."""

    id: str
    by: str
    at: datetime
    kind: str
    content: dict[str, Any]
    context: str = ""
    key: str | None = None
    state: str = ""
    text: str = ""
    file: Stored | None = None
    edited: bool = False
    removed: bool = False
    reactions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Chat:
    """The chat with one customer; `last_in` opens the window in which the company may write."""

    entries: list[Entry] = field(default_factory=list)
    last_in: datetime | None = None
    number_hidden: bool = False
    numbers: int = 1
    company_types: bool = False


PHONE = "+386 40 123 456"
SECOND_PHONE = "+386 40 123 999"


class Number(MetaApp):
    about = "whatsapp_business_account"
    usage = "whatsapp"
    agent = "facebookexternalua"
    fields = FIELDS
    permissions = SCOPES
    span_of_ids = 9 * 10**14
    revoked = 467

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.subscribed: set[str] = set()
        self.chats = {person.key: Chat() for person in (*CUSTOMERS, OUTSIDER)}
        self.files: dict[str, Stored] = {}
        self.paused: set[str] = set()

    def accounts(self) -> list[DemoAccount]:
        return [self._account(self.number_id, self.business)]

    def second(self) -> DemoAccount:
        """Another number, in a business account of its own: of the same app, whose webhook has the news of
        both."""
        return self._account(self.second_number, self.second_business)

    def _account(self, number_id: str, business: str) -> DemoAccount:
        credentials = {
            "phone_number_id": number_id,
            "business_account_id": business,
            "access_token": self.token,
            "app_secret": self.secret,
            "verify_token": self.verify_token,
        }
        return DemoAccount(f"{COMPANY} on WhatsApp", number_id, credentials)

    @property
    def number_id(self) -> str:
        return self._digits("number")

    @property
    def business(self) -> str:
        return self._digits("business")

    @property
    def second_number(self) -> str:
        return self._digits("second number")

    @property
    def second_business(self) -> str:
        return self._digits("second business")

    @property
    def owner(self) -> str:
        return self.business

    @property
    def token(self) -> str:
        return "EAAW" + self.ids.stable("whatsapp", "token", size=40)

    def wa_id(self, person: str) -> str:
        """The customer's number; another one after they changed it."""
        digits = int(self.ids.stable("whatsapp", "phone", person, str(self.chats[person].numbers)), 16)
        return PREFIXES[person_named(person).country] + str(10**7 + digits % (9 * 10**7))

    def user_id(self, person: str) -> str:
        """The customer's id within this business; it changes with the number."""
        digits = self._digits("user", person, str(self.chats[person].numbers))
        return f"{person_named(person).country}.{digits}"

    def restore(self, external_id: str, hook_url: str) -> None:
        """Chats of an earlier run are taken for open."""
        if external_id == self.number_id:
            self.hook_url, self.app_fields = hook_url, sorted(FIELDS)
            self.subscribed, self.restored = {self.business}, True

    def _status_of(self, template: dict[str, Any]) -> str:
        return "PAUSED" if template["name"] in self.paused else str(template["status"])

    def _window_open(self, person: str) -> bool:
        last = self.chats[person].last_in
        return self.restored if last is None else self.clock.now() - last <= WINDOW

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    def _named(self, person: str, id: str) -> Entry:
        """The message of this id in a customer's chat."""
        entry = next((each for each in self._chat(person).entries if each.id == id), None)
        if entry is None or entry.removed:
            raise PlayError(_("This message is no longer there."))
        return entry
