"""What helps while one writes: quick texts and guidelines."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from heed.inbox import reach
from heed.inbox.known import known
from heed.inbox.models import Ticket
from heed.library import reach as library
from heed.library import verbs
from heed.library.filling import fill
from heed.library.models import Guideline
from heed.web.gate import person, signed_in
from heed.web.guideline_words import written

_PREVIEW = 160


@require_safe
@signed_in
def quick_texts(request: HttpRequest, number: int) -> HttpResponse:
    """The quick texts for a ticket as JSON, each as it would begin: those in the customer's language and in
    none before the others."""
    user = person(request)
    ticket = reach.ticket(user, number)
    facts = known(ticket, user)
    found = library.quick_texts(user)
    found.sort(key=lambda each: bool(each.language and ticket.language and each.language != ticket.language))
    items = [
        {
            "id": each.pk,
            "name": each.name,
            "title": each.title,
            "language": each.language,
            "text": fill(each.text, facts)[:_PREVIEW],
        }
        for each in found
    ]
    return JsonResponse({"items": items})


@require_POST
@signed_in
def quick_text(request: HttpRequest, number: int, quick_text: int) -> HttpResponse:
    """A quick text as it goes into the answer, as JSON. It counts as used."""
    user = person(request)
    ticket = reach.ticket(user, number)
    found = library.quick_text(user, quick_text)
    verbs.count_use(found)
    return JsonResponse({"text": fill(found.text, known(ticket, user))})


@require_safe
@signed_in
def guidelines(request: HttpRequest, number: int) -> HttpResponse:
    """How the team works on a ticket like this one."""
    ticket = reach.ticket(person(request), number)
    found = guideline_of(ticket)
    facts = {"ticket": ticket, "guideline": found, "text": written(found.text) if found else ""}
    return render(request, "library/_guidelines.html", facts)


def guideline_of(ticket: Ticket) -> Guideline | None:
    return library.guideline(ticket.team_id, ticket.account_id, ticket.account.brand_id)


urlpatterns = [
    path("tickets/<int:number>/quick-texts/", quick_texts, name="ticket_quick_texts"),
    path("tickets/<int:number>/quick-texts/<int:quick_text>/", quick_text, name="ticket_quick_text"),
    path("tickets/<int:number>/guidelines/", guidelines, name="ticket_guidelines"),
]
