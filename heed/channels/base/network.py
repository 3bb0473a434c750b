"""The shape of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from heed.channels.base.account import AccountRecord, Checked, Ear, Guide, OAuth, Permission
from heed.channels.base.capabilities import Action, Capabilities
from heed.channels.base.door import Admission, Hook
from heed.channels.base.fields import CredentialField
from heed.channels.base.inbound import Inbound
from heed.channels.base.outbound import Answer, Finding, Refusal, Sent, Target
from heed.channels.base.reason import Reason
from heed.lib import clock
from heed.lib.http import Response, Steps


@dataclass(frozen=True, slots=True)
class Collected:
    """A page of polled news: each body becomes a delivery in the ledger. `lost` are times, from when to when,
    of which the network gives out no more."""

    bodies: tuple[bytes, ...]
    cursor: Mapping[str, Any]
    more: bool = False
    lost: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read from the network: `what` is post, message or person."""

    what: Literal["post", "message", "person"]
    external_id: str
    refs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MediaSource:
    """Where a file can be fetched now. The headers go to this address only, never to a redirect on
    another host; neither is ever stored or logged. `hosts` are allowed besides the network's
    `media_hosts`, where every server keeps its files on a host of its own. `login` opens a mailbox
    (`imaps://…`)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str, str] | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()


def plain_media(url: str) -> Steps[MediaSource]:
    """For networks whose files lie open at the address they name."""
    yield from ()
    return MediaSource(url)


@dataclass(frozen=True, slots=True)
class Template:
    """A message the network has approved in advance. `text` shows its blanks as {{1}}, {{2}} …; `names`
    are what the network calls them, in that order, where it does not number them itself."""

    name: str
    language: str
    text: str
    blanks: int = 0
    names: tuple[str, ...] = ()


class Network(Protocol):
    """The shape of a network. All methods are pure. A network inherits from this: what it has no
    use for keeps the default."""

    name: str
    label: Any
    """Its name; translatable where it is no proper name."""

    short: str
    colour: str
    base_url: str
    body_limit: int
    polls: bool = False
    mails: bool = False
    """Whether an account can write to any address, what was said elsewhere (`Answer.subject`)."""

    fields: tuple[CredentialField, ...]
    media_hosts: tuple[str, ...] = ()
    capabilities: Capabilities
    shared_secret: str = ""
    """The credential field by which accounts of one app vouch for each other (a Meta app sends
    all its Pages' news to one address); empty where each account has its own address."""

    guide: Guide = Guide()
    oauth: OAuth | None = None
    sign_in_at: Any = ""
    """Where one signs in, if not at the network itself (translatable)."""

    lost_in_outage: Any = ""
    """What cannot be had back after an outage, for the admin (translatable)."""

    when_silent: Any = ""
    """What to look at when nothing comes for long, for the admin (translatable); empty: the webhook."""

    when_down: tuple[Any, Any] | None = None
    """The sentence and the way out when it cannot be reached, for the admin (translatable); None: those of
    a network that has one address."""

    server_label: Any = ""
    """What the base address is called where every account names its own (translatable); empty where all
    accounts live at one address."""

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """What an account can do of which `check` learned these facts."""
        return self.capabilities

    def waits_for_calls(self, facts: Mapping[str, Any]) -> bool:
        """Whether news is brought to us, so that it is missed while we cannot be reached. `facts` are the
        account's."""
        return not self.polls

    def known_as(self, account: AccountRecord) -> frozenset[str]:
        """What news may name instead of the account's own id: each account of the app that is known as that
        hears it, such as all numbers of a business."""
        return frozenset()

    def opens(self, credentials: Mapping[str, str]) -> str:
        """What these credentials open, to be read by an admin, where no server says whose they are: an
        account stays with what it first opened until it is disconnected. Empty where `check` finds out."""
        return ""

    def permissions(self, facts: Mapping[str, Any]) -> tuple[Permission, ...]:
        """The permissions that matter to an account with these facts."""
        return self.guide.permissions

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
        """A fresh session. Raises `Refusal('sign_in_again')`, at once where a sign-in cannot be renewed: then
        only another helps. Called by one owner at a time."""
        yield from ()
        raise Refusal("sign_in_again")

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        """Poll for news after `cursor` ({} at first); nothing where all news is brought to us."""
        yield from ()
        return Collected((), cursor)

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """Read a post, message or person from the network; nothing where nothing can be asked for."""
        yield from ()
        return []

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """Where the file of an `Attachment.url` can be fetched now; the address itself by default."""
        return plain_media(url)

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        """Send an answer. Raises `Refusal` or `SessionExpired`; a lost answer of the decisive
        request passes through as `AnswerLost`."""
        ...

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """Ask what became of an answer whose outcome is unknown."""
        ...

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        """Like, hide, delete, show typing …; returns refs to keep (a like's own address).
        `value` is the emoji of `react` or the new text of `edit`."""
        ...

    def backfill(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        """Read what was missed while nobody listened. `cursor` starts as {"since": ISO time, "posts": the
        ids of those that somebody wrote under in the last month}; the bodies go into the ledger and are
        read by `read`. Only for accounts that wait for calls. The same cursor back, and more, means: not
        yet; it is asked again some minutes later."""
        yield from ()
        return Collected((), cursor)

    def templates(self, account: AccountRecord) -> Steps[list[Template]]:
        """The approved templates of this account."""
        yield from ()
        return []

    def snippet(self, desk: str, external_id: str) -> str:
        """What to put into one's own pages so that customers can write there; empty where nothing has
        to be. `desk` is the address of this Heed, without a slash at the end."""
        return ""

    def private_link(self, external_id: str, handle: str) -> str:
        """A web address under which anyone can begin a private talk with this account; empty where the
        network has none. `external_id` and `handle` are the account's."""
        return ""

    def receivers(self, answer: Answer) -> tuple[str, ...]:
        """The addresses that `send` sends this private answer to: first of whom it is for, then of those who
        get a copy. Nothing where it goes to a person and not to addresses."""
        return ()

    def ear(self, account: AccountRecord) -> Ear | None:
        """A line to keep open so that news is collected at once; None where polling is enough."""
        return None


def refuse_unanswered(response: Response) -> None:
    """Raise for the HTTP states that mean the same everywhere: 429, and 503 before any work."""
    if response.status in (429, 503):
        reason: Reason = "slow_down" if response.status == 429 else "network_down"
        raise Refusal(reason, retry=True, after=response.retry_after(clock.now()), code=str(response.status))
