"""What a network tells us: plain records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from heed.channels.base.faults import fault_in
from heed.channels.base.reason import Reason

Visibility = Literal["public", "private"]
MATTER = "matter"
"""In `refs` of a private message: what it is about, always spelt the same."""
QUOTED = "quoted"
"""In `refs` of a message that quotes a post: its `id`, and the `url` where people see it, by which a link
among the attachments is known to be the same."""

AttachmentKind = Literal["image", "video", "audio", "file", "sticker", "link", "location", "contact", "story"]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on the network, or the account itself. `also` is a second id the network uses for the
    same person (a phone number beside a user id): by either they are known again."""

    external_id: str
    name: str = ""
    handle: str = ""
    avatar_url: str = ""
    language: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent along. `url` is where the network keeps it: a web address, or `media:` and an id
    that the network's `media` turns into one. `text` stands in when there is nothing to fetch (a
    place's coordinates, a contact's number). A `story` is gone within a day and is never kept: whoever looks
    at it meanwhile gets it from the network."""

    kind: AttachmentKind
    url: str = ""
    name: str = ""
    mime: str = ""
    size: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One piece of news. `owner` is the account's own id on the network as the payload names it, or what
    `Network.known_as` says of several: empty means the account the delivery came to."""

    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Inbound):
    """A customer wrote. Public messages name the `post` they hang under.

    `kind` is the trade word shown beside it: comment, reply, mention, visitor_post, review,
    message, postback, story_reply, story_mention. `author` is None where the network does not say who
    wrote; a later `AuthorFound` may. `refs` holds what the network needs later to answer this message.
    `opens_window` is False for what does not let us answer freely (a bare receipt, a referral).
    `automatic` marks what a machine of the customer's sent (an out-of-office mail): it neither reopens
    a ticket nor makes one unanswered again; one that begins with it waits all the same, because
    a form of one's own site sends such mails too. `elsewhere` says that another app has this talk and
    answers there: it is shown and waits for nobody here.

    Where messages say what they belong to, as mails do: `answers` are the ids of those it answers, the
    nearest first, and it goes where the first known one stands, whoever wrote it. `way_back` is a word that
    may be one of ours (`Answer.way_back`). With `MATTER` in its `refs` a message that finds neither goes on
    in the writer's ticket about the same, and else begins one. An `automatic` one brings it only where
    somebody has to see it, and then it goes on in no solved ticket.
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
    automatic: bool = False
    elsewhere: bool = False
    answers: tuple[str, ...] = ()
    way_back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo(Inbound):
    """A message of our own as the network shows it back: sent by Heed or written elsewhere.

    `key` is what we sent along to know it again. `person` is the receiver of a private message;
    `parent` the comment a public one answers. `automatic` marks what a machine of the network sent
    (an away message): it is shown, and never counted as an answer.
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
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorFound(Inbound):
    """Who wrote a message that came without an author."""

    external_id: str
    author: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsFound(Inbound):
    """The words of a message that came without any. One that has words keeps them."""

    external_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFound(Inbound):
    """What a customer's message is, which its delivery did not tell. `refs` are added to those it has."""

    external_id: str
    kind: str
    refs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Inbound):
    external_id: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRemoved(Inbound):
    """`at` is None where the network does not say when."""

    external_id: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenChanged(Inbound):
    """A comment was hidden from, or shown again to, the public."""

    external_id: str
    at: datetime
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionChanged(Inbound):
    """Someone (or the account itself) reacted to a message or post, or took it back.
    `reaction` is `like` or the emoji or the network's word. `target` is its external id.
    `opens_window` says that it lets us write freely again, as a message would."""

    target: str
    at: datetime
    author: Person
    reaction: str
    on: bool
    opens_window: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Inbound):
    """Our message arrived, was seen or failed: by its ids, by the `key` we sent along, or everything
    to `person` up to `watermark`. `receiver` is of whom it tells, where a message goes to several. Of a
    failure, `reason` says why in our words; `code` and `detail` are the network's own."""

    state: Literal["delivered", "seen", "failed"]
    at: datetime
    external_ids: tuple[str, ...] = ()
    person: str = ""
    watermark: datetime | None = None
    receiver: str = ""
    key: str = ""
    reason: Reason = "bad_request"
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSeen(Inbound):
    """A post and what is known of it. None means *not said*: what was known stays. `as_of` is when the
    network said so; without it the moment the delivery came in counts."""

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
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStale(Inbound):
    """Something about a post changed (a like, a share): worth reading it again. `at` is when; without it
    the moment the delivery came in counts."""

    external_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySeen(Inbound):
    """News about a person; `reachable` False means we cannot write to them now. `at` is when the network
    said so; without it the moment the delivery came in counts."""

    person: Person
    reachable: bool | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChanged(Inbound):
    """The network gave a person another id: what hung on `previous` belongs to `person` from now on."""

    previous: str
    person: Person
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Inbound):
    """The network said something about our account: `problem` is a `Reason`. With a `detail` alone it is a
    remark; with neither, what it said against us is over. `at` is when it said so; without it the moment
    the delivery came in counts. `facts` are what the next check is to ask after: entries for the lists of
    these names among what `check` learned, which drops again what no longer holds."""

    problem: str = ""
    detail: str = ""
    at: datetime | None = None
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStale(Inbound):
    """Something about our account changed at the network (a template was paused): worth checking it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood(Inbound):
    """An event kind we do not know. Kept and shown, never an error."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Inbound):
    """An item that could not be read: set aside with the reason, while its neighbours pass. `fault` names the
    field that does not fit, where one does (see `faults`)."""

    what: str
    error: str
    fault: Mapping[str, str] = field(default_factory=dict)


T = TypeVar("T")


def each(items: Iterable[T], read: Callable[[T], Iterable[Inbound]], what: str) -> list[Inbound]:
    """Read items one by one; one that cannot be read becomes `Broken` and its neighbours pass."""
    found: list[Inbound] = []
    for item in items:
        try:
            found.extend(list(read(item)))
        except Exception as error:  # a poison item may fail in any way, and must stay alone
            said = f"{type(error).__name__}: {error}"[:500]
            found.append(Broken(what=what, error=said, fault=fault_in(error)))
    return found


class Malformed(Exception):
    """The whole body cannot be read: the delivery is set aside."""
