"""Targets: by when customers have an answer, and what that means for a ticket that arrives now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach as people
from heed.accounts.refusals import CannotChange
from heed.channels import reach as channels
from heed.inbox.models import Customer, Ticket
from heed.lib import clock
from heed.lib.text import whole
from heed.routing import desk_hours, promises, targets
from heed.routing.desk_hours import EVERYWHERE, DeskHours, Place
from heed.routing.models import Policy
from heed.routing.targets import Matter
from heed.web import due_words
from heed.web.account_names import all_names, names_of
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person

PRIORITIES = Ticket.Priority.choices[::-1]
UNITS = [("60", gettext_lazy("minutes")), ("3600", gettext_lazy("hours"))]
LONGEST = 90 * 24 * 3600
MOST_GROUPS = 100
MOST_LOOKED_AT = 100


class WithinWidget(forms.MultiWidget):
    """A number and its unit."""

    template_name = "settings/_within.html"

    def __init__(self) -> None:
        number = forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"})
        super().__init__({"": number, "unit": forms.Select(choices=UNITS)})

    def decompress(self, value: Any) -> list[Any]:
        if not value:
            return [None, "3600"]
        return [value // 3600, "3600"] if value % 3600 == 0 else [round(value / 60), "60"]


class WithinField(forms.MultiValueField):
    """So many minutes or hours, in seconds; None when empty."""

    widget = WithinWidget

    def __init__(self, **facts: Any) -> None:
        fields = (forms.IntegerField(min_value=1, max_value=LONGEST), forms.ChoiceField(choices=UNITS))
        super().__init__(fields=fields, require_all_fields=False, required=False, **facts)
        number, unit = self.widget.widgets
        number.attrs["aria-label"], unit.attrs["aria-label"] = self.label, gettext_lazy("Unit")
        for each in self.fields:
            each.required = False

    def compress(self, data_list: list[Any]) -> int | None:
        if not data_list or not data_list[0]:
            return None
        seconds = int(data_list[0]) * int(data_list[1] or 60)
        if seconds > LONGEST:
            raise forms.ValidationError(_("At most 90 days."))
        return seconds


class TargetForm(Refusing):
    """One policy."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    on = forms.BooleanField(label=gettext_lazy("In force"), required=False)
    first_reply = WithinField(label=gettext_lazy("First reply within"))
    next_reply = WithinField(label=gettext_lazy("Next reply within"))
    resolution = WithinField(label=gettext_lazy("Solved within"))
    time = forms.ChoiceField(
        label=gettext_lazy("The clock runs"),
        choices=[
            ("business", gettext_lazy("while we are open, by the hours of the team, account or brand")),
            ("elapsed", gettext_lazy("day and night")),
        ],
        widget=forms.RadioSelect,
    )
    warn_before = WithinField(label=gettext_lazy("Warn before it is due"))
    pause_pending = forms.BooleanField(
        label=gettext_lazy("while a ticket is pending: we wait for the customer"), required=False
    )
    pause_hold = forms.BooleanField(
        label=gettext_lazy("while it is on hold: we wait for somebody else"), required=False
    )
    pause_snoozed = forms.BooleanField(label=gettext_lazy("while it is snoozed"), required=False)

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        lists: tuple[tuple[str, str, Sequence[tuple[Any, Any]]], ...] = (
            ("priorities", _("Priority"), PRIORITIES),
            ("groups", _("Customer group"), [(each, each) for each in groups()]),
            ("teams", _("Team"), [(each.pk, each.name) for each in people.teams()]),
            ("accounts", _("Account"), list(all_names().items())),
            ("brands", _("Brand"), [(each.pk, each.name) for each in people.brands()]),
        )
        for name, label, known in lists:
            kind = str if name == "groups" else int
            # what is gone stays chosen: nothing chosen would mean everything
            gone = [each for each in self.initial.get(name) or () if each not in dict(known)]
            words = {each: each if name == "groups" else _("no longer here") for each in gone}
            choices = [*known, *words.items()]
            self.fields[name] = forms.TypedMultipleChoiceField(
                label=label,
                choices=choices,
                coerce=kind,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text="" if choices else _("There is none yet."),
            )

    def write(self, policy: Policy) -> Policy:
        """Put what was chosen into a policy."""
        for name, value in self.cleaned_data.items():
            setattr(policy, name, value)
        policy.warn_before = self.cleaned_data["warn_before"] or 0
        return policy


def groups() -> list[str]:
    """The customer groups in use."""
    rows = Customer.objects.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
    return list(rows[:MOST_GROUPS])


# ------------------------------------------------------------------------------------ the pages


