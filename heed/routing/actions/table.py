"""All actions in one table, and what is done with any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from heed.inbox import verbs
from heed.inbox.models import Ticket
from heed.routing.actions import calls, changes, messages, wording
from heed.routing.actions.checks import CHECKS, short
from heed.routing.actions.shapes import PRIORITIES, STATUSES, Action, BadAction, Failed, Values
from heed.routing.actions.wording import host_of
from heed.routing.models import RuleRun

ACTIONS: dict[str, Action] = {
    each.name: each
    for each in (
        Action(
            "assign_person",
            gettext_lazy("Give it to a person"),
            ("person",),
            wording.tell_person,
            changes.assign_person,
            lambda ticket, values: (ticket.assignee_id or 0) != values["person"],
        ),
        Action(
            "assign_team",
            gettext_lazy("Give it to a team"),
            ("team",),
            wording.tell_team,
            changes.assign_team,
            lambda ticket, values: (ticket.team_id or 0) != values["team"],
        ),
        Action(
            "add_tags",
            gettext_lazy("Add tags"),
            ("tags",),
            lambda values: _("add %(tags)s") % {"tags": wording.listed(values)},
            changes.add_tags,
            lambda ticket, values: not set(values["tags"]) <= set(ticket.tags),
        ),
        Action(
            "remove_tags",
            gettext_lazy("Take tags away"),
            ("tags",),
            lambda values: _("take away %(tags)s") % {"tags": wording.listed(values)},
            changes.remove_tags,
            lambda ticket, values: bool(set(values["tags"]) & set(ticket.tags)),
        ),
        Action(
            "priority",
            gettext_lazy("Set the priority"),
            ("priority",),
            lambda values: (
                _("set the priority to %(word)s") % {"word": PRIORITIES.get(values["priority"], "?")}
            ),
            changes.set_priority,
            lambda ticket, values: ticket.priority != values["priority"],
        ),
        Action(
            "status",
            gettext_lazy("Set the status"),
            ("status",),
            lambda values: _("set the status to %(word)s") % {"word": STATUSES.get(values["status"], "?")},
            changes.set_status,
            lambda ticket, values: ticket.status != values["status"],
        ),
        Action(
            "note",
            gettext_lazy("Write a note"),
            ("text",),
            lambda values: _("note %(text)s") % {"text": wording.quoted(values)},
            messages.note,
            lambda ticket, values: True,
        ),
        Action(
            "answer",
            gettext_lazy("Answer the customer"),
            ("text",),
            lambda values: _("answer %(text)s") % {"text": wording.quoted(values)},
            messages.answer,
            lambda ticket, values: True,
        ),
        Action(
            "answer_quick_text",
            gettext_lazy("Answer with a quick text"),
            ("quick_text",),
            lambda values: _("answer with the quick text /%(name)s") % {"name": values["quick_text"]},
            messages.answer_quick_text,
            lambda ticket, values: True,
        ),
        Action(
            "hide",
            gettext_lazy("Hide the public message"),
            (),
            lambda values: _("hide the public message"),
            messages.hide,
            lambda ticket, values: ticket.kind == Ticket.Kind.PUBLIC,
            told=False,
        ),
        Action(
            "notify_person",
            gettext_lazy("Tell a person"),
            ("person",),
            lambda values: _("tell %(name)s") % {"name": wording.name_of_person(values) or "?"},
            calls.notify_person,
            lambda ticket, values: True,
            told=False,
        ),
        Action(
            "notify_team",
            gettext_lazy("Tell a team"),
            ("team",),
            lambda values: _("tell the team %(name)s") % {"name": wording.name_of_team(values) or "?"},
            calls.notify_team,
            lambda ticket, values: True,
            told=False,
        ),
        Action(
            "webhook",
            gettext_lazy("Call another program"),
            ("url",),
            lambda values: _("call %(host)s") % {"host": wording.host_of(values) or "?"},
            calls.webhook,
            lambda ticket, values: True,
            told=False,
        ),
    )
}


NAMED: dict[str, Callable[[Values], object]] = {
    "person": changes.person_of,
    "team": changes.team_of,
    "quick_text": messages.texts_of,
}
"""What finds whom or what an action names. Raises `Failed` where that is gone."""

_FINDS: dict[str, dict[str, Callable[[Values], object]]] = {
    "assign_person": {**NAMED, "person": changes.taker_of},
}
"""Where an action asks more of whom it names."""


def checked(given: Any) -> dict[str, Any]:
    """An action as it is kept. Raises `BadAction`."""
    action = ACTIONS.get(str(given.get("do", ""))) if isinstance(given, Mapping) else None
    if action is None:
        raise BadAction(_("Choose what the rule does."))
    kept: dict[str, Any] = {"do": action.name}
    for need in action.needs:
        kept[need] = CHECKS[need](given.get(need))
    if action.name == "assign_person" and (why := gone(kept)):
        raise BadAction(why)
    if action.name in ("notify_person", "notify_team"):
        kept["text"] = short(given.get("text"))
    return kept


def tell(action: Values) -> str:
    """What an action does, in the reader's language: “give it to Ana Kovač”."""
    known = ACTIONS.get(str(action.get("do")))
    return known.tell(action) if known else _("something this version does not know")


def gone(action: Values) -> str:
    """Why it cannot be done to any ticket: who or what it names is gone, or may not have it. Empty where it
    can."""
    known = ACTIONS.get(str(action.get("do")))
    if known is None:
        return _("This version does not know what to do here.")
    finds = _FINDS.get(known.name, NAMED)
    try:
        for need in known.needs:
            if need in finds and str(action.get(need) or 0) != "0":
                finds[need](action)
    except Failed as none:
        return none.sentence
    return ""


def noted(action: Values) -> dict[str, Any]:
    """The action as what it did is noted: of an address only the host, the rest of it may be a secret."""
    return {**action, "url": host_of(action)} if "url" in action else dict(action)


def do(runs: Sequence[RuleRun], action: Values, index: int) -> dict[int, Promise | str]:
    """Do it to the tickets of all these runs; returns what those say that refuse."""
    tickets = [each.ticket_id for each in runs]
    known = ACTIONS.get(str(action.get("do")))
    if known is None:
        return dict.fromkeys(tickets, _("This version does not know what to do here."))
    try:
        refused = known.do(tickets, action, runs, index)
    except (verbs.CannotTend, Failed) as none:
        return dict.fromkeys(tickets, none.sentence)
    return {number: why.sentence for number, why in refused.items()}


def would_change(ticket: Ticket, action: Values) -> bool:
    known = ACTIONS.get(str(action.get("do")))
    return known is not None and known.changes(ticket, action)
