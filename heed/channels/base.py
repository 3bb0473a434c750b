"""What every network speaks: plain records in, plain requests out.

A network is a folder beside this file with a module `adapter` that holds `network`, an object
of the shape of `Network`. It imports this module and `heed.lib`, nothing else of Heed: it sees
no model, opens no connection and keeps no state. Calls to the network are *steps* (see
`heed.lib.http`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from heed.lib import clock
from heed.lib.http import Response, Steps
from heed.lib.text import Unit

Visibility = Literal["public", "private"]
AttachmentKind = Literal["image", "video", "audio", "file", "sticker", "link", "location", "contact"]

# ------------------------------------------------------------------------------- inbound


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on the network, or the account itself."""

    external_id: str
    name: str = ""
    handle: str = ""
    avatar_url: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent along. `url` is where the network keeps it: a web address, or `media:` and an id
    that the network's `media` turns into one. `text` stands in when there is nothing to fetch (a
    place's coordinates, a contact's number)."""

    kind: AttachmentKind
    url: str = ""
    name: str = ""
    mime: str = ""
    size: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One piece of news. `owner` is the account's own id on the network as the payload names it:
    empty means the account the delivery came to."""

    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Inbound):
    """A customer wrote. Public messages name the `post` they hang under.

    `kind` is the trade word shown beside it: comment, reply, mention, visitor_post, review,
    message, postback. `author` is None where the network does not say who wrote; a later
    `AuthorFound` may. `refs` holds what the network needs later to answer this message.
    `opens_window` is False for what does not let us answer freely (a bare receipt, a referral).
    """

    external_id: str
    at: datetime
    visibility: Visibility
    kind: str
    author: Person | None
    text: str = ""
    post: str = ""
    parent: str = ""
    attachments: tuple[Attachment, ...] = ()
    permalink: str = ""
    refs: Mapping[str, Any] = field(default_factory=dict)
    opens_window: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo(Inbound):
    """A message of our own as the network shows it back: sent by Heed or written elsewhere.

    `key` is what we sent along to know it again. `person` is the receiver of a private message;
    `parent` the comment a public one answers.
    """

    external_id: str
    at: datetime
    visibility: Visibility
    kind: str = "message"
    key: str = ""
    person: Person | None = None
    text: str = ""
    post: str = ""
    parent: str = ""
    attachments: tuple[Attachment, ...] = ()
    permalink: str = ""
    refs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorFound(Inbound):
    """Who wrote a message that came without an author."""

    external_id: str
    author: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Inbound):
    external_id: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRemoved(Inbound):
    external_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenChanged(Inbound):
    """A comment was hidden from, or shown again to, the public."""

    external_id: str
    at: datetime
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionChanged(Inbound):
    """Someone (or the account itself) reacted to a message or post, or took it back.
    `reaction` is `like` or the emoji or the network's word. `target` is its external id."""

    target: str
    at: datetime
    author: Person
    reaction: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Inbound):
    """Our message arrived, was seen or failed: by its ids, or everything to `person` up to
    `watermark`."""

    state: Literal["delivered", "seen", "failed"]
    at: datetime
    external_ids: tuple[str, ...] = ()
    person: str = ""
    watermark: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSeen(Inbound):
    """A post and what is known of it. None means *not said*: what was known stays."""

    external_id: str
    at: datetime | None = None
    author: Person | None = None
    text: str | None = None
    picture_url: str | None = None
    permalink: str | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    removed: bool | None = None
    refs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStale(Inbound):
    """Something about a post changed (a like, a share): worth reading it again."""

    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySeen(Inbound):
    """News about a person; `reachable` False means we cannot write to them now."""

    person: Person
    reachable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Inbound):
    """The network said something about our account: `problem` is a `Reason`, or empty when well."""

    problem: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood(Inbound):
    """An event kind we do not know. Kept and shown, never an error."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Inbound):
    """An item that could not be read: set aside with the reason, while its neighbours pass."""

    what: str
    error: str


T = TypeVar("T")


def each(items: Iterable[T], read: Callable[[T], Iterable[Inbound]], what: str) -> list[Inbound]:
    """Read items one by one; one that cannot be read becomes `Broken` and its neighbours pass."""
    found: list[Inbound] = []
    for item in items:
        try:
            found.extend(list(read(item)))
        except Exception as error:  # a poison item may fail in any way, and must stay alone
            found.append(Broken(what=what, error=f"{type(error).__name__}: {error}"[:500]))
    return found


class Malformed(Exception):
    """The whole body cannot be read: the delivery is set aside."""


# -------------------------------------------------------------------------------- the door


@dataclass(frozen=True, slots=True)
class Hook:
    """A request at the door. Header names are lower case; `body` is exactly what was sent."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door answers. `keep` says whether the body goes to the ledger first."""

    status: int
    keep: bool = False
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


