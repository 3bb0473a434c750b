"""Two tickets that are one matter, one that is two, two customers who are one person; and taking it back."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, path, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from heed.accounts.models import User
from heed.inbox import reach, verbs
from heed.inbox.conditions import BadCondition
from heed.inbox.models import Ticket
from heed.inbox.search import finding
from heed.lib.text import whole
from heed.web.gate import person, signed_in
from heed.web.views.ticket import list_around

_MOST_LETTERS, _MOST_READ, _MOST_PEOPLE = 120, 50, 7


@signed_in
def matters(request: HttpRequest, number: int) -> HttpResponse:
    """What this ticket could be merged with, and what was merged, split and joined."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    merges, splits, joinings = reach.merges(ticket), reach.splits(ticket), reach.joinings(ticket)
    split_from = reach.split_from(ticket)
    identities = reach.identities(user, ticket)
    return render(
        request,
        "inbox/_matters.html",
        {
            "ticket": ticket,
            "others": reach.mergeable(user, ticket),
            "merges": merges,
            "splits": splits,
            "split_from": split_from,
            "joinings": joinings,
            "may_take_apart": reach.taken_back_by(user, merges),
            "may_put_back": reach.taken_back_by(user, [*splits, *([split_from] if split_from else [])]),
            "may_part": reach.taken_back_by(user, joinings),
            "identities": [(each, verbs.why_not_parted(each, user)) for each in identities],
        },
    )


@require_POST
@signed_in
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """Let the ticket `from` go on in this one."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    verbs.merge(_typed(user, request.POST.get("from", "")), ticket, user)
    return _again(request, ticket.number)


@require_POST
@signed_in
def unmerge(request: HttpRequest, number: int, record: int) -> HttpResponse:
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    verbs.unmerge(reach.merge(ticket, record), user)
    return _again(request, ticket.number)


@require_POST
@signed_in
def split(request: HttpRequest, message: int) -> HttpResponse:
    """Make this message, and with `following` all after it, a ticket of its own; the page goes there."""
    user = person(request)
    first = reach.message(user, message, "tend")
    chosen = [first.pk]
    if request.POST.get("following"):
        place = first.at, first.external_id, first.pk
        thread = reach.thread(first.ticket)
        chosen = [each.pk for each in thread if (each.at, each.external_id, each.pk) >= place]
    new = verbs.split(first.ticket, chosen, user)
    return _again(request, first.ticket_id, new.number)


@require_POST
@signed_in
def unsplit(request: HttpRequest, number: int, record: int) -> HttpResponse:
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    verbs.unsplit(reach.split(ticket, record), user)
    return _again(request, ticket.number)


@require_POST
@signed_in
def join(request: HttpRequest, number: int) -> HttpResponse:
    """The customer of the ticket `with` is this one's, too."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    verbs.join(_typed(user, request.POST.get("with", "")).customer, ticket.customer, user)
    return _again(request, ticket.number)


@require_safe
@signed_in
def same_person(request: HttpRequest, number: int) -> HttpResponse:
    """Other customers of this name or handle, among those whose tickets this person sees."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    asked = request.GET.get("with", "").strip().lstrip("@")[:_MOST_LETTERS]
    found = _called(user, ticket, asked) if asked and whole(asked.lstrip("#")) is None else []
    return render(request, "inbox/_same_person.html", {"ticket": ticket, "found": found, "asked": asked})


def _called(user: User, ticket: Ticket, asked: str) -> list[Ticket]:
    """The newest ticket of each customer who is called that, or whose name or handle begins so."""
    words = asked.replace('"', " ").replace("*", " ").strip()
    try:
        tickets = finding.find(user, f'customer:"{words}*"', limit=_MOST_READ).page.items if words else []
    except BadCondition:
        return []
    newest: dict[int, Ticket] = {}
    for each in tickets:
        if each.customer_id != ticket.customer_id:
            newest.setdefault(each.customer_id, each)
    return list(newest.values())[:_MOST_PEOPLE]


@require_POST
@signed_in
def part(request: HttpRequest, number: int, record: int) -> HttpResponse:
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    verbs.part(reach.joining(ticket, record), user)
    return _again(request, ticket.number)


@require_POST
@signed_in
def part_identity(request: HttpRequest, number: int, identity: int) -> HttpResponse:
    """One of the customer's identities is somebody else."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    found = next((each for each in reach.identities(user, ticket) if each.pk == identity), None)
    if found is None:
        raise Http404
    verbs.part_identity(found, user)
    return _again(request, ticket.number)


def _typed(user: User, text: str) -> Ticket:
    """The ticket whose number somebody typed. Raises `CannotTend`."""
    number = whole(text.strip().lstrip("#"))
    if number is None:
        raise verbs.CannotTend(_("Choose somebody from the list, or enter the number of a ticket."))
    try:
        return reach.ticket(user, number, "tend")
    except reach.NoSuchTicket:
        raise verbs.CannotTend(
            _("There is no ticket #%(number)s that you may change.") % {"number": number}
        ) from None


def _again(request: HttpRequest, shown: int, number: int | None = None) -> HttpResponse:
    """So much has changed that the page comes again, in the list it was in; with another ticket than the one
    it showed where there is a `number`."""
    asked = urlsplit(request.headers.get("referer", "")).query
    address = f"{list_around(request, shown)}{number or shown}/"
    try:
        resolve(address)
    except Resolver404:  # opened by its number alone
        address, asked = reverse("ticket", args=[number or shown]), ""
    return HttpResponse(status=204, headers={"HX-Redirect": f"{address}?{asked}" if asked else address})


urlpatterns = [
    path("tickets/<int:number>/matters/", matters, name="matters"),
    path("tickets/<int:number>/merge/", merge, name="merge"),
    path("tickets/<int:number>/merges/<int:record>/undo/", unmerge, name="unmerge"),
    path("messages/<int:message>/split/", split, name="split"),
    path("tickets/<int:number>/splits/<int:record>/undo/", unsplit, name="unsplit"),
    path("tickets/<int:number>/join/", join, name="join"),
    path("tickets/<int:number>/same-person/", same_person, name="same_person"),
    path("tickets/<int:number>/joinings/<int:record>/undo/", part, name="part"),
    path("tickets/<int:number>/identities/<int:identity>/part/", part_identity, name="part_identity"),
]
