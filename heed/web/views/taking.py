"""Taking tickets, and saying whether one is here to take any."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from heed.inbox import reach
from heed.lib import clock
from heed.routing import assignment
from heed.web.gate import from_page, person, signed_in
from heed.web.views.ticket import news

_HOURS = ("1", "4", "24")
"""For how long one may say at once to be away."""


@require_POST
@signed_in
def next_ticket(request: HttpRequest) -> HttpResponse:
    """Take the ticket that most needs an answer, and open it."""
    address = reverse("ticket_in_view", args=("mine", assignment.next_ticket(person(request)).pk))
    if from_page(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


@require_POST
@signed_in
def claim(request: HttpRequest, number: int) -> HttpResponse:
    """Take a ticket that nobody has; whoever comes second hears who was first."""
    user = person(request)
    assignment.claim(reach.ticket(user, number, "answer"), user)
    return news(request, number)


@require_POST
@signed_in
def availability(request: HttpRequest) -> HttpResponse:
    """Go away, for some hours or until one comes back; or come back."""
    user = person(request)
    if request.POST.get("to") == "back":
        assignment.come_back(user)
        messages.success(request, _("Welcome back. You get tickets again."))
    else:
        hours = request.POST.get("hours", "")
        until = clock.now() + timedelta(hours=int(hours)) if hours in _HOURS else None
        given = assignment.go_away(user, until, give_back=request.POST.get("give_back") == "on")
        said = ngettext(
            "You are away. %(n)d ticket went back to its team.",
            "You are away. %(n)d tickets went back to their teams.",
            given,
        )
        messages.success(
            request, said % {"n": given} if given else _("You are away. You get no new tickets.")
        )
    return redirect(_came_from(request))


def _came_from(request: HttpRequest) -> str:
    """The page one was on, if it is one of ours."""
    address = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if ours else "/"


urlpatterns = [
    path("tickets/next/", next_ticket, name="next_ticket"),
    path("tickets/<int:number>/claim/", claim, name="claim"),
    path("availability/", availability, name="availability"),
]
