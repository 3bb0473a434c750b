"""Words for tickets that were merged and split, and for customers who were joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_WORDS: dict[str, tuple[Promise, Promise]] = {
    # what is told of the ticket in which it goes on, and of the one that went
    "merged": (_("{who} merged #{number} into this ticket"), _("{who} merged this ticket into #{number}")),
    "unmerged": (_("{who} took #{number} out again"), _("{who} took this ticket out of #{number} again")),
    "split": (_("{who} split off #{number}"), _("{who} split off #{number}")),
    "unsplit": (_("{who} put #{number} back here"), _("{who} put #{number} back here")),
}
_PEOPLE: dict[str, tuple[Promise, Promise]] = {
    # what is told where the other has a name, and where not
    "joined": (
        _("{who} joined this customer with {name}: they are one person"),
        _("{who} joined two customers who are one person"),
    ),
    "parted": (_("{who} parted this customer from {name}"), _("{who} parted two customers")),
}


def _link(number: int) -> SafeString:
    return format_html('<a dir="ltr" href="{}">#{}</a>', reverse("ticket", args=[number]), number)


def _matter(kind: str) -> Callable[[SafeString | None, Mapping[str, Any]], SafeString]:
    def said(who: SafeString | None, facts: Mapping[str, Any]) -> SafeString:
        came, went = _WORDS[kind]
        into = facts.get("into")
        told = str(went if into else came).replace("#{number}", "{number}")
        return format_html(told, who=who or "Heed", number=_link(into or facts["number"]))

    return said


def _people(kind: str) -> Callable[[SafeString | None, Mapping[str, Any]], SafeString]:
    def said(who: SafeString | None, facts: Mapping[str, Any]) -> SafeString:
        named, unnamed = _PEOPLE[kind]
        name = format_html("<bdi>{}</bdi>", facts.get("name") or "")
        return format_html(str(named if facts.get("name") else unnamed), who=who or "Heed", name=name)

    return said


def _split_off(_who: SafeString | None, facts: Mapping[str, Any]) -> SafeString:
    told = gettext("Split off from #%(number)s").replace("#%(number)s", "{}")
    return format_html(told, _link(facts["number"]))


SAID = (
    {kind: _matter(kind) for kind in _WORDS}
    | {kind: _people(kind) for kind in _PEOPLE}
    | {"ticket_opened": _split_off}
)
"""How each kind of event is told: who did it, and the event's facts."""
