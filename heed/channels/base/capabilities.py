"""What can be done on a network, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from heed.channels.base.choices import ChoiceForm
from heed.channels.base.limits import Limit


@dataclass(frozen=True, slots=True)
class Files:
    """Which files may go along. `types` are MIME types or `image/*`; `most_bytes` by prefix of
    type, `""` for all others. `with_text` is False where text and file are two messages. `fetched`
    says that the network fetches the file from us, so Heed needs a public address. Files of a type in
    `alone` go without any other beside them; of those in `timed` the network wants to know how long
    they play."""

    types: tuple[str, ...]
    most_bytes: Mapping[str, int]
    count: int
    with_text: bool = True
    fetched: bool = False
    alone: tuple[str, ...] = ()
    timed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Late:
    """A way to answer after the window closed: its name for the network (`human_agent`), the seconds
    after the customer's last message it holds, and what the agent must know about it."""

    name: str
    until: int
    note: Any


@dataclass(frozen=True, slots=True)
class Invited:
    """Only those may be answered whose message is known to invite us: where `refs` holds False under
    `ref` it does not, and `sentence` says so (translatable)."""

    ref: str
    sentence: Any


@dataclass(frozen=True, slots=True)
class Barred:
    """Messages that cannot be answered: whose `refs` hold one of `values` under `ref`. `sentence` says why,
    `way_out` what helps (translatable)."""

    ref: str
    values: frozenset[str]
    sentence: Any
    way_out: Any = ""


@dataclass(frozen=True, slots=True)
class Live:
    """What was written under a live broadcast, which `refs` say by True under `ref`, can be answered
    privately only while it goes on: nobody tells us its end, but it lasts `most` seconds at the longest."""

    ref: str
    most: int


@dataclass(frozen=True, slots=True)
class Writing:
    """How one may write, publicly or privately. No `files` means none can be sent. `choices` are the forms
    in which short answers can be offered under a text, the narrowest first; none means not at all.

    `window` is how many seconds after the customer's last private message we may write freely; None
    means always; `windows` are those of single kinds of message. `brief` are kinds that open no window but
    let us write for some seconds, so many messages. All `limits` hold at once. `sends` is
    how many messages we may send after the customer's last one; `quota` names the `Quota` of the account
    that each message uses up. `late` is the way that stays open after
    the window; `templates` says that approved templates can be sent at any time. `invited` narrows which
    messages may be answered publicly, `barred` which privately. A text within `caption` stands under the
    files it goes with, and must stay within it when it is changed.
    """

    limits: tuple[Limit, ...]
    files: Files | None = None
    window: int | None = None
    windows: Mapping[str, int] = field(default_factory=dict)
    brief: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sends: int | None = None
    quota: str = ""
    late: Late | None = None
    templates: bool = False
    invited: Invited | None = None
    barred: tuple[Barred, ...] = ()
    choices: tuple[ChoiceForm, ...] = ()
    caption: Limit | None = None


Action = Literal[
    "like",
    "unlike",
    "react",
    "unreact",
    "repost",
    "unrepost",
    "hide",
    "unhide",
    "edit",
    "delete",
    "seen",
    "typing",
    "hand_back",
]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be done on a network, as data: composer, rules and API all ask the same.

    `private_reply` says that a public message can be answered privately by its author's comment;
    `private_reply_within` bounds it in seconds and it works once per comment; `private_reply_to` names
    the kinds of message it is possible for, where not for all; `private_reply_live` bounds those under a
    broadcast. `on_theirs` and
    `on_ours` are the actions possible on public messages of customers and on our own;
    `on_private` those on private ones of customers and `on_private_ours` those on our own. `only`
    narrows them by kind of message (`mention`, `review` …). `why_not` says, for an action that this
    network or account does not have, why; an action that is nowhere named is not shown at all.
    `why_no_private` says it of a network that has private messages and an account that may not have them.
    `reactions` are the reactions one may give, `("*",)` for any emoji. `quote` says that a public
    message can be quoted publicly, `why_no_quote` why not where people expect it. `public_from` names who
    of us can answer a public message: only the `own` account it came to, any of ours on the same `server`,
    or any on the `network`. `edit_within` and `delete_within` bound, in seconds, what can be done with our
    own messages.
    """

    public: Writing | None = None
    private: Writing | None = None
    private_reply: bool = False
    private_reply_to: frozenset[str] = frozenset()
    private_reply_within: int | None = None
    private_reply_live: Live | None = None
    on_theirs: frozenset[Action] = frozenset()
    on_ours: frozenset[Action] = frozenset()
    on_private: frozenset[Action] = frozenset()
    on_private_ours: frozenset[Action] = frozenset()
    only: Mapping[str, frozenset[Action]] = field(default_factory=dict)
    why_not: Mapping[Action, Any] = field(default_factory=dict)
    why_no_private: Any = ""
    reactions: tuple[str, ...] = ()
    quote: bool = False
    why_no_quote: Any = ""
    public_from: Literal["own", "server", "network"] = "own"
    edit_within: int | None = None
    delete_within: int | None = None
    receipts: frozenset[Literal["delivered", "seen"]] = frozenset()
