"""Business hours: when somebody is there, and what follows from it right now."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach as people
from heed.accounts.refusals import CannotChange
from heed.lib import clock
from heed.routing import desk_hours, targets
from heed.routing.automatic import hours_of_day
from heed.routing.desk_hours import EVERYWHERE, Place
from heed.routing.hours import OpeningHours
from heed.routing.hours_text import spans_from, text_of
from heed.routing.models import Hours, Schedule
from heed.routing.targets import Matter
from heed.web import due_words
from heed.web.account_names import all_names
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person

EMPTY_ROWS = 3
"""Lines for new holidays below those that are there."""
MOST_HOLIDAYS = 60


class TimesField(forms.CharField):
    """Opening times as people write them."""

    def __init__(self, **facts: Any) -> None:
        facts = {"required": False, "max_length": 120, **facts}
        super().__init__(**facts)
        self.widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}

    def clean(self, value: Any) -> list[list[int]]:
        try:
            return spans_from(super().clean(value))
        except CannotChange as cannot:
            raise forms.ValidationError(str(cannot.sentence)) from cannot


class HoursForm(Refusing):
    """A schedule: its name, zone, week, and where it holds."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        help_text=gettext_lazy("The clock on the wall where the team works, such as Europe/Ljubljana."),
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        for number in range(7):
            self.fields[f"day{number}"] = TimesField(label=WEEKDAYS[number])
        self.fields["places"] = forms.MultipleChoiceField(
            label=_("Where these hours hold"),
            choices=place_choices(),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=_("The nearest counts: a team before the account, the account before the brand."),
        )

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day{number}"] for number in range(7)]

    def clean_places(self) -> list[Place]:
        return [place_from(each) for each in self.cleaned_data["places"]]

    @property
    def week(self) -> list[list[list[int]]]:
        return [self.cleaned_data[f"day{number}"] for number in range(7)]


class HolidayForm(forms.Form):
    """A day that is different."""

    day = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    yearly = forms.BooleanField(label=gettext_lazy("Every year"), required=False)
    title = forms.CharField(label=gettext_lazy("What it is called"), max_length=80, required=False)
    times = TimesField(label=gettext_lazy("Hours"))

    @property
    def record(self) -> dict[str, Any] | None:
        """What is kept of it; None for an empty line."""
        day: date | None = self.cleaned_data.get("day")
        if day is None:
            return None
        written = f"{day:%m-%d}" if self.cleaned_data["yearly"] else day.isoformat()
        return {
            "name": self.cleaned_data["title"],
            "day": written,
            "spans": self.cleaned_data["times"],
        }


HolidayForms = forms.formset_factory(HolidayForm, extra=EMPTY_ROWS, max_num=MOST_HOLIDAYS, validate_max=True)


# ------------------------------------------------------------------------------------ the pages


@permitted("routing")
def hours(request: HttpRequest) -> HttpResponse:
    """All schedules, with what each says now."""
    now = clock.now()
    names = dict(place_choices())
    shown = [
        {
            "schedule": schedule,
            "places": [names[written(place)] for place in places if written(place) in names],
            "week": week_in_words(held),
            "example": example(desk_hours.opening_hours(held), now, places[0] if places else EVERYWHERE),
        }
        for schedule, places, held in desk_hours.schedules()
    ]
    return render(request, "settings/hours.html", {"schedules": shown})


@require_http_methods(["GET", "POST"])
@permitted("routing")
def one(request: HttpRequest, schedule: int | None = None) -> HttpResponse:
    """Make a schedule, or change one."""
    found = get_object_or_404(Schedule, pk=schedule, archived=False) if schedule else None
    form = HoursForm(request.POST or None, initial=_initial(found))
    holidays = HolidayForms(request.POST or None, initial=_holidays(found), prefix="holidays")
    if request.method == "POST" and form.is_valid() and holidays.is_valid():
        try:
            kept = desk_hours.keep(
                found,
                person(request),
                name=form.cleaned_data["name"],
                zone=form.cleaned_data["zone"],
                week=form.week,
                holidays=_records(holidays),
                places=form.cleaned_data["places"],
            )
            messages.success(request, _("“%(name)s” is kept and holds from now on.") % {"name": kept.name})
            return redirect("hours")
        except CannotChange as cannot:
            form.refuse(cannot)
    facts = {"form": form, "holidays": holidays, "schedule": found, "zones": sorted(available_timezones())}
    return render(request, "settings/hours_of.html", facts)


@require_POST
@permitted("routing")
def show(request: HttpRequest) -> HttpResponse:
    """What the hours in the form would mean right now, kept or not."""
    form = HoursForm(request.POST)
    holidays = HolidayForms(request.POST, prefix="holidays")
    facts: dict[str, Any] = {}
    form.fields["name"].required = False
    if form.is_valid() and holidays.is_valid():
        places = form.cleaned_data["places"]
        with suppress(CannotChange):
            checked = desk_hours.checked_hours(form.cleaned_data["zone"], form.week, _records(holidays))
            would = desk_hours.hours_from(**checked)
            facts = {"example": example(would, clock.now(), places[0] if places else EVERYWHERE)}
    return render(request, "settings/_hours_example.html", facts)