ADMITTED = Admission(200, keep=True, body=b"{}", content_type="application/json")
REFUSED = Admission(403, body=b"The signature does not fit.")
WRONG_METHOD = Admission(405, body=b"This address takes POST.")

# ------------------------------------------------------------------------------ the account


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as a network sees it.

    `credentials` are the fields the network asks for, decrypted; `session` is what `renew`
    returned last; `base_url` is where its API lives, without a slash at the end; `settings`
    are the account's optional settings.
    """

    external_id: str
    name: str
    credentials: Mapping[str, str]
    base_url: str
    session: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    hook_url: str = ""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing to paste when connecting. `label` and `help` are translatable."""

    name: str
    label: Any
    help: Any = ""
    secret: bool = True
    required: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """What the network said of the account when it was connected."""

    external_id: str
    name: str = ""
    handle: str = ""


# ----------------------------------------------------------------------------- capabilities


@dataclass(frozen=True, slots=True)
class Limit:
    unit: Unit
    most: int


@dataclass(frozen=True, slots=True)
class Files:
    """Which files may go along. `types` are MIME types or `image/*`; `most_bytes` by prefix of
    type, `""` for all others. `with_text` is False where text and file are two messages."""

    types: tuple[str, ...]
    most_bytes: Mapping[str, int]
    count: int
    with_text: bool = True


@dataclass(frozen=True, slots=True)
class Writing:
    """How one may write, publicly or privately. No `files` means none can be sent.

    `window` is how many seconds after the customer's last private message we may write freely;
    None means always. All `limits` hold at once.
    """

    limits: tuple[Limit, ...]
    files: Files | None = None
    window: int | None = None


