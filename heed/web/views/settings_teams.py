"""Teams: who is in them, how they get their tickets, what each person can take and when they work."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach as people
from heed.accounts.models import Team, User
from heed.accounts.refusals import CannotChange
from heed.lib import clock
from heed.routing import keeping, reach
from heed.routing.assignment import routing_of
from heed.routing.hours import DAY
from heed.routing.hours_text import text_of
from heed.routing.models import AccountTeam, Profile, Skill, TeamRouting
from heed.routing.people import is_here, next_shift
from heed.web.account_names import all_names
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person

WAYS: dict[str, tuple[Promise, Promise]] = {
    "pull": (
        gettext_lazy("People take the next ticket"),
        gettext_lazy("Whoever is free presses “Next ticket”."),
    ),
    "turns": (gettext_lazy("In turn"), gettext_lazy("Each new ticket goes to whoever had none for longest.")),
    "least": (
        gettext_lazy("To whoever has least"),
        gettext_lazy("Each new ticket goes to whoever has the fewest open ones."),
    ),
    "hand": (gettext_lazy("By hand"), gettext_lazy("Somebody gives each ticket out.")),
}


class TeamForm(Refusing):
    name = forms.CharField(label=gettext_lazy("Name of the team"), max_length=80)
    members = forms.MultipleChoiceField(
        label=gettext_lazy("People"), required=False, widget=forms.CheckboxSelectMultiple
    )
    accounts = forms.MultipleChoiceField(
        label=gettext_lazy("New tickets of these accounts come here"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    way = forms.ChoiceField(
        label=gettext_lazy("How tickets reach people"),
        widget=forms.RadioSelect,
        choices=[(key, title) for key, (title, _more) in WAYS.items()],
    )
    same_language = forms.BooleanField(
        label=gettext_lazy("Only to people who speak the customer's language"), required=False
    )
    same_skill = forms.BooleanField(
        label=gettext_lazy("Only to people with the skill that the ticket's tags ask for"), required=False
    )
    prefer_last = forms.BooleanField(
        label=gettext_lazy("First to whoever answered this customer last"), required=False
    )
    takes_back = forms.BooleanField(
        label=gettext_lazy("Unanswered tickets come back when somebody goes away"), required=False
    )

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        chosen = {*self.initial.get("members", ())}  # who belongs to it stands first, by name
        everybody = sorted(people.colleagues(), key=lambda each: str(each.pk) not in chosen)
        for name, rows in (
            ("members", [(str(each.pk), str(each)) for each in everybody]),
            ("accounts", [(str(number), name) for number, name in all_names().items()]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = rows


class NameForm(Refusing):
    name = forms.CharField(label=gettext_lazy("Name of the team"), max_length=80)


class SkillForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Skill"), max_length=60)
    tags = forms.CharField(
        label=gettext_lazy("Tickets with one of these tags need it"),
        help_text=gettext_lazy("By commas, for example: zip, sole"),
        max_length=500,
    )


class ProfileForm(forms.Form):
    languages = forms.CharField(
        label=gettext_lazy("Languages"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Codes by commas, for example: sl, en. Empty: every language."),
    )
    skills = forms.MultipleChoiceField(
        label=gettext_lazy("Skills"), required=False, widget=forms.CheckboxSelectMultiple
    )
    capacity = forms.IntegerField(
        label=gettext_lazy("Open tickets at most"),
        min_value=0,
        max_value=1000,
        help_text=gettext_lazy("More are not given to them. 0: no limit."),
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    gives_back = forms.BooleanField(
        label=gettext_lazy("After the shift, unanswered tickets go back to the team"), required=False
    )

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        skills, zone = self.fields["skills"], self.fields["zone"]
        assert isinstance(skills, forms.MultipleChoiceField)
        assert isinstance(zone, forms.ChoiceField)
        skills.choices = [(str(each.pk), each.name) for each in Skill.objects.order_by("name")]
        zone.choices = [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


@require_http_methods(["GET", "POST"])
@permitted("routing")
def teams(request: HttpRequest) -> HttpResponse:
    """All teams as they stand now; POST makes one."""
    user = person(request)
    form = NameForm(request.POST or None)
    if form.is_valid():
        try:
            made = keeping.make_team(user, form.cleaned_data["name"])
        except CannotChange as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("The team is there. Now choose its people."))
            return redirect("team", made.pk)
    names = all_names()
    found = [
        (each, WAYS[each.routing.way], [names[account.pk] for account in each.accounts])
        for each in reach.teams(user)
    ]
    facts = {
        "form": form,
        "teams": found,
        "archived": reach.teams(user, archived=True),
        "everybody": [_facts(each) for each in people.colleagues()],
        "skills": reach.skills(user),
        "skill_form": SkillForm(),
    }
    return render(request, "settings/teams.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("routing")
def team(request: HttpRequest, number: int) -> HttpResponse:
    """Change a team."""
    user, found = person(request), reach.team(person(request), number)
    form = TeamForm(request.POST or None, initial=_of_team(found))
    if form.is_valid():
        given = form.cleaned_data
        chosen = {name: [int(each) for each in given[name]] for name in ("members", "accounts")}
        try:
            keeping.change_team(user, found, **(given | chosen))
        except CannotChange as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("teams")
    facts = {"form": form, "team": found, "ways": WAYS, "taken": _taken(found)}
    return render(request, "settings/team.html", facts)


@require_POST
@permitted("routing")
def team_act(request: HttpRequest, number: int) -> HttpResponse:
    """Put a team away, or open it again."""
    user, found = person(request), reach.team(person(request), number)
    if request.POST.get("to") == "archive":
        keeping.archive_team(user, found)
        messages.success(request, _("The team takes no more tickets."))
    elif request.POST.get("to") == "back":
        keeping.open_team_again(user, found)
        messages.success(request, _("The team takes tickets again."))
    return redirect("teams")


@require_http_methods(["GET", "POST"])
@permitted("routing")
def abilities(request: HttpRequest, someone: int) -> HttpResponse:
    """What a colleague can take, and when they work."""
    user = person(request)
    colleague = people.someone(someone)
    profile = reach.profile(colleague)
    form = ProfileForm(request.POST or None, initial=_of_profile(profile))
    week = {str(day): request.POST.get(f"day-{day}", _shown(profile, str(day))) for day in range(7)}
    problem = ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            keeping.keep_profile(
                user,
                colleague,
                languages=given["languages"].split(","),
                skills=[int(each) for each in given["skills"]],
                capacity=given["capacity"],
                zone=given["zone"],
                shifts=week,
                gives_back=given["gives_back"],
            )
        except CannotChange as refused:
            problem = str(refused.sentence)
        else:
            messages.success(request, _("Saved."))
            return redirect("teams")
    days = [(day, WEEKDAYS[int(day)], text) for day, text in week.items()]
    facts = {"form": form, "colleague": colleague, "days": days, "problem": problem} | _facts(colleague)
    return render(request, "settings/abilities.html", facts, status=422 if problem else 200)


@require_POST
@permitted("routing")
def skill(request: HttpRequest, number: int = 0) -> HttpResponse:
    """Make, change or drop a skill."""
    user = person(request)
    row = reach.skill(user, number) if number else None
    if row is not None and request.POST.get("to") == "drop":
        keeping.drop_skill(user, row)
        messages.success(request, _("The skill is gone."))
        return redirect("teams")
    try:
        keeping.keep_skill(user, row, request.POST.get("name", ""), request.POST.get("tags", ""))
    except CannotChange as refused:
        messages.error(request, str(refused.sentence))
    else:
        messages.success(request, _("Saved."))
    return redirect("teams")


def _of_team(team: Team) -> dict[str, object]:
    routing: TeamRouting = routing_of(team)
    return {
        "name": team.name,
        "members": [str(each) for each in team.memberships.values_list("user", flat=True)],
        "accounts": [
            str(each) for each in AccountTeam.objects.filter(team=team).values_list("pk", flat=True)
        ],
        "way": routing.way,
        "same_language": routing.same_language,
        "same_skill": routing.same_skill,
        "prefer_last": routing.prefer_last,
        "takes_back": routing.takes_back,
    }


def _taken(team: Team) -> list[tuple[str, str]]:
    """The accounts whose tickets go to another team now, and to which."""
    rows = AccountTeam.objects.exclude(team=team).order_by("account__name")
    return list(rows.values_list("account__name", "team__name"))


def _of_profile(profile: Profile) -> dict[str, object]:
    skills = [str(each.pk) for each in profile.skills.all()] if profile.pk else []
    return {
        "languages": ", ".join(profile.languages),
        "skills": skills,
        "capacity": profile.capacity,
        "zone": profile.zone,
        "gives_back": profile.gives_back,
    }


def _facts(colleague: User) -> dict[str, object]:
    """Somebody as they stand: here or not, and until when."""
    profile, now = reach.profile(colleague), clock.now()
    here = is_here(profile, now)
    return {
        "person": colleague,
        "profile": profile,
        "here": here,
        "back": None if here else profile.away_until or next_shift(profile, now),
    }


def _shown(profile: Profile, day: str) -> str:
    spans = [[int(each[:2]) * 60 + int(each[3:]) for each in span] for span in profile.shifts.get(day, ())]
    return text_of((opens, closes or DAY) for opens, closes in spans)


urlpatterns = [
    path("settings/teams/", teams, name="teams"),
    path("settings/teams/<int:number>/", team, name="team"),
    path("settings/teams/<int:number>/act/", team_act, name="team_act"),
    path("settings/teams/people/<int:someone>/", abilities, name="abilities"),
    path("settings/teams/skills/", skill, name="new_skill"),
    path("settings/teams/skills/<int:number>/", skill, name="skill"),
]
