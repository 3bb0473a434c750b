"""What the side bar shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.accounts.rights import Permission
from heed.channels import health
from heed.channels import reach as channels
from heed.channels.models import Account
from heed.inbox import notices, reach
from heed.inbox.models import SavedView
from heed.inbox.reach import Tallies, saved
from heed.inbox.reach.seeing import accounts_seen
from heed.lib import clock
from heed.routing import reach as routing
from heed.routing.models import Profile
from heed.routing.people import is_away
from heed.web import desk_settings
from heed.web.account_names import names_of, standing

VIEWS: dict[str, Promise] = {
    "mine": _("Mine"),
    "unanswered": _("Unanswered"),
    "overdue": _("Overdue"),
    "unassigned": _("Unassigned"),
    "open": _("All open"),
    "mentions": _("Mentions"),
    "snoozed": _("Snoozed"),
    "spam": _("Spam"),
}
TITLES: dict[str, Promise] = {
    **VIEWS,
    "all": _("All tickets"),
}
"""Every list there is; the side bar leaves out those that are seldom wanted."""

PAGES: dict[str, tuple[Promise, Permission]] = {
    "accounts": (_("Accounts"), "accounts"),
    "deliveries": (_("Set aside"), "accounts"),
}


@dataclass(frozen=True, slots=True)
class View:
    name: str
    title: Promise
    count: int

    @property
    def url(self) -> str:
        return address("view", self.name)


@dataclass(frozen=True, slots=True)
class SavedEntry:
    """A view somebody keeps; its count is that of the last time it was counted."""

    pk: int
    name: str
    place: str
    count: int


@dataclass(frozen=True, slots=True)
class Channel:
    pk: int
    name: str
    tone: str
    state_words: Promise
    count: int

    @property
    def url(self) -> str:
        return address("account_view", self.pk)


@dataclass(frozen=True, slots=True)
class Alarm:
    pk: int
    name: str
    warning: health.Warning


@dataclass(frozen=True, slots=True)
class Alarms:
    """Those that have room, and how many there are beside them: beside all of them, and beside the first
    alone, as on a phone."""

    shown: list[Alarm]
    more: int = 0
    more_than_one: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    title: Promise
    url: str
    here: bool


def facts(
    request: HttpRequest,
    current: str | int = "",
    tallies: Tallies | None = None,
    kept: Sequence[SavedView] | None = None,
) -> dict[str, Any]:
    """The side bar's context for the person of this request. `current` is the open view's name or
    the open account's id; it is read from the address when not given. `kept` are the views they keep,
    where they are at hand."""
    user = request.user
    assert isinstance(user, User)
    tallies = tallies or (reach.tallies(user) if user.rights.may("see") else Tallies())
    found = channels.accounts()
    seen = accounts_seen(user, found, tallies.accounts)
    bell = notices.unseen_of(tallies)
    return {
        "request": request,
        "user": user,
        "views": _views(tallies),
        "bell": bell,
        "saved": _saved(user, saved.saved_views(user) if kept is None else kept),
        "known": found,
        "accounts": _channels(seen, tallies),
        "alarms": _alarms(found) if user.may_administer else Alarms([]),
        "pages": _pages(request, user),
        "current": current or _current(request),
        "takes": user.rights.may("answer"),
        "away": _away(user),
    }


@lru_cache(10_000)
def address(name: str, *of: str | int) -> str:
    """The address of a page. The side bar names thirty of them, and looking one up takes longer than its
    line."""
    return reverse(name, args=of)


def _views(tallies: Tallies) -> list[View]:
    return [View(name, title, getattr(tallies, name, 0)) for name, title in VIEWS.items()]


def _saved(user: User, found: Sequence[SavedView]) -> list[SavedEntry]:
    counts = saved.counted(user, found)
    return [SavedEntry(view.pk, view.name, f"saved-{view.pk}", counts.get(view.pk, 0)) for view in found]


def _channels(found: list[Account], tallies: Tallies) -> list[Channel]:
    names = names_of(found)
    return [_channel(account, tallies, names[account.pk]) for account in found]


def _away(user: User) -> Profile | None:
    """Somebody's profile while they are away."""
    profile = routing.profile(user)
    return profile if is_away(profile, clock.now()) else None


def _alarms(found: list[Account]) -> Alarms:
    """What is wrong or about to be, account by account, the gravest first; those that were never
    connected do not count."""
    names = names_of(found)
    held = [account for account in found if account.locked_credentials]
    alarms = [Alarm(one.pk, names[one.pk], each) for one, each in health.alarms(held)]
    return Alarms(alarms[:_MOST_ALARMS], len(alarms[_MOST_ALARMS:]), len(alarms[1:]))


_MOST_ALARMS = 3


def _channel(account: Account, tallies: Tallies, name: str) -> Channel:
    tone, words = standing(account)
    return Channel(account.pk, name, tone, words, tallies.by_account.get(account.pk, 0))


def _current(request: HttpRequest) -> str | int:
    match = request.resolver_match
    if match is None:
        return ""
    found: str | int = match.kwargs.get("view") or match.kwargs.get("account") or ""
    return found


def _pages(request: HttpRequest, user: User) -> list[Page]:
    found = [(title, address(name)) for name, (title, right) in PAGES.items() if user.rights.may(right)]
    pages = [Page(title, url, request.path.startswith(url)) for title, url in found]
    rest = [address(each.url) for each in desk_settings.sections(user)]
    if rest:
        pages.append(Page(_("Settings"), address("settings"), any(map(request.path.startswith, rest))))
    return pages