Action = Literal["like", "unlike", "hide", "unhide", "delete", "repost", "unrepost", "seen", "typing"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be done on a network, as data: composer, rules and API all ask the same.

    `private_reply` says that a public message can be answered privately by its author's comment;
    `private_reply_within` bounds it in seconds and it works once per comment. `on_theirs` and
    `on_ours` are the actions possible on public messages of customers and on our own;
    `on_private` those on private ones.
    """

    public: Writing | None = None
    private: Writing | None = None
    private_reply: bool = False
    private_reply_within: int | None = None
    on_theirs: frozenset[Action] = frozenset()
    on_ours: frozenset[Action] = frozenset()
    on_private: frozenset[Action] = frozenset()
    receipts: frozenset[Literal["delivered", "seen"]] = frozenset()


# --------------------------------------------------------------------------------- outbound


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of an answer: its bytes, and a public address where a network can fetch it."""

    name: str
    mime: str
    content: bytes
    url: str

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Target:
    """The message that an answer or an action refers to."""

    external_id: str
    visibility: Visibility
    kind: str
    post: str
    refs: Mapping[str, Any]
    ours: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A message to send. `key` is ours, the same at every attempt; `started` is when the first
    attempt began (None before it). `taken` are ids that belong to other answers of ours of that
    time: the same words under one of them prove nothing. A `private` answer with `to` a public
    message is a private reply to it. `person` is the receiver's id on the network, when known."""

    key: str
    visibility: Visibility
    text: str
    person: str
    to: Target | None
    files: tuple[OutgoingFile, ...] = ()
    created: datetime | None = None
    started: datetime | None = None
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sent:
    """The network took it. `person` is an id learned on the way (a commenter's private id)."""

    external_id: str
    at: datetime | None = None
    person: str = ""
    refs: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotThere:
    """The network proves that the message did not arrive: it may be sent again."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The network has no proof (yet). `ask_again` seconds, or None: a person must decide."""

    ask_again: float | None = None


Finding = Sent | NotThere | CannotTell

Reason = Literal[
    "sign_in_again",  # the token is dead: reconnect the account
    "not_allowed",  # a permission is missing
    "account_blocked",  # the network stopped this account
    "outside_window",  # too late to write freely
    "unreachable",  # this person cannot be written to
    "gone",  # what we answer is not there any more
    "already_done",  # only once, and it was done
    "too_long",
    "file_refused",
    "duplicate",
    "bad_request",  # the network did not accept what we sent
    "not_configured",
    "network_down",
    "slow_down",  # rate limit
]


class Refusal(Exception):
    """The network said no, in words we understand.

    `retry` tells transient from permanent; `after` is the wait in seconds the network asked for.
    `code` and `detail` are the network's own, shown small beneath our sentence.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        retry: bool = False,
        after: float | None = None,
        code: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(f"{reason} {code} {detail}".strip())
        self.reason: Reason = reason
        self.retry = retry
        self.after = after
        self.code = code
        self.detail = detail


class SessionExpired(Exception):
    """The short-lived sign-in ran out. Call `renew` under the account's lock and start again."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A page of polled news: each body becomes a delivery in the ledger."""

    bodies: tuple[bytes, ...]
    cursor: Mapping[str, Any]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read from the network: `what` is post, message or person."""

    what: Literal["post", "message", "person"]
    external_id: str
    refs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MediaSource:
    """Where a file can be fetched now. The headers go to this address only, never to a redirect
    on another host; neither is ever stored or logged."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def plain_media(url: str) -> Steps[MediaSource]:
    """For networks whose files lie open at the address they name."""
    yield from ()
    return MediaSource(url)


class Network(Protocol):
    """The shape of a network. All methods are pure."""

    name: str
    label: str
    short: str
    colour: str
    base_url: str
    body_limit: int
    polls: bool
    fields: tuple[CredentialField, ...]
    media_hosts: tuple[str, ...]
    capabilities: Capabilities
    shared_secret: str
    """The credential field by which accounts of one app vouch for each other (a Meta app sends
    all its Pages' news to one address); empty where each account has its own address."""

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """Judge a request at the door: handshake, signature, method. No parsing beyond that."""
        ...

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        """Turn a delivery into news. Raises `Malformed` when the body as a whole is unreadable."""
        ...

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """Prove the credentials and point the network's webhook at us. Raises `Refusal`."""
        ...

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        """A fresh session. Raises `Refusal('sign_in_again')`. Called by one owner at a time."""
        ...

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        """Poll for news after `cursor` ({} at first)."""
        ...

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """Read a post, message or person from the network."""
        ...

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """Where the file of an `Attachment.url` can be fetched now. Most use `plain_media`."""
        ...

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        """Send an answer. Raises `Refusal` or `SessionExpired`; a lost answer of the decisive
        request passes through as `AnswerLost`."""
        ...

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """Ask what became of an answer whose outcome is unknown."""
        ...

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str
    ) -> Steps[Mapping[str, Any]]:
        """Like, hide, delete, show typing …; returns refs to keep (a like's own address)."""
        ...


def refuse_unanswered(response: Response) -> None:
    """Raise for the HTTP states that mean the same everywhere: 429, and 503 before any work."""
    if response.status in (429, 503):
        reason: Reason = "slow_down" if response.status == 429 else "network_down"
        raise Refusal(reason, retry=True, after=response.retry_after(clock.now()), code=str(response.status))
