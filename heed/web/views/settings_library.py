"""Settings: quick texts, one's own and shared ones; and the guidelines of the desk, its teams, accounts and
brands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach as people
from heed.accounts.models import Brand, Team, User
from heed.accounts.refusals import CannotChange
from heed.inbox import reach
from heed.inbox.known import NAMES, known
from heed.inbox.reach.seeing import accounts_seen
from heed.lib.languages import WRITTEN
from heed.library import filling, verbs
from heed.library import reach as library
from heed.library.models import Guideline, QuickText
from heed.web.account_names import names_of
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person
from heed.web.guideline_words import written

LANGUAGES = [("", gettext_lazy("any")), *WRITTEN.items()]

EXAMPLE = gettext_lazy(
    """# Tone
- Say “we” and call people by their first name.
- Say first what you will do, then why.

# Answer times
- Public comments: within an hour.
- Private messages: within four hours.

# When it gets difficult
- A refund above 100: ask the lead.
- A journalist: say nothing, assign to Press."""
)
"""What an empty page begins with: whoever writes guidelines for the first time needs to see some."""


class QuickTextForm(Refusing):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=41,
        help_text=gettext_lazy("Typed after a slash, for example: /thanks"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=verbs.MOST_LETTERS,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES, required=False)
    whose = forms.ChoiceField(label=gettext_lazy("For whom"))

    def __init__(self, user: User, found: QuickText | None, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["text"].widget.attrs |= {
            "hx-post": reverse("quick_text_preview"),
            "hx-trigger": "input changed delay:200ms",
            "hx-target": "#becomes",
            "hx-swap": "innerHTML",
            "hx-push-url": "false",
        }
        if found is not None and found.language not in dict(LANGUAGES):
            self.fields["language"].choices = [*LANGUAGES, (found.language, found.language)]  # type: ignore[attr-defined]
        whose = _circles(user, found)
        if len(whose) > 1:
            self.fields["whose"].choices = whose  # type: ignore[attr-defined]
        else:
            del self.fields["whose"]

    def given(self) -> dict[str, Any]:
        """What the verbs take besides the person."""
        return {name: self.cleaned_data[name] for name in ("name", "text", "title", "language")}

    @property
    def shared(self) -> bool:
        return bool(self.cleaned_data.get("whose", "me") != "me")

    @property
    def team(self) -> Team | None:
        whose = self.cleaned_data.get("whose", "me")
        return next((each for each in people.teams() if str(each.pk) == whose), None)


def _circles(user: User, found: QuickText | None) -> list[tuple[str, str]]:
    """For whom somebody may keep a text; whether it is shared or one's own does not change afterwards."""
    mine, shared = [("me", _("Only me"))], [("all", _("Everybody"))]
    if not user.rights.may("desk") or (found is not None and not found.shared):
        return mine
    shared += [(str(team.pk), _("Team %(name)s") % {"name": team.name}) for team in people.teams()]
    return shared if found is not None else mine + shared


@require_http_methods(["GET", "POST"])
@permitted("note")
def quick_texts(request: HttpRequest) -> HttpResponse:
    """The quick texts this person can use, and a new one."""
    user, form = person(request), QuickTextForm(person(request), None, request.POST or None)
    if form.is_valid():
        try:
            verbs.make_quick_text(user, shared=form.shared, team=form.team, **form.given())
        except CannotChange as cannot:
            form.refuse(cannot)
        else:
            messages.success(request, _("Saved."))
            return redirect("quick_texts")
    found = library.quick_texts(user)
    facts = {
        "form": form,
        "own": [each for each in found if not each.shared],
        "shared": [(each, library.may_change(user, each)) for each in found if each.shared],
    }
    return render(request, "settings/quick_texts.html", facts | _becomes(user, form["text"].value() or ""))


@require_http_methods(["GET", "POST"])
@permitted("note")
def quick_text(request: HttpRequest, quick_text: int) -> HttpResponse:
    """Change one."""
    user, found = person(request), library.quick_text(person(request), quick_text)
    verbs.demand(user, found)
    begun = {"name": found.name, "title": found.title, "text": found.text, "language": found.language,
             "whose": str(found.team_id or "all") if found.shared else "me"}  # fmt: skip
    form = QuickTextForm(user, found, request.POST or None, initial=begun)
    if form.is_valid():
        try:
            verbs.change_quick_text(user, found, team=form.team, **form.given())
        except CannotChange as cannot:
            form.refuse(cannot)
        else:
            messages.success(request, _("Saved."))
            return redirect("quick_texts")
    facts = {"form": form, "quick_text": found}
    return render(request, "settings/quick_text.html", facts | _becomes(user, form["text"].value() or ""))


