"""Rules: when, if, then. A rule is tried on the past before it is switched on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from heed.accounts import reach as people
from heed.accounts.refusals import CannotChange
from heed.inbox.conditions import BadCondition
from heed.inbox.models import Ticket
from heed.inbox.reach import sight
from heed.lib import clock
from heed.library import reach as library
from heed.routing import actions, keeping, reach, rules
from heed.routing.dry import dry_run
from heed.routing.holding import understood
from heed.routing.models import Rule, RuleRun
from heed.routing.webhooks import secret_of
from heed.web.admins import permitted
from heed.web.gate import person

_DEED = re.compile(r"a(\w{1,20})-do")
_MOST_COUNTED = 1000

EXAMPLES: dict[str, dict[str, Any]] = {
    "urgent": {
        "name": gettext_lazy("Broken goods first"),
        "when": ["message_received"],
        "condition": '"broken" OR "pokvarjeno" OR "эвдэрсэн" OR "مكسور"',
        "actions": [{"do": "priority", "priority": 3}, {"do": "add_tags", "tags": ["broken"]}],
    },
    "late": {
        "name": gettext_lazy("Nobody waits two hours"),
        "when": ["time"],
        "condition": "waiting:>2h -status:pending",
        "actions": [{"do": "priority", "priority": 4}],
    },
    "quiet": {
        "name": gettext_lazy("Close what went quiet"),
        "when": ["time"],
        "condition": "status:pending updated:>7d",
        "actions": [{"do": "status", "status": "solved"}],
    },
}
"""What many desks begin with."""


@dataclass(frozen=True, slots=True)
class Told:
    """A rule as a sentence."""

    when: list[str]
    condition: str
    then: list[str]
    problem: str = ""
    not_done: Sequence[str] = ()
    """What of it is not done any more, and why."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One action on the form."""

    name: str
    title: str
    needs: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    number: str = "__n__"
    gone: str = ""
    """Why it is not done any more: who or what it names is gone."""
    called: str = ""
    """What was called so."""
    here: bool = False
    """Of a person: they work here still, and may not have tickets."""

    @property
    def tags(self) -> str:
        return ", ".join(self.values.get("tags") or ())


@dataclass(frozen=True, slots=True)
class Ran:
    """One run in the log."""

    run: RuleRun
    when: str
    done: list[tuple[str, bool | None, str]]


@require_GET
@permitted("routing")
def all_rules(request: HttpRequest) -> HttpResponse:
    found = [(each, _told(each.rule)) for each in reach.rules(person(request))]
    facts = {"rules": found, "most": reach.MOST_RUNS, "examples": EXAMPLES}
    return render(request, "settings/rules.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("routing")
def rule(request: HttpRequest, number: int = 0) -> HttpResponse:
    """Make or change a rule."""
    user = person(request)
    row = reach.rule(person(request), number) if number else _new(request)
    error: CannotChange | BadCondition | None = None
    if request.method == "POST":
        row.name = request.POST.get("name", "")[:80]
        try:
            keeping.keep_rule(user, row, _given(request))
        except (CannotChange, BadCondition) as refused:
            error = refused
            _put_back(row, request)
        else:
            saved = _("Saved.") if row.on else _("Saved. See what it would have done, then switch it on.")
            messages.success(request, saved)
            return redirect("rule", row.pk)
    facts = _form(row, error) | {
        "ran": [_ran(each) for each in reach.runs(user, row)] if row.pk else [],
        "secret": secret_of(row) if row.pk and any(each["do"] == "webhook" for each in row.actions) else "",
    }
    return render(request, "settings/rule.html", facts, status=422 if error else 200)


@require_POST
@permitted("routing")
def rule_act(request: HttpRequest, number: int) -> HttpResponse:
    """Switch a rule on or off, move it, or remove it."""
    user, row = person(request), reach.rule(person(request), number)
    match request.POST.get("to", ""):
        case "on" | "off" as to:
            keeping.switch_rule(user, row, on=to == "on")
            messages.success(request, _("The rule is on.") if row.on else _("The rule is off."))
            if request.POST.get("from") == "rule":
                return redirect("rule", row.pk)
        case "up" | "down" as to:
            keeping.move_rule(user, row, up=to == "up")
        case "remove":
            keeping.remove_rule(user, row)
            messages.success(request, _("The rule is gone."))
    return redirect("rules")


@require_POST
@permitted("routing")
def check_condition(request: HttpRequest) -> HttpResponse:
    """What is wrong with a condition that is being written, or how many tickets it fits now."""
    user, text = person(request), request.POST.get("condition", "")
    try:
        condition, fits = understood(text, clock.now())
        condition.check(user)
    except BadCondition as bad:
        return render(request, "settings/_condition.html", {"bad": bad, "marked": _marked(text, bad)})
    rows = Ticket.objects.filter(sight(user).q(), fits.q())
    found = len(rows.order_by("-last_at").values_list("pk", flat=True)[: _MOST_COUNTED + 1])
    facts = {"found": min(found, _MOST_COUNTED), "more": found > _MOST_COUNTED, "every": condition.everything}
    return render(request, "settings/_condition.html", facts)


@require_POST
@permitted("routing")
def try_rule(request: HttpRequest) -> HttpResponse:
    """What the rule on the form would have done in the last days. Nothing is written."""
    user = person(request)
    row = Rule()
    try:
        keeping.checked_rule(row, _given(request), user)
        found = dry_run(row)
    except BadCondition as bad:
        text = request.POST.get("condition", "")
        return render(request, "settings/_condition.html", {"bad": bad, "marked": _marked(text, bad)})
    except CannotChange as refused:
        return render(request, "settings/_dry.html", {"refused": refused.sentence})
    seen = sight(user)
    shown = [each for each in found.touches if seen.takes_in(each.ticket)]
    return render(
        request, "settings/_dry.html", {"dry": found, "touches": shown, "hidden": found.count - len(shown)}
    )


def _new(request: HttpRequest) -> Rule:
    example = EXAMPLES.get(request.GET.get("like", ""), {})
    return Rule(**{name: str(value) if name == "name" else value for name, value in example.items()})


def _given(request: HttpRequest) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", ""),
        "when": request.POST.getlist("when"),
        "condition": request.POST.get("condition", ""),
        "stop": request.POST.get("stop") == "on",
        "actions": _given_actions(request),
    }


