"""What can be done by key: one row an action. The cheat sheet, the palette, the preferences and the scripts
all read this table; what an action does stands in the scripts under the same name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.accounts.rights import Permission

Place = Literal["ticket", "list", "desk"]
"""Where an action applies: with a ticket open, in a list of tickets, on every page."""

PLACES: dict[Place, Promise] = {"ticket": _("On a ticket"), "list": _("In the list"), "desk": _("Everywhere")}


@dataclass(frozen=True, slots=True)
class Action:
    """`key` is the one it comes with, "" for none; `permission` what one must be permitted for it."""

    name: str
    words: Promise
    key: str
    place: Place
    permission: Permission = "see"


ACTIONS: tuple[Action, ...] = (
    Action("reply", _("Reply"), "r", "ticket", "answer"),
    Action("privately", _("Reply privately"), "p", "ticket", "answer"),
    Action("note", _("Write a note"), "n", "ticket", "note"),
    Action("quick", _("Quick text"), "q", "ticket", "note"),
    Action("guidelines", _("Guidelines"), "Alt g", "ticket"),
    Action("answered", _("Mark answered"), "e", "ticket", "answer"),
    Action("claim", _("Take this ticket"), "c", "ticket", "answer"),
    Action("assign", _("Assign"), "a", "ticket", "tend"),
    Action("more", _("Status, priority, team, spam"), "s", "ticket", "tend"),
    Action("tag", _("Add a tag"), "t", "ticket", "tend"),
    Action("later", _("Snooze or be reminded"), "z", "ticket", "tend"),
    Action("matters", _("Merge, split, join"), "M", "ticket", "tend"),
    Action("message", _("What can be done with the message: reply, quote, react, hide …"), "m", "ticket"),
    Action("above", _("Message above"), "u", "ticket"),
    Action("below", _("Message below"), "d", "ticket"),
    Action("customer", _("Show the customer"), "o", "ticket"),
    Action("next", _("Next ticket in the list"), "j", "list"),
    Action("previous", _("Previous ticket in the list"), "k", "list"),
    Action("choose", _("Choose a ticket"), "x", "list", "tend"),
    Action("choose_to", _("Choose all from the last chosen one"), "X", "list", "tend"),
    Action("choose_all", _("Choose the whole list"), "*", "list", "tend"),
    Action("chosen", _("What can be done with those chosen"), "b", "list", "tend"),
    Action("search", _("Search, or go to a ticket number"), "/", "list"),
    Action("take", _("Take the next ticket"), "g", "desk", "answer"),
    Action("palette", _("Find and do anything"), "Ctrl k", "desk"),
    Action("notices", _("Notices"), "i", "desk"),
    Action("keys", _("Keyboard shortcuts"), "?", "desk"),
)
NAMES = {each.name: each for each in ACTIONS}

FIXED: tuple[tuple[str, Promise, Place], ...] = (
    ("Ctrl ↵", _("Send"), "ticket"),
    ("Ctrl Shift ↵", _("Send and mark answered"), "ticket"),
    ("Enter", _("Open the ticket"), "list"),
    ("Esc", _("Close, or leave the field"), "desk"),
)
"""Keys that are the browser's own way, or are pressed while one writes: they stay."""

_KEY = re.compile(r"[!-~]|(Ctrl |Alt |Ctrl Shift |Alt Shift )[a-z0-9]")
_BROWSERS = {f"Ctrl {letter}" for letter in "acflnprstvwxyz0123456789"} | {
    f"Ctrl Shift {letter}" for letter in "ijnprtw"
}


@dataclass(frozen=True, slots=True)
class Shortcut:
    """An action with the key one person has for it, "" for none."""

    action: Action
    key: str

    @property
    def shown(self) -> str:
        """As it is printed on the keyboard."""
        *held, last = self.key.split(" ")
        return " ".join([*held, last.upper() if held else last])


class BadKeys(Exception):
    """Keys that cannot be kept: for every action in question a sentence."""

    def __init__(self, sentences: dict[str, str]) -> None:
        super().__init__("; ".join(sentences.values()))
        self.sentences = sentences


def shortcuts(user: User) -> list[Shortcut]:
    """What this person may do by key somewhere, with their own keys."""
    rights = user.rights
    return [Shortcut(each, key_of(user, each)) for each in ACTIONS if rights.may(each.permission)]


def key_of(user: User, action: Action) -> str:
    """The key one person has for an action; those without Ctrl or Alt they may have switched off."""
    key = user.keys.get(action.name, action.key)
    return key if user.single_keys or len(key) > 1 else ""


def chosen(given: Mapping[str, str]) -> dict[str, str]:
    """What is to be kept of the keys somebody gives their actions: those that differ from what Heed comes
    with. An action that is not named keeps its key. Raises `BadKeys`."""
    keys = {each.name: _tidy(given.get(each.name, each.key)) for each in ACTIONS}
    wrong = {name: why for name, key in keys.items() if key and (why := _refused(key))}
    taken: dict[str, Action] = {}
    for name, key in keys.items():
        if not key or name in wrong:
            continue
        if key in taken:
            words = _("“%(key)s” is the key for “%(action)s” already.")
            wrong[name] = str(words) % {"key": key, "action": taken[key].words}
        taken.setdefault(key, NAMES[name])
    if wrong:
        raise BadKeys(wrong)
    return {name: key for name, key in keys.items() if key != NAMES[name].key}


def _tidy(key: str) -> str:
    """`ctrl+K` is meant as `Ctrl k`. A letter alone stays as it is: with the shift key it is another key."""
    key = key.strip()
    if len(key) < 2:
        return key
    *held, last = re.split(r"[\s+]+", key)
    return " ".join([*(each.capitalize() for each in held), last.lower()])


def _refused(key: str) -> str:
    if key in _BROWSERS:
        return str(_("Your browser keeps “%(key)s” for itself.")) % {"key": key}
    if not _KEY.fullmatch(key):
        return str(_("Give one letter or sign, alone or with Ctrl or Alt before it, such as “Alt g”."))
    return ""
