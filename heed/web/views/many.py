"""One deed on many tickets: begun, watched and taken back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.accounts.models import User
from heed.inbox import reach, verbs
from heed.inbox.models import Sweep
from heed.lib.text import whole
from heed.web import deeds, listed, words
from heed.web.gate import person, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
def sweeps(request: HttpRequest) -> HttpResponse:
    """What can be done to many tickets; POST does `deed` with `value` to the tickets `numbers`, or with
    `all` to those of the open list."""
    user = person(request)
    if request.method == "GET":
        return render(request, "inbox/_many.html", _choices(user))
    if request.POST.get("all") == "1":
        account = whole(request.POST.get("account", ""))
        asked = request.POST.get("q", "")
        numbers = listed.numbers(user, listed.place(user, request.POST.get("view", ""), account, asked))
    else:
        numbers = [number for each in request.POST.getlist("numbers") if (number := whole(each)) is not None]
    begun = verbs.sweep(user, request.POST.get("deed", ""), request.POST.get("value", ""), numbers)
    return _shown(request, begun)


@require_safe
@signed_in
def sweep(request: HttpRequest, number: int) -> HttpResponse:
    """How far it has come."""
    return _shown(request, reach.sweep(person(request), number))


@require_POST
@signed_in
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Give every ticket back what it had, where nobody changed it since."""
    user = person(request)
    return _shown(request, verbs.undo(reach.sweep(user, number), user))


def _choices(user: User) -> dict[str, Any]:
    return {
        "user": user,
        "statuses": words.STATUSES,
        "priorities": deeds.PRIORITIES,
        "may_block": user.rights.may("block"),
    }


def _shown(request: HttpRequest, found: Sweep) -> HttpResponse:
    done = found.changed + found.unchanged + found.refused
    if found.state in (Sweep.State.UNDOING, Sweep.State.UNDONE):
        done, of = found.taken_back + found.kept, found.changed
    else:
        of = found.tickets.count()
    return render(request, "inbox/_sweep.html", {"sweep": found, "done": done, "of": of})


urlpatterns = [
    path("sweeps/", sweeps, name="sweeps"),
    path("sweeps/<int:number>/", sweep, name="sweep"),
    path("sweeps/<int:number>/undo/", undo, name="sweep_undo"),
]