def _given_actions(request: HttpRequest) -> list[dict[str, Any]]:
    found = []
    for name, value in request.POST.items():
        at = _DEED.fullmatch(name)
        if at:
            deed: dict[str, Any] = {"do": str(value)}
            for need in ("person", "team", "tags", "priority", "status", "text", "quick_text", "url"):
                if f"a{at[1]}-{need}" in request.POST:
                    deed[need] = request.POST[f"a{at[1]}-{need}"]
            found.append(deed)
    return found


def _put_back(row: Rule, request: HttpRequest) -> None:
    """What was entered stays on the form, also where it cannot be kept."""
    given = _given(request)
    row.when, row.condition, row.stop = given["when"], given["condition"], given["stop"]
    row.actions = [each | {"tags": _split(each.get("tags"))} for each in given["actions"]]


def _split(tags: Any) -> list[str]:
    return [each.strip() for each in str(tags or "").split(",") if each.strip()]


def _form(row: Rule, error: CannotChange | BadCondition | None) -> dict[str, Any]:
    bad = error if isinstance(error, BadCondition) else None
    return {
        "rule": row,
        "told": _told(row),
        "triggers": rules.TRIGGERS,
        "deeds": [_deed(each, str(place)) for place, each in enumerate(row.actions)],
        "kinds": [_deed({"do": name}) for name in actions.ACTIONS],
        "people": people.colleagues(),
        "takers": people.who_can_be_given_tickets(),
        "teams": reach.open_teams(),
        "quick_texts": sorted({each.name for each in library.everybodys()}),
        "priorities": actions.PRIORITIES,
        "statuses": actions.STATUSES,
        "error": error if isinstance(error, CannotChange) else None,
        "bad": bad,
        "marked": _marked(row.condition, bad) if bad else None,
    }


def _deed(action: Mapping[str, Any], number: str = "__n__") -> Deed:
    kind = actions.ACTIONS.get(str(action.get("do")))
    if kind is None:
        return Deed("", str(action.get("do", "")), (), action, number)
    more = ("text",) if kind.name.startswith("notify") else ()
    gone = actions.gone(action) if number != "__n__" else ""
    called = actions.called(action) if gone else ""
    here = bool(gone) and any(str(each.pk) == str(action.get("person")) for each in people.colleagues())
    return Deed(kind.name, str(kind.title), (*kind.needs, *more), action, number, gone, called, here)


def _told(row: Rule) -> Told:
    return Told(
        [str(rules.TRIGGERS.get(each, each)) for each in row.when],
        row.condition,
        [actions.tell(each) for each in row.actions],
        rules.problem_of(row),
        rules.not_done_any_more(row),
    )


def _ran(run: RuleRun) -> Ran:
    kind = run.event.kind if run.event else Rule.TIME
    done = [
        (actions.tell(each), each.get("ok"), rules.said_to_reader(each.get("said"))) for each in run.outcome
    ]
    return Ran(run, str(rules.TRIGGERS.get(kind, kind)), done)


def _marked(text: str, bad: BadCondition) -> tuple[str, str, str]:
    """What stands before the word that is wrong, the word, and the rest."""
    end = min(bad.end, len(text))
    return text[: bad.position], text[bad.position : end], text[end:]


urlpatterns = [
    path("settings/rules/", all_rules, name="rules"),
    path("settings/rules/new/", rule, name="new_rule"),
    path("settings/rules/check/", check_condition, name="check_condition"),
    path("settings/rules/try/", try_rule, name="try_rule"),
    path("settings/rules/<int:number>/", rule, name="rule"),
    path("settings/rules/<int:number>/act/", rule_act, name="rule_act"),
]
