"""What goes out, and how a network says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.channels.base.choices import Choices
from heed.channels.base.inbound import Visibility
from heed.channels.base.reason import Reason

TAKEN_OVER = "taken_over"
"""In `refs` of an answer of ours: for it the talk was taken from another app, to which it can be handed
back (the action `hand_back`)."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of an answer: its bytes, and a public address where a network can fetch it. `alt` says
    in words what a picture shows, for those who cannot see it. `lasts` is how many milliseconds a sound
    plays, None where the file does not say; `preview` the public address of a picture that stands for a
    film until it plays. Both are known also where the bytes are not read."""

    name: str
    mime: str
    content: bytes
    url: str
    alt: str = ""
    lasts: int | None = None
    preview: str = ""

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
class FilledTemplate:
    """An approved template with its blanks filled in, in order; `names` are those of the `Template`."""

    name: str
    language: str
    values: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A message to send. `key` is ours, the same at every attempt; `started` is when the first attempt
    began (None before it), `tried` when the last one did. `taken` are ids that belong to other answers
    of ours of that time: the same words under one of them prove nothing. A `private` answer with `to` a
    public message is a private reply to it. `person` is the receiver's id on the network, when known.

    `chosen` says that the agent pointed at `to` (else it is merely the newest message); `quote` asks
    for a public quote of it. `late` is the way taken after the window closed (`Late.name`);
    `template` is sent instead of free text; `choices` are offered under it, in one of the forms of
    `Writing.choices`. `automatic` says that no person wrote it: where a network has a mark for that, it
    gets one, and it goes to the writer alone. `way_back` is a word for addresses that answers go to: what
    comes back with it (`MessageReceived.way_back`) finds its ticket. `subject` is given to a mail that brings
    what was said elsewhere: it is no message here, so its id has the word, too.
    """

    key: str
    visibility: Visibility
    text: str
    person: str
    to: Target | None
    files: tuple[OutgoingFile, ...] = ()
    created: datetime | None = None
    started: datetime | None = None
    tried: datetime | None = None
    taken: frozenset[str] = frozenset()
    chosen: bool = False
    quote: bool = False
    late: str = ""
    template: FilledTemplate | None = None
    choices: Choices | None = None
    automatic: bool = False
    way_back: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The network took it. `person` is an id learned on the way (a commenter's private id), `permalink` where
    people see it, if it has an address."""

    external_id: str
    at: datetime | None = None
    person: str = ""
    refs: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class NotThere:
    """The network proves that the message did not arrive: it may be sent again."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The network has no proof (yet). `ask_again` seconds, or None: a person must decide."""

    ask_again: float | None = None


Finding = Sent | NotThere | CannotTell


class Refusal(Exception):
    """The network said no, in words we understand.

    `retry` tells transient from permanent; `after` is the wait in seconds the network asked for.
    `code` and `detail` are the network's own, shown small beneath our sentence. `whole_account`
    says that a wait (`slow_down`) concerns everything the account sends, not this message alone. `field`
    is what was entered wrongly, where that is known: a credential field, `base_url` or `external_id`.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        retry: bool = False,
        after: float | None = None,
        code: str = "",
        detail: str = "",
        whole_account: bool = False,
        field: str = "",
    ) -> None:
        super().__init__(f"{reason} {code} {detail}".strip())
        self.reason: Reason = reason
        self.retry = retry
        self.after = after
        self.code = code
        self.detail = detail
        self.whole_account = whole_account
        self.field = field


class SessionExpired(Exception):
    """The short-lived sign-in ran out. Call `renew` under the account's lock and start again. Its words are
    the network's, if it said more than that: they are told when a new one is refused, too."""
