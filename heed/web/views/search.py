"""Looking for tickets, and the views people keep of what they found."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from heed.accounts.models import Team, User
from heed.accounts.reach import teams
from heed.inbox import reach
from heed.inbox.conditions import BadCondition, complete, parse
from heed.inbox.models import SavedView, Ticket
from heed.inbox.reach import saved
from heed.inbox.reach.counters import MOST_COUNTED
from heed.inbox.verbs import CannotTend, saving
from heed.lib.text import whole
from heed.web import words
from heed.web.gate import person, sentence, signed_in
from heed.web.listed import SEARCH, kept_place, place
from heed.web.views.inbox import more, open_place

_MOST_LETTERS = 2000


class ViewForm(forms.Form):
    """A view: its name, what it holds, how it is sorted and who sees it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    condition = forms.CharField(
        label=gettext_lazy("Tickets"),
        max_length=_MOST_LETTERS,
        required=False,
        widget=forms.TextInput(
            attrs={
                "dir": "auto",
                "autocomplete": "off",
                "spellcheck": "false",
                "data-complete": reverse_lazy("completions"),
                "data-proposals": gettext_lazy("What could go on"),
                "hx-get": reverse_lazy("new_view"),
                "hx-trigger": "input changed delay:400ms",
                "hx-target": "#held",
                "hx-select": "#held",
                "hx-swap": "outerHTML",
            }
        ),
        help_text=gettext_lazy("As in the search box, for example: is:open team:returns waiting:>2h"),
    )
    order = forms.ChoiceField(label=gettext_lazy("Sorted by"))
    share = forms.ChoiceField(label=gettext_lazy("Who sees it"))

    def __init__(self, user: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["order"].choices = [*words.ORDERS.items()]  # type: ignore[attr-defined]
        self.fields["share"].choices = _circles(user)  # type: ignore[attr-defined]
        if not user.rights.may("share"):
            del self.fields["share"]

    def given(self) -> dict[str, Any]:
        """What the verbs take."""
        share = self.cleaned_data.get("share", "me")
        team = Team.objects.get(pk=int(share)) if share.isdigit() else None
        chosen = {name: self.cleaned_data[name] for name in ("name", "condition", "order")}
        return chosen | {"shared": share != "me", "team": team}


def _circles(user: User) -> list[tuple[str, str]]:
    everywhere = user.rights.where("share").everywhere
    found = teams() if everywhere else list(user.teams.all())
    named = [(str(team.pk), _("Team %(name)s") % {"name": team.name}) for team in found]
    return [("me", _("Only me")), *named, ("all", _("Everybody"))]


@require_safe
@signed_in
def search(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """What fits `q`. A script that asks gets a mistake as it is, to show where it stands."""
    return open_place(request, place(person(request), SEARCH, asked=_asked(request)), number)


@require_safe
@signed_in
def search_rows(request: HttpRequest) -> HttpResponse:
    """A page of what was found; of a condition that cannot be understood, what is wrong and where."""
    try:
        return more(request, place(person(request), SEARCH, asked=_asked(request)))
    except BadCondition as mistake:
        return JsonResponse(_told(mistake), status=422)


@require_safe
@signed_in
def completions(request: HttpRequest) -> HttpResponse:
    """What could stand at the cursor (`at`) of what is typed in the box."""
    text = _asked(request)
    at = whole(request.GET.get("at", ""))
    found = complete(text, len(text) if at is None else at, person(request))
    items = [{"text": each.text, "start": each.start, "end": each.end, "hint": each.hint} for each in found]
    return JsonResponse({"items": items})


@require_safe
@signed_in
def saved_view(request: HttpRequest, pk: int, number: int | None = None) -> HttpResponse:
    return open_place(request, kept_place(person(request), pk), number)


@require_safe
@signed_in
def saved_rows(request: HttpRequest, pk: int) -> HttpResponse:
    return more(request, kept_place(person(request), pk))


@require_safe
@signed_in
def counts(request: HttpRequest) -> HttpResponse:
    """How many tickets the kept views hold: asked beside the page, which never waits for it."""
    user = person(request)
    found = saved.count_views(user, saved.saved_views(user))
    return render(request, "parts/_saved_counts.html", {"counts": found, "most": MOST_COUNTED})


@require_safe
@signed_in
def views(request: HttpRequest) -> HttpResponse:
    """All views one sees, to put in order, change and remove."""
    user = person(request)
    return render(request, "settings/views.html", {"rows": _rows(user), "examples": _EXAMPLES})


@signed_in
def new_view(request: HttpRequest) -> HttpResponse:
    """A new view, from what was just looked for; also what a condition that is being written holds."""
    user = person(request)
    if request.method == "POST":
        form = ViewForm(user, request.POST)
        kept = _kept(form, lambda given: saving.keep_view(user, **given))
        if kept is not None:
            return redirect("saved_view", kept.pk)
    else:
        condition = _asked(request) or _asked(request, "condition")
        form = ViewForm(user, initial={"condition": condition, "share": "me", "order": "newest"})
    return render(request, "settings/view.html", {"form": form, "view": None, "now": _now(user, form)})


@signed_in
def edit_view(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    view = saved.saved_view(user, pk)
    if not saved.may_change(user, view):
        raise reach.NotAllowed("share")
    if request.method == "POST":
        form = ViewForm(user, request.POST)
        kept = _kept(form, lambda given: saving.change_view(view, user, **_with_circle(view, form, given)))
        if kept is not None:
            return redirect("saved_view", kept.pk)
    else:
        share = (str(view.team_id) if view.team_id else "all") if view.shared else "me"
        chosen = {"name": view.name, "condition": view.condition, "order": view.order, "share": share}
        form = ViewForm(user, initial=chosen)
    return render(request, "settings/view.html", {"form": form, "view": view, "now": _now(user, form)})


@require_POST
@signed_in
def drop_view(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    saving.drop_view(saved.saved_view(user, pk), user)
    return redirect("views")


@require_POST
@signed_in
def move_view(request: HttpRequest, pk: int) -> HttpResponse:
    """One place up or down, or by dragging: the whole order."""
    user = person(request)
    order = [view.pk for view in saved.saved_views(user)]
    given = [chosen for each in request.POST.getlist("order") if (chosen := whole(each)) is not None]
    if given:
        order = given
    elif pk in order:
        at = order.index(pk)
        order.insert(max(0, at + (-1 if request.POST.get("way") == "up" else 1)), order.pop(at))
    else:
        return sentence(_("This view is gone."), status=422)
    saving.arrange_views(user, order)
    return redirect("views")


def _kept(form: ViewForm, write: Any) -> SavedView | None:
    """The view as it was written, or None with what is wrong at the field."""
    if not form.is_valid():
        return None
    try:
        kept: SavedView = write(form.given())
    except BadCondition as mistake:
        hint = _("Did you mean “%(word)s”?") % {"word": mistake.suggestion} if mistake.suggestion else ""
        form.add_error("condition", f"{mistake.sentence} {hint}".strip())
        return None
    except CannotTend as cannot:
        form.add_error("name", str(cannot.sentence))
        return None
    return kept


def _now(user: User, form: ViewForm) -> reach.Page[Ticket] | None:
    """The first tickets the condition in the form holds, as an example; None where it holds a mistake."""
    try:
        condition = parse(str(form["condition"].value() or ""))
    except BadCondition:
        return None
    return reach.tickets(user, "all", condition=condition, limit=3, beside=())


_EXAMPLES: tuple[tuple[Promise, str], ...] = (
    (gettext_lazy("Waiting for more than two hours"), "is:unanswered waiting:>2h"),
    (gettext_lazy("Mine, due today"), "assignee:me due:today"),
    (gettext_lazy("Urgent and unassigned"), "is:open is:unassigned priority:>=high"),
)


def _with_circle(view: SavedView, form: ViewForm, given: dict[str, Any]) -> dict[str, Any]:
    """Who may not share leaves it as it is."""
    return given if "share" in form.fields else given | {"shared": view.shared, "team": view.team}


def _rows(user: User) -> list[tuple[SavedView, bool, BadCondition | None]]:
    """The views, whether one may change them, and what they name that is gone."""
    return [
        (view, saved.may_change(user, view), saved.gone_from(user, view)) for view in saved.saved_views(user)
    ]


def _asked(request: HttpRequest, name: str = "q") -> str:
    return request.GET.get(name, "").replace("\x00", "")[: _MOST_LETTERS + 1]


def _told(mistake: BadCondition) -> dict[str, Any]:
    return {
        "position": mistake.position,
        "end": mistake.end,
        "word": mistake.word,
        "sentence": mistake.sentence,
        "suggestion": mistake.suggestion,
    }


urlpatterns = [
    path("inbox/search/", search, name="search"),
    path("inbox/search/rows/", search_rows, name="search_rows"),
    path("inbox/search/complete/", completions, name="completions"),
    path("inbox/search/<int:number>/", search, name="ticket_in_search"),
    path("inbox/counts/", counts, name="counts"),
    path("inbox/saved/<int:pk>/", saved_view, name="saved_view"),
    path("inbox/saved/<int:pk>/rows/", saved_rows, name="saved_rows"),
    path("inbox/saved/<int:pk>/<int:number>/", saved_view, name="ticket_in_saved"),
    path("settings/views/", views, name="views"),
    path("settings/views/new/", new_view, name="new_view"),
    path("settings/views/<int:pk>/", edit_view, name="edit_view"),
    path("settings/views/<int:pk>/drop/", drop_view, name="drop_view"),
    path("settings/views/<int:pk>/move/", move_view, name="move_view"),
]