@require_POST
@permitted("routing")
def put_away(request: HttpRequest, schedule: int) -> HttpResponse:
    found = get_object_or_404(Schedule, pk=schedule, archived=False)
    desk_hours.put_away(found, person(request))
    messages.success(request, _("“%(name)s” holds nowhere any more.") % {"name": found.name})
    return redirect("hours")


def _initial(schedule: Schedule | None) -> dict[str, Any]:
    if schedule is None:
        office = {f"day{number}": "9:00–17:00" for number in range(5)}
        places = [] if _everywhere_has_one() else [written(EVERYWHERE)]
        return {"zone": "Europe/Ljubljana", "places": places, **office}
    held = _held(schedule)
    days = {f"day{number}": text_of(spans) for number, spans in enumerate(held.week)}
    places = [written(each) for each in desk_hours.places_of(schedule)]
    return {"name": schedule.name, "zone": held.zone, "places": places, **days}


def _held(schedule: Schedule) -> Hours:
    held = schedule.versions.order_by("since", "id").last()
    if held is None:
        raise Http404
    return held


def _everywhere_has_one() -> bool:
    return any(EVERYWHERE in places for _schedule, places, _held in desk_hours.schedules())


def _holidays(schedule: Schedule | None) -> list[dict[str, Any]]:
    """The lines of the holidays; those of every year with their day this year, or in the next that has it."""
    rows = _held(schedule).holidays if schedule else []
    return [
        {
            "day": each.next_after(date(each.year or clock.now().year, 1, 1)),
            "yearly": not each.year,
            "title": each.name,
            "times": text_of(each.spans),
        }
        for each in map(desk_hours.holiday_from, rows)
    ]


def _records(holidays: Iterable[Any]) -> list[dict[str, Any]]:
    return [each.record for each in holidays if each.record is not None]


# --------------------------------------------------------------------------------------- places


def place_choices() -> list[tuple[str, Any]]:
    """Everywhere, brands, accounts and teams, by the names the form sends."""
    brands = [
        (written(Place(brand=each.pk)), _("Brand: %(name)s") % {"name": each}) for each in people.brands()
    ]
    accounts = [
        (written(Place(account=number)), _("Account: %(name)s") % {"name": name})
        for number, name in all_names().items()
    ]
    teams = [(written(Place(team=each.pk)), _("Team: %(name)s") % {"name": each}) for each in people.teams()]
    return [(written(EVERYWHERE), _("Everything that has no hours of its own")), *brands, *accounts, *teams]


def written(place: Place) -> str:
    return f"{place.team}.{place.account}.{place.brand}"


def place_from(text: str) -> Place:
    return Place(*(int(each) for each in text.split(".")))


# ------------------------------------------------------------------------------------- examples


def week_in_words(held: Hours) -> list[tuple[str, str]]:
    """The days of the week with their times; days alike stand together."""
    rows: list[tuple[int, int, str]] = []
    for number, spans in enumerate(held.week):
        times = text_of(spans) or _("closed")
        if rows and rows[-1][2] == times:
            rows[-1] = (rows[-1][0], number, times)
        else:
            rows.append((number, number, times))
    return [(str(WEEKDAYS[a]) if a == b else f"{WEEKDAYS[a]} – {WEEKDAYS[b]}", times) for a, b, times in rows]


def example(would: OpeningHours, now: datetime, place: Place) -> dict[str, Any]:
    """What these hours mean right now."""
    opening, holiday = would.next_opening(now), would.next_holiday(now)
    closing = would.next_closing(now)
    tz = would.tz
    return {
        "open": would.is_open(now),
        "always": would.always,
        "never": opening is None,
        "here": f"{now.astimezone(tz):%H:%M}",
        "closes": due_words.moment_there(closing, tz) if closing else "",
        "opens": due_words.moment_there(opening, tz) if opening and opening > now else "",
        "today": hours_of_day(would, now),
        "holiday": _holiday_in_words(would, *holiday) if holiday else "",
        "due": dues(would, now, place),
    }


def _holiday_in_words(would: OpeningHours, day: date, holiday: Any) -> str:
    told = text_of(holiday.spans) or _("closed")
    return _("%(name)s on %(date)s: %(hours)s") % {
        "name": holiday.name,
        "date": date_format(day, "DATE_FORMAT"),
        "hours": told,
    }


def dues(would: OpeningHours, now: datetime, place: Place) -> list[tuple[Any, str]]:
    """By when a ticket of normal priority that arrives now would have what was promised."""
    policy = targets.first_match(targets.policies(), Matter(2, "", place))
    found = due_words.dues(policy, would, now) if policy else {}
    return [(due_words.TARGETS[each], due) for each, due in found.items() if each != "next_reply"]


def closed_moment(would: OpeningHours, now: datetime) -> datetime | None:
    """Now while it is closed, else the next time it will be; None when it never is."""
    if not would.is_open(now):
        return now
    closing = would.next_closing(now)
    return closing + timedelta(minutes=1) if closing else None


urlpatterns = [
    path("settings/hours/", hours, name="hours"),
    path("settings/hours/new/", one, name="new_hours"),
    path("settings/hours/example/", show, name="hours_example"),
    path("settings/hours/<int:schedule>/", one, name="hours_of"),
    path("settings/hours/<int:schedule>/away/", put_away, name="hours_away"),
]
