"""Who else is at a ticket; and a last moment to think again before an answer leaves."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from heed.inbox import presence, reach, verbs
from heed.inbox.models import Presence
from heed.web.gate import person, sentence, signed_in


@require_http_methods(["GET", "POST", "DELETE"])
@signed_in
def here(request: HttpRequest, number: int) -> HttpResponse:
    """Say that one looks or types, with `idle` that one has done nothing since; tells who else is here.
    DELETE: leaves, or with `away` looks at something else."""
    user = person(request)
    ticket = reach.ticket(user, number)
    if request.method == "DELETE":
        (presence.look_away if "away" in request.GET else presence.go)(ticket, user)
        return HttpResponse(status=204)
    doing = request.POST.get("doing", "")
    if request.method == "GET":
        found = presence.others(ticket, user)
    elif doing in Presence.Doing.values:
        found = presence.come(ticket, user, doing, active="idle" not in request.POST)
    else:
        return sentence(_("Say either looking or typing."), status=422)
    return render(request, "inbox/_here.html", {"others": [(each, presence.left(each)) for each in found]})


@require_POST
@signed_in
def take_back(request: HttpRequest, message: int) -> HttpResponse:
    """Take an answer back that is still held; the page comes again, with the draft."""
    user = person(request)
    verbs.take_back(reach.message(user, message, "answer"), user)
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


urlpatterns = [
    path("tickets/<int:number>/here/", here, name="here"),
    path("messages/<int:message>/undo/", take_back, name="take_back"),
]
