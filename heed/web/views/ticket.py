"""What a colleague does to a ticket. Every answer carries the parts of the page that changed."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, path, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach as people
from heed.channels import reach as channels
from heed.channels.base import Choice, Choices, FilledTemplate
from heed.channels.models import Account
from heed.inbox import reach, verbs
from heed.inbox.models import Ticket
from heed.lib.text import whole
from heed.web import desk
from heed.web.gate import person, sentence, shown_since, signed_in


@require_POST
@signed_in
def write(request: HttpRequest, number: int) -> HttpResponse:
    """Answer, or write a note. The same `key` again is the same message."""
    user = person(request)
    note = request.POST.get("visibility") == "note"
    ticket = reach.ticket(user, number, "note" if note else "answer")
    key = _key(request.POST.get("key", ""))
    text = request.POST.get("text", "")
    if note:
        verbs.note(ticket, user, text, key=key, anyway=request.POST.get("anyway") == "1")
    else:
        verbs.answer(
            ticket,
            user,
            text,
            request.POST.get("visibility", ""),
            to=whole(request.POST.get("to", "")),
            files=[pk for file in request.POST.getlist("files") if (pk := whole(file)) is not None],
            mark=request.POST.get("mark") == "1",
            key=key,
            quote=request.POST.get("quote") == "1",
            template=_template(request),
            choices=_choices(request),
            account=_sender(request.POST.get("from", "")),
            seen=whole(request.POST.get("seen", "")),
            hold=settings.HEED_HOLD if request.POST.get("hold") else 0,
        )
    return news(request, number)


def _sender(account: str) -> Account | None:
    """The account of ours that answers, if another was chosen."""
    wanted = whole(account)
    return channels.account(wanted) if wanted is not None else None


def _template(request: HttpRequest) -> FilledTemplate | None:
    """The approved template that goes out instead of a text, if one was chosen."""
    name = request.POST.get("template", "")
    values = tuple(request.POST.getlist("blanks"))
    return FilledTemplate(name, request.POST.get("template_language", ""), values) if name else None


def _choices(request: HttpRequest) -> Choices | None:
    """The short answers offered under the text, if any are: titles, and a second line for each."""
    titles, details = request.POST.getlist("choices"), request.POST.getlist("details")
    items = tuple(Choice(*each) for each in zip(titles, details, strict=False))
    return Choices(items, request.POST.get("opener", "")) if items else None


@require_POST
@signed_in
def typing(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody types a private answer: the customer sees it where the network shows such a thing."""
    verbs.type_along(reach.ticket(person(request), number, "answer"))
    return HttpResponse(status=204)


@require_http_methods(["POST", "DELETE"])
@signed_in
def answered(request: HttpRequest, number: int) -> HttpResponse:
    """Mark a ticket answered; DELETE marks it unanswered."""
    user = person(request)
    mark = verbs.mark_answered if request.method == "POST" else verbs.mark_unanswered
    mark(reach.ticket(user, number, "answer"), user)
    return news(request, number)


@require_POST
@signed_in
def assignee(request: HttpRequest, number: int) -> HttpResponse:
    """Give a ticket to the colleague `person`, or to nobody when empty."""
    user = person(request)
    wanted = whole(request.POST.get("person", ""))
    colleague = next((each for each in people.colleagues() if each.pk == wanted), None)
    if wanted is not None and colleague is None:
        return sentence(_("This colleague is no longer here."), status=422)
    verbs.assign(reach.ticket(user, number, "tend"), user, colleague)
    return news(request, number)


@require_POST
@signed_in
def status(request: HttpRequest, number: int) -> HttpResponse:
    user = person(request)
    wanted = request.POST.get("status", "")
    if wanted not in Ticket.Status.values:
        return sentence(_("There is no such status."), status=422)
    verbs.set_status(reach.ticket(user, number, "tend"), user, wanted)
    return news(request, number)


@require_POST
@signed_in
def draft(request: HttpRequest, number: int, visibility: str) -> HttpResponse:
    """Keep what someone has begun to write, with its choices; an empty text without any drops it."""
    user = person(request)
    if visibility not in ("public", "private", "note"):
        return sentence(_("There is no such draft."), status=422)
    text, ticket = request.POST.get("text", ""), reach.ticket(user, number)
    verbs.keep_draft(user, ticket, visibility, text, _choices(request))
    return HttpResponse(status=204)


@signed_in
def foot(request: HttpRequest, number: int) -> HttpResponse:
    """What the pane ends with: a page asks for it when it ends with something else."""
    user = person(request)
    return render(request, "inbox/_foot_part.html", desk.facts(user, reach.ticket(user, number)))


@require_POST
@signed_in
def act(request: HttpRequest, message: int, action: str) -> HttpResponse:
    """Like, hide, delete … on the network."""
    user = person(request)
    found = reach.message(user, message, verbs.needed_for(action))
    verbs.act(found, user, action, request.POST.get("value", ""))
    return news(request, found.ticket_id)


@require_POST
@signed_in
def settlement(request: HttpRequest, message: int) -> HttpResponse:
    """Decide what became of an answer nobody can prove: `resend` or `sent`."""
    user = person(request)
    found = reach.message(user, message, "answer")
    verbs.settle(found, user, request.POST.get("outcome", ""))
    return news(request, found.ticket_id)


@require_POST
@signed_in
def dismissal(request: HttpRequest, message: int) -> HttpResponse:
    """Take an answer that failed out of the thread."""
    user = person(request)
    found = reach.message(user, message, "answer")
    verbs.dismiss(found, user)
    return news(request, found.ticket_id)


def news(request: HttpRequest, number: int) -> HttpResponse:
    """The parts of the page that show a ticket; back to the list where it is out of one's sight by now, be it
    that one has handed it over oneself."""
    user = person(request)
    try:
        ticket = reach.ticket(user, number)
    except reach.NoSuchTicket:
        gone = _("Done. You no longer see ticket #%(number)d: it is with others now.")
        messages.success(request, gone % {"number": number})
        return HttpResponse(status=204, headers={"HX-Redirect": list_around(request, number)})
    return render(request, "inbox/_news.html", desk.facts(user, ticket, shown_since(request)))


def list_around(request: HttpRequest, number: int) -> str:
    """The list in which this ticket is open on the page."""
    address = urlsplit(request.headers.get("referer", "")).path.removesuffix(f"{number}/")
    try:
        resolve(address)
    except Resolver404:
        return reverse("home")
    return address


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


urlpatterns = [
    path("tickets/<int:number>/messages/", write, name="messages"),
    path("tickets/<int:number>/typing/", typing, name="typing"),
    path("tickets/<int:number>/answered/", answered, name="answered"),
    path("tickets/<int:number>/assignee/", assignee, name="assignee"),
    path("tickets/<int:number>/status/", status, name="status"),
    path("tickets/<int:number>/drafts/<str:visibility>/", draft, name="draft"),
    path("tickets/<int:number>/foot/", foot, name="foot"),
    path("messages/<int:message>/acts/<str:action>/", act, name="act"),
    path("messages/<int:message>/settlement/", settlement, name="settlement"),
    path("messages/<int:message>/dismissal/", dismissal, name="dismissal"),
]
