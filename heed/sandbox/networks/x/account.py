"""The account, its people, and what has been written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import PlayError, Simulator

SIGNATURE = "x-twitter-webhooks-signature"
PRIVATE_EVENTS = frozenset(
    {
        "post.mention.create",
        "post.reply.create",
        "post.quote.create",
        "like.create",
        "dm.received",
        "dm.sent",
        "dm.read",
        "dm.indicate_typing",
        "chat.received",
    }
)
EVENTS = PRIVATE_EVENTS | {"post.create", "post.delete", "post.repost.create", "oauth.revoke"}
US = "acme"


@dataclass
class Post:
    """A post. `said` is what its author typed; a reply has names put before it."""

    id: str
    author: str
    said: str
    at: datetime
    conversation: str
    parent: str = ""
    quoted: str = ""
    reposted: str = ""
    prefix: str = ""
    files: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    likes: set[str] = field(default_factory=set)
    reposts: set[str] = field(default_factory=set)
    faces: tuple[int, int] = (0, 0)
    hidden: bool = False
    removed: bool = False


@dataclass
class Message:
    id: str
    sender: str
    receiver: str
    text: str
    at: datetime
    file: str = ""
    mime: str = ""
    removed: bool = False


@dataclass
class Upload:
    """A file on its way: announced, filled in pieces, closed."""

    id: str
    mime: str
    category: str
    size: int
    at: datetime
    pieces: dict[int, bytes] = field(default_factory=dict)
    closed: bool = False
    looks: int = 0
    alt: str = ""

    @property
    def content(self) -> bytes:
        return b"".join(piece for _, piece in sorted(self.pieces.items()))

    @property
    def kind(self) -> str:
        return self.category.rpartition("_")[2]


@dataclass
class Webhook:
    id: str
    url: str
    created: datetime
    proven: datetime
    valid: bool = True


class Account(Simulator):
    """All that the simulator keeps."""

    def __init__(self, sandbox: Any) -> None:
        super().__init__(sandbox)
        self.us = self.user_id(COMPANY)
        people = (*CUSTOMERS, OUTSIDER)
        self._names = {self.us: COMPANY} | {self.user_id(each.key): each.name for each in people}
        self._handles = {self.us: US} | {
            self.user_id(each.key): each.handle.replace(".", "_") for each in people
        }
        self.level = "enterprise"
        self.withheld: set[str] = set()
        self.spelling = "tweet"
        """How deliveries and answers call a post: `tweet`, or `post` as X is renaming them; `older` is
        the account activity deliveries before."""
        self.includes = True
        self.shape = "list"
        """How a new subscription is shown: as a `list`, `one` record or inside `subscription`."""
        self.names_webhooks = False
        """Whether the list of subscriptions says which webhook each leads to: X's own example does not."""
        self.limits = True
        self.tokens_hold = True
        self.mentions_held = 800
        """Whether a list of posts goes on from the token that it gave."""
        self.most_webhooks = 5
        self.credit = True
        self.open_to_messages = dict.fromkeys(self._names, True)
        self.consumer_secret = self.ids.stable("x", "consumer secret", size=40)
        self.consumer_key = self.ids.stable("x", "consumer key", size=20)
        self.client_id = self.ids.stable("x", "client", size=24)
        self.client_secret = self.ids.stable("x", "client secret", size=40)
        self.token_secret = self.ids.stable("x", "token secret", size=40)
        self._began = self.clock.now()
        self._spent_tokens: set[str] = set()
        self._dead_before: float = 0
        self._revoked = False
        self._codes: dict[str, tuple[datetime, dict[str, str]]] = {}
        self._webhooks: dict[str, Webhook] = {}
        self._subscriptions: dict[str, dict[str, Any]] = {}
        self._told: list[tuple[datetime, str, bytes]] = []
        self._posts: dict[str, Post] = {}
        self._liked: list[str] = []
        """What we like, in the order in which we began to."""
        self._reposts: dict[str, Post] = {}
        """Our own reposts, by the post that each repeats."""
        self._messages: list[Message] = []
        self._uploads: dict[str, Upload] = {}
        self._calls: dict[str, list[datetime]] = {}
        self._read: dict[str, datetime] = {}

    def user_id(self, key: str) -> str:
        """Someone's id: longer than a JavaScript number can hold."""
        if key != COMPANY:
            try:
                person_named(key)
            except KeyError as error:
                raise PlayError(_("Nobody of the cast is called %s.") % key) from error
        return str(10**18 + int(self.ids.stable("x", key, size=14), 16))

    def _number(self) -> str:
        """An id, longer than a JavaScript number can hold."""
        return str(self.ids.number() * 1000)