@permitted("routing")
def list_of_targets(request: HttpRequest) -> HttpResponse:
    """All policies in order, and what they mean right now."""
    rows = Policy.objects.filter(archived=False).order_by("position", "id")
    names = _names()
    shown = [
        {"policy": each, "promises": promised_in_words(each), "for_whom": for_whom(each, names)}
        for each in rows
    ]
    facts = {"rows": shown, "examples": _examples(targets.policies(), desk_hours.read(), clock.now())}
    return render(request, "settings/targets.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("routing")
def one(request: HttpRequest, policy: int | None = None) -> HttpResponse:
    """Make a policy, or change one."""
    found = get_object_or_404(Policy, pk=policy, archived=False) if policy else Policy(warn_before=900)
    form = TargetForm(request.POST or None, initial=_initial(found))
    if request.method == "POST" and form.is_valid():
        try:
            kept = promises.keep_policy(form.write(found), person(request))
            messages.success(
                request, _("“%(name)s” is kept. Open tickets move with it.") % {"name": kept.name}
            )
            return redirect("targets")
        except CannotChange as cannot:
            form.refuse(cannot)
    return render(request, "settings/target.html", {"form": form, "policy": found})


@require_POST
@permitted("routing")
def show(request: HttpRequest) -> HttpResponse:
    """By when a ticket that arrives now would be due, by what stands in the form."""
    chosen = {name: request.POST.getlist(name) for name in _LISTS}
    known = {name: [whole(each) for each in ids] for name, ids in chosen.items() if name != "groups"}
    form = TargetForm(request.POST, initial=chosen | known)
    form.fields["name"].required = False
    examples: list[dict[str, Any]] = []
    if form.is_valid():
        policy = form.write(Policy())
        desk, now = desk_hours.read(), clock.now()
        places = _places(policy.accounts) or [(_("Everywhere"), EVERYWHERE)]
        alike = dict[tuple[Any, ...], list[str]]()
        for name, place in places[:MOST_LOOKED_AT]:
            dues = due_words.dues(policy, desk.hours(place, now), now)
            alike.setdefault(tuple(dues.items()), []).append(name)
        examples = [
            {
                "place": ", ".join(names) if policy.accounts else _all_of(names, places),
                "dues": [(due_words.TARGETS[each], due) for each, due in dues],
            }
            for dues, names in alike.items()
            if dues
        ]
    return render(request, "settings/_target_example.html", {"examples": examples})


@require_POST
@permitted("routing")
def put_away(request: HttpRequest, policy: int) -> HttpResponse:
    found = get_object_or_404(Policy, pk=policy, archived=False)
    promises.put_policy_away(found, person(request))
    messages.success(request, _("“%(name)s” promises nothing any more.") % {"name": found.name})
    return redirect("targets")


@require_POST
@permitted("routing")
def move(request: HttpRequest, policy: int) -> HttpResponse:
    """Ask a policy earlier or later."""
    found = get_object_or_404(Policy, pk=policy, archived=False)
    promises.move_policy(found, person(request), request.POST.get("up") == "yes")
    return redirect("targets")


_FIELDS = (
    "name",
    "on",
    *targets.TARGETS,
    "time",
    "warn_before",
    "pause_pending",
    "pause_hold",
    "pause_snoozed",
)
_LISTS = ("priorities", "groups", "teams", "accounts", "brands")


def _initial(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in (*_FIELDS, *_LISTS)}


# ------------------------------------------------------------------------------------- in words


def promised_in_words(policy: Policy) -> list[str]:
    return [
        _("%(target)s: %(time)s") % {"target": due_words.TARGETS[target], "time": due_words.how_long(seconds)}
        for target in targets.TARGETS
        if (seconds := targets.promised(policy, target)) is not None
    ]


def _names() -> dict[str, dict[Any, Any]]:
    return {
        "priorities": dict(PRIORITIES),
        "groups": {},
        "teams": {each.pk: each.name for each in people.teams()},
        "accounts": all_names(),
        "brands": {each.pk: each.name for each in people.brands()},
    }


def for_whom(policy: Policy, names: dict[str, dict[Any, Any]]) -> str:
    """Which tickets a policy is for."""
    gone = _("no longer here")
    parts = [
        ", ".join(str(names[kind].get(each, each if kind == "groups" else gone)) for each in chosen)
        for kind in _LISTS
        if (chosen := getattr(policy, kind))
    ]
    return _("For: %(what)s") % {"what": " · ".join(parts)} if parts else _("For all tickets")


def _places(accounts: Iterable[int] = ()) -> list[tuple[Any, Place]]:
    wanted, found = set(accounts), channels.accounts()
    names = names_of(found)
    return [
        (names[each.pk], Place(account=each.pk, brand=each.brand_id or 0))
        for each in found
        if not wanted or each.pk in wanted
    ]


def _examples(found: list[Policy], desk: DeskHours, now: datetime) -> list[dict[str, Any]]:
    """When tickets would be due: a row for all accounts of which the same holds."""
    places, alike = _places(), dict[tuple[Any, ...], list[str]]()
    for name, place in places[:MOST_LOOKED_AT]:
        for priority, word in (PRIORITIES[0], PRIORITIES[2]):
            policy = targets.first_match(found, Matter(int(priority), "", place))
            told = due_words.dues(policy, desk.hours(place, now), now) if policy else {}
            dues = (told.get(each, "–") for each in ("first_reply", "resolution"))
            alike.setdefault((word, policy.name if policy else "–", *dues), []).append(name)
    columns = ("priority", "policy", "first_reply", "resolution")
    return [
        {"place": _all_of(names, places)} | dict(zip(columns, row, strict=True))
        for row, names in alike.items()
    ]


def _all_of(names: list[str], places: list[tuple[Any, Place]]) -> str:
    return _("All accounts") if len(names) == len(places) > 1 else ", ".join(names)


urlpatterns = [
    path("settings/targets/", list_of_targets, name="targets"),
    path("settings/targets/new/", one, name="new_target"),
    path("settings/targets/example/", show, name="target_example"),
    path("settings/targets/<int:policy>/", one, name="target"),
    path("settings/targets/<int:policy>/away/", put_away, name="target_away"),
    path("settings/targets/<int:policy>/move/", move, name="move_target"),
]
