"""The pages on which a desk is set up, and who sees which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.accounts.rights import Permission

TEAM, WORK, TIME, SAFETY = _("People and teams"), _("Tickets"), _("Time"), _("Safety")


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the settings: its address by name, and what one must be permitted to see it."""

    url: str
    title: Promise
    permission: Permission
    group: Promise


SECTIONS: tuple[Section, ...] = (
    Section("views", _("Views"), "see", WORK),
    Section("people", _("People"), "people", TEAM),
    Section("teams", _("Teams"), "routing", TEAM),
    Section("roles", _("Roles"), "people", TEAM),
    Section("brands", _("Brands"), "accounts", TEAM),
    Section("tags", _("Tags"), "desk", WORK),
    Section("groups", _("Customer groups"), "desk", WORK),
    Section("fields", _("Fields"), "desk", WORK),
    Section("quick_texts", _("Quick texts"), "note", WORK),
    Section("guidelines", _("Guidelines"), "see", WORK),
    Section("rules", _("Rules"), "routing", WORK),
    Section("questions", _("Follow-up question"), "routing", WORK),
    Section("hours", _("Business hours"), "routing", TIME),
    Section("targets", _("Targets"), "routing", TIME),
    Section("automatic", _("Automatic messages"), "routing", TIME),
    Section("sign_in_policy", _("Sign-in"), "people", SAFETY),
    Section("audit", _("Audit"), "audit", SAFETY),
    Section("tokens", _("API tokens"), "people", SAFETY),
)


@dataclass(frozen=True, slots=True)
class Entry:
    title: Promise
    url: str
    here: bool


def sections(user: User) -> list[Section]:
    """The pages this person may see."""
    return [each for each in SECTIONS if user.rights.may(each.permission)]


def groups(request: HttpRequest, user: User) -> Iterator[tuple[Promise, list[Entry]]]:
    """The list beside a settings page, group by group; the open page is the one whose address fits best."""
    shown = [(each, reverse(each.url)) for each in sections(user)]
    here = max((url for _section, url in shown if request.path.startswith(url)), key=len, default="")
    for title in dict.fromkeys(each.group for each, _url in shown):
        rows = [Entry(each.title, url, url == here) for each, url in shown if each.group is title]
        yield title, rows
