"""Sorting a ticket and putting it off. Every answer carries the parts of the page that changed."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.accounts.models import Team
from heed.inbox import reach, verbs
from heed.inbox.models import Ticket
from heed.lib.text import whole
from heed.web.gate import person, sentence, signed_in
from heed.web.views.ticket import news


@require_http_methods(["POST", "DELETE"])
@signed_in
def snooze(request: HttpRequest, number: int) -> HttpResponse:
    """Put it off until the time `until`; DELETE wakes it."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    if request.method == "DELETE":
        verbs.wake(ticket, user)
        return news(request, number)
    until = _time(request.POST.get("until", ""))
    if until is None:
        return sentence(_("Choose a time."), status=422)
    verbs.snooze(ticket, user, until)
    return news(request, number)


@require_http_methods(["POST", "DELETE"])
@signed_in
def reminder(request: HttpRequest, number: int) -> HttpResponse:
    """Be reminded of it at the time `until`; DELETE: no more."""
    user = person(request)
    until = _time(request.POST.get("until", "")) if request.method == "POST" else None
    if request.method == "POST" and until is None:
        return sentence(_("Choose a time."), status=422)
    verbs.remind(reach.ticket(user, number, "tend"), user, until)
    return news(request, number)


@require_POST
@signed_in
def priority(request: HttpRequest, number: int) -> HttpResponse:
    user, wanted = person(request), request.POST.get("priority", "")
    if wanted not in map(str, Ticket.Priority.values):
        return sentence(_("There is no such priority."), status=422)
    verbs.set_priority(reach.ticket(user, number, "tend"), user, int(wanted))
    return news(request, number)


@require_POST
@signed_in
def tags(request: HttpRequest, number: int) -> HttpResponse:
    """Add the tags `add`, separated by commas, and take away those named `remove`."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    wanted = [each for each in request.POST.get("add", "").split(",") if each.strip()]
    verbs.tag(ticket, user, add=wanted, remove=request.POST.getlist("remove"))
    return news(request, number)


@require_POST
@signed_in
def team(request: HttpRequest, number: int) -> HttpResponse:
    """Make it the matter of a team, or of none when empty."""
    user, wanted = person(request), request.POST.get("team", "")
    ticket = reach.ticket(user, number, "tend")
    found = None
    if wanted:
        found = Team.objects.filter(pk=whole(wanted) or 0).first()
        if found is None:
            return sentence(_("This team is no longer here."), status=422)
    verbs.give_to_team(ticket, user, found)
    return news(request, number)


@require_POST
@signed_in
def field(request: HttpRequest, number: int, key: str) -> HttpResponse:
    """Answer one of the company's own questions."""
    user = person(request)
    verbs.fill(reach.ticket(user, number, "tend"), user, key, request.POST.get("value", ""))
    return news(request, number)


@require_POST
@signed_in
def group(request: HttpRequest, number: int) -> HttpResponse:
    """What kind of customer this is."""
    user = person(request)
    verbs.set_group(reach.ticket(user, number, "tend"), user, request.POST.get("group", ""))
    return news(request, number)


@require_http_methods(["POST", "DELETE"])
@signed_in
def spam(request: HttpRequest, number: int) -> HttpResponse:
    """Mark it as spam; DELETE says that it is none."""
    user = person(request)
    mark = verbs.mark_spam if request.method == "POST" else verbs.not_spam
    mark(reach.ticket(user, number, "block"), user)
    return news(request, number)


@require_http_methods(["POST", "DELETE"])
@signed_in
def block(request: HttpRequest, number: int) -> HttpResponse:
    """Block who wrote; DELETE unblocks them."""
    user = person(request)
    act = verbs.block if request.method == "POST" else verbs.unblock
    act(reach.ticket(user, number, "block"), user)
    return news(request, number)


@require_safe
@signed_in
def completion(request: HttpRequest, what: str) -> HttpResponse:
    """What one may mean by what one has begun to write: tags or groups, as options."""
    user, begun = person(request), request.GET.get("add") or request.GET.get("group") or ""
    last = begun.rsplit(",", 1)[-1].strip().lower().removeprefix("#")
    if what == "tags":
        names = [each.name for each in reach.tags(user, last, 12)]
    else:
        names = [name for name in reach.groups(user) if name.lower().startswith(last)]
    return render(request, "inbox/_options.html", {"names": names})


def _time(text: str) -> datetime | None:
    """A moment as a page sends it; without a zone it is the one pages are shown in."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


urlpatterns = [
    path("tickets/<int:number>/snooze/", snooze, name="snooze"),
    path("tickets/<int:number>/reminder/", reminder, name="reminder"),
    path("tickets/<int:number>/priority/", priority, name="priority"),
    path("tickets/<int:number>/tags/", tags, name="ticket_tags"),
    path("tickets/<int:number>/team/", team, name="ticket_team"),
    path("tickets/<int:number>/fields/<slug:key>/", field, name="ticket_field"),
    path("tickets/<int:number>/group/", group, name="customer_group"),
    path("tickets/<int:number>/spam/", spam, name="spam"),
    path("tickets/<int:number>/block/", block, name="block"),
    path("completion/<str:what>/", completion, name="completion"),
]
