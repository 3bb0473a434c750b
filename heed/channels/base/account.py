"""An account as its network sees it, and how it is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from heed.lib.http import Steps

SEEN_TO = "seen_to"
"""Among `facts`: when a person last connected the account, or had it checked (ISO)."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as a network sees it.

    `credentials` are the fields the network asks for, decrypted; `session` is what `renew`
    returned last; `base_url` is where its API lives, without a slash at the end; `settings`
    are the account's optional settings; `facts` what `check` learned last. Without a `hook_url`
    `check` only looks who the account is, and points nothing at us. `siblings`, given to `check` alone,
    are the addresses of the other accounts here that prove the same `shared_secret`: news that goes to
    one of them is not lost. `app`, given to `OAuth.begin` alone, is what it gave last for this server
    (`Begun.app`).
    """

    external_id: str
    name: str
    credentials: Mapping[str, str]
    base_url: str
    session: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    hook_url: str = ""
    handle: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    siblings: tuple[str, ...] = ()
    app: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission the network must grant. `name` is the network's own spelling, `why` what it is for
    (translatable). Without a `needed` one the account does not work; without another, less does."""

    name: str
    why: Any
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Guide:
    """How to connect an account, for an admin who has never done it. `steps` are translatable
    sentences in order; `console` is the page at the network where most of them happen.
    `sets_webhook` says that Heed points the network at us by itself; else the admin pastes it."""

    steps: tuple[Any, ...] = ()
    permissions: tuple[Permission, ...] = ()
    console: str = ""
    sets_webhook: bool = True


@dataclass(frozen=True, slots=True)
class Quota:
    """What the network still allows: `what` in English, marked for translation, e.g. `posts a day`. Where it
    counts in `percent`, `of` is 100."""

    what: str
    left: int
    of: int | None = None
    resets_at: datetime | None = None
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What the network said of the account. `missing` are names of permissions not granted;
    `expires_at` is when the sign-in ends unless renewed; `facts` are kept for `Network.able` and the
    next calls (an access level, the limits of a server); never a secret. `lost` names the news that the
    network no longer sent us, though it did at the last check; it was asked for it again. What is said here
    may be over at the time of `again_at`: it is checked again then, if not before."""

    external_id: str
    name: str = ""
    handle: str = ""
    missing: tuple[str, ...] = ()
    expires_at: datetime | None = None
    quotas: tuple[Quota, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the admin's browser to grant access, what to keep until they come back (a PKCE verifier),
    and as `app` what every sign-in at this server can use again (a client registered there): encrypted by
    the caller, never shown."""

    url: str
    keep: Mapping[str, str] = field(default_factory=dict)
    app: Mapping[str, str] = field(default_factory=dict)


class OAuth(Protocol):
    """Signing in at the network instead of pasting tokens. `fills` names the network's `fields` that
    it brings; the others are asked for before."""

    fills: tuple[str, ...]

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        """Where the admin grants access. Raises `Refusal`."""
        ...

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        """The credentials that the network gave for `query`. Raises `Refusal`."""
        ...


@dataclass(frozen=True, slots=True)
class Ear:
    """A line kept open to a network that tells at once when there is news. What comes is only a
    nudge to `collect`: nothing is read from it. `kind` is an event stream (`GET` with `headers`) or
    a mailbox that is watched (`imap` address, `login`)."""

    kind: Literal["events", "mailbox"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
