"""The words for what is promised: targets, times, and when something is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from heed.routing import targets
from heed.routing.hours import OpeningHours
from heed.routing.models import Policy

TARGETS: dict[str, Promise] = {
    "first_reply": _("First reply"),
    "next_reply": _("Next reply"),
    "resolution": _("Solved"),
}

_DUE: dict[str, Promise] = {
    "first_reply": _("first reply due in"),
    "next_reply": _("reply due in"),
    "resolution": _("to be solved in"),
}
_SHORT = _("due in")

_DUE_AT: dict[str, Promise] = {
    "first_reply": _("first reply due {when}"),
    "next_reply": _("reply due {when}"),
    "resolution": _("to be solved by {when}"),
}
_SHORT_AT = _("due {when}")

_OVERDUE: dict[str, Promise] = {
    "first_reply": _("First reply overdue"),
    "next_reply": _("Reply overdue"),
    "resolution": _("Should be solved by now"),
}

_LATE = _("overdue")

_MISSED: dict[str, Promise] = {
    "first_reply": _("The first reply was due now and did not come"),
    "next_reply": _("The reply was due now and did not come"),
    "resolution": _("This should have been solved by now"),
}


def due_in(target: str, *, short: bool = False) -> str:
    """What is due, before how long still; in short only that something is."""
    return str(_SHORT if short else _DUE.get(target, _DUE["next_reply"]))


def due_at(target: str, when: str, *, short: bool = False) -> str:
    """What is due, and when by the calendar; in short only that something is."""
    told = _SHORT_AT if short else _DUE_AT.get(target, _DUE_AT["next_reply"])
    return str(told).format(when=when)


def target(name: str) -> str:
    """What was promised, by its name."""
    return str(TARGETS.get(name, TARGETS["next_reply"]))


def late() -> str:
    """In short, that something should have happened by now; how long ago follows."""
    return str(_LATE)


def overdue(target: str) -> str:
    return str(_OVERDUE.get(target, _OVERDUE["next_reply"]))


def missed(who: SafeString | None, facts: Mapping[str, Any]) -> SafeString:
    """A missed target as a line between the messages."""
    return format_html("{}", _MISSED.get(str(facts.get("target")), _MISSED["next_reply"]))


SAID = {"due_missed": missed}


def how_long(seconds: int) -> str:
    """So many seconds in the largest words that are exact: 90 minutes, 2 hours."""
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    minutes = round(seconds / 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def dues(policy: Policy, hours: OpeningHours, now: datetime) -> dict[str, str]:
    """By when a ticket that arrives now would have what is promised, by the clock on a wall there."""
    found = {}
    for each in targets.TARGETS:
        seconds = targets.promised(policy, each)
        if seconds is not None:
            due = targets.due_after(targets.clock_of(policy, hours), now, seconds)
            found[each] = moment_there(due, hours.tz) if due else gettext("never")
    return found


def moment_there(at: datetime, zone: ZoneInfo) -> str:
    """A moment by the clock on a wall there: the weekday, the day and the time."""
    there = at.astimezone(zone)
    day = date_format(there, "l")
    return gettext("%(weekday)s, %(date)s, %(time)s") % {
        "weekday": day,
        "date": date_format(there, "DATE_FORMAT"),
        "time": f"{there:%H:%M}",
    }