@require_POST
@permitted("note")
def quick_text_removal(request: HttpRequest, quick_text: int) -> HttpResponse:
    found = library.quick_text(person(request), quick_text)
    verbs.drop_quick_text(person(request), found)
    messages.success(request, _("“/%(name)s” is gone.") % {"name": found.name})
    return redirect("quick_texts")


@require_POST
@permitted("note")
def quick_text_preview(request: HttpRequest) -> HttpResponse:
    """What a text becomes for the newest ticket."""
    text = request.POST.get("text", "")[: verbs.MOST_LETTERS]
    return render(request, "settings/_becomes.html", _becomes(person(request), text))


def _becomes(user: User, text: str) -> dict[str, Any]:
    """A text as it would stand in an answer to the newest ticket this person sees."""
    newest = next(iter(reach.tickets(user, "all", limit=1).items), None) if user.rights.may("see") else None
    fields = [each.key for each in reach.fields(user)]
    facts = known(newest, user) if newest else {}
    return {
        "newest": newest,
        "becomes": filling.fill(text, facts),
        "unknown": filling.unknown(text, [*NAMES, *fields]),
        "placeholders": [*NAMES, *fields],
    }


# ------------------------------------------------------------------ guidelines


@dataclass(frozen=True, slots=True)
class Place:
    """Where a guideline can hold: the desk, a brand, an account or a team."""

    key: str
    name: str
    kind: str
    team: Team | None = None
    brand: Brand | None = None
    account: int | None = None

    def holds(self, guideline: Guideline) -> bool:
        there = (guideline.team_id, guideline.brand_id, guideline.account)
        return there == (self.team and self.team.pk, self.brand and self.brand.pk, self.account)


def _held(user: User) -> list[Guideline]:
    return library.guidelines(user, {each.pk: each.brand_id for each in accounts_seen(user)})


def _places(user: User) -> Iterator[Place]:
    """All places this person may know of, from the widest to the nearest."""
    yield Place("desk", _("Everybody"), _("The whole desk"))
    for brand in people.brands():
        yield Place(f"brand-{brand.pk}", brand.name, _("Brand"), brand=brand)
    for number, name in names_of(accounts_seen(user)).items():
        yield Place(f"account-{number}", name, _("Account"), account=number)
    for team in people.teams():
        yield Place(f"team-{team.pk}", team.name, _("Team"), team=team)


@permitted("see")
def guidelines(request: HttpRequest) -> HttpResponse:
    """All guidelines, to read; those who may change them get a way to."""
    held = _held(person(request))
    places = _places(person(request))
    rows = [(place, next((each for each in held if place.holds(each)), None)) for place in places]
    facts = {
        "written": [(place, each, written(each.text)) for place, each in rows if each],
        "empty": [place for place, each in rows if not each],
        "may_write": person(request).rights.may("desk"),
        "example": written(str(EXAMPLE)),
    }
    return render(request, "settings/guidelines.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("desk")
def guideline(request: HttpRequest, place: str) -> HttpResponse:
    """Write down what holds at one place; an empty text takes it away."""
    where = next((each for each in _places(person(request)) if each.key == place), None)
    if where is None:
        raise Http404
    held = next((each for each in _held(person(request)) if where.holds(each)), None)
    text = request.POST.get("text", held.text if held else "")
    facts: dict[str, Any] = {"place": where, "held": held, "text": text, "shown": written(text)}
    if request.method == "POST" and request.headers.get("HX-Request"):
        return HttpResponse(facts["shown"])
    if request.method == "POST":
        try:
            verbs.write_guideline(
                person(request), text, team=where.team, brand=where.brand, account=where.account
            )
        except CannotChange as cannot:
            facts["wrong"] = cannot.sentence
        else:
            messages.success(request, _("Saved."))
            return redirect("guidelines")
    facts["example"] = str(EXAMPLE)
    return render(request, "settings/guideline.html", facts)


urlpatterns = [
    path("settings/quick-texts/", quick_texts, name="quick_texts"),
    path("settings/quick-texts/preview/", quick_text_preview, name="quick_text_preview"),
    path("settings/quick-texts/<int:quick_text>/", quick_text, name="quick_text"),
    path("settings/quick-texts/<int:quick_text>/removal/", quick_text_removal, name="quick_text_removal"),
    path("settings/guidelines/", guidelines, name="guidelines"),
    path("settings/guidelines/<slug:place>/", guideline, name="guideline"),
]
