"""The words for what is done to tickets beside answering: sorting, putting off, spam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from heed.inbox.models import Ticket
from heed.lib import clock
from heed.web.moments import time_or_moment
from heed.web.names import as_read

Who = SafeString | None
Facts = Mapping[str, Any]

PRIORITIES = dict(Ticket.Priority.choices)


def _by(who: Who, known: str, unknown: str, **facts: object) -> SafeString:
    """The sentence with who did it, or the one without."""
    return format_html(known, who=who, **facts) if who else format_html(unknown, **facts)


def _names(names: list[str]) -> SafeString:
    return format_html_join(", ", "“<bdi>{}</bdi>”", ((name,) for name in names))


def _team(who: Who, facts: Facts) -> SafeString:
    name = str(facts.get("to") or "")
    if not name:
        return _by(who, gettext("{who} took it from its team"), gettext("It is no team’s any more"))
    return _by(
        who,
        gettext("{who} gave it to the team {team}"),
        gettext("It went to the team {team}"),
        team=format_html("<bdi>{}</bdi>", name),
    )


def _priority(who: Who, facts: Facts) -> SafeString:
    word = PRIORITIES.get(int(facts.get("priority") or 0), "")
    return _by(
        who,
        gettext("{who} set the priority to {priority}"),
        gettext("Priority is now {priority}"),
        priority=word,
    )


def _tags(who: Who, facts: Facts) -> SafeString:
    added, removed = list(facts.get("added") or ()), list(facts.get("removed") or ())
    if added and removed:
        return _by(
            who,
            gettext("{who} tagged it {added} and took away {removed}"),
            gettext("Tagged {added}, no longer {removed}"),
            added=_names(added),
            removed=_names(removed),
        )
    if added:
        return _by(who, gettext("{who} tagged it {added}"), gettext("Tagged {added}"), added=_names(added))
    return _by(
        who,
        gettext("{who} took away the tag {removed}"),
        gettext("No longer tagged {removed}"),
        removed=_names(removed),
    )


def _field(who: Who, facts: Facts) -> SafeString:
    if "group" in facts:
        group = str(facts["group"])
        if not group:
            return _by(
                who,
                gettext("{who} took the customer out of their group"),
                gettext("The customer is in no group any more"),
            )
        return _by(
            who,
            gettext("{who} put the customer into the group {group}"),
            gettext("The customer is in the group {group}"),
            group=_names([group]),
        )
    title, value = _names([str(facts.get("title") or facts.get("field") or "")]), facts.get("value")
    if value is None:
        return _by(who, gettext("{who} emptied {field}"), gettext("{field} was emptied"), field=title)
    return _by(
        who,
        gettext("{who} set {field} to {value}"),
        gettext("{field} is now {value}"),
        field=title,
        value=format_html("<bdi>{}</bdi>", said(value)),
    )


def said(value: object) -> str:
    """A field's value in words."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return str(value)


def _snoozed(who: Who, facts: Facts) -> SafeString:
    try:
        until = clock.from_iso(str(facts.get("until")))
    except ValueError:
        return _by(who, gettext("{who} snoozed it"), gettext("Snoozed"))
    there = format_html(
        '<time datetime="{}" data-when="moment">{}</time>', until.isoformat(), time_or_moment(until)
    )
    return _by(who, gettext("{who} snoozed it until {time}"), gettext("Snoozed until {time}"), time=there)


def _woke(who: Who, facts: Facts) -> SafeString:
    if who:
        return format_html(gettext("{who} woke it"), who=who)
    planned = facts.get("by") == "time"
    return format_html("{}", gettext("Awake again, as planned") if planned else gettext("Woken by a message"))


def _due(who: Who, facts: Facts) -> SafeString:
    return format_html("{}", gettext("Time to follow up"))


def _spam(who: Who, facts: Facts) -> SafeString:
    return _by(who, gettext("{who} marked it as spam"), gettext("Marked as spam"))


def _no_spam(who: Who, facts: Facts) -> SafeString:
    return _by(who, gettext("{who} said it is no spam"), gettext("No spam after all"))


def _blocked(who: Who, facts: Facts) -> SafeString:
    name = format_html("<bdi>{}</bdi>", as_read(str(facts.get("name") or "")))
    return _by(who, gettext("{who} blocked {name}"), gettext("{name} was blocked"), name=name)


def _unblocked(who: Who, facts: Facts) -> SafeString:
    name = format_html("<bdi>{}</bdi>", as_read(str(facts.get("name") or "")))
    return _by(who, gettext("{who} unblocked {name}"), gettext("{name} was unblocked"), name=name)


def _mailed(who: Who, facts: Facts) -> SafeString:
    """What became of the mail that took an answer to a visitor who had left."""
    match facts.get("outcome"):
        case "sent":
            told = gettext("The answer was mailed to {to}, from {sender}")
        case "refused":
            told = gettext("The answer could not be mailed to {to}; it waits in the chat")
        case _:
            told = gettext("Nobody can say whether the mail to {to} has left; the answer waits in the chat")
    addresses = {name: format_html("<bdi>{}</bdi>", facts.get(name) or "") for name in ("to", "sender")}
    return format_html(told, **addresses)


SAID: dict[str, Callable[[Who, Facts], SafeString]] = {
    "team_changed": _team,
    "priority_changed": _priority,
    "tags_changed": _tags,
    "field_changed": _field,
    "snoozed": _snoozed,
    "woke": _woke,
    "follow_up_due": _due,
    "marked_spam": _spam,
    "not_spam": _no_spam,
    "blocked": _blocked,
    "unblocked": _unblocked,
    "answer_mailed": _mailed,
}
"""Kinds of events and how they are told."""
