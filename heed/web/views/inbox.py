"""The inbox: a view's list, the open ticket, the customer beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from heed.accounts import reach as people
from heed.accounts.models import User
from heed.channels.models import Account
from heed.channels.reach import NoSuchAccount
from heed.inbox import reach
from heed.inbox.conditions import BadCondition
from heed.inbox.looking import looked_at
from heed.inbox.reach import saved
from heed.inbox.search import finding
from heed.lib.text import whole
from heed.web import desk, nav, story, words
from heed.web.gate import from_page, person, sentence, shown_since, signed_in
from heed.web.listed import SEARCH, Place, place, tickets

_PAGE = 30
_MOST_ROWS = 200


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return redirect("view", "unanswered")


@signed_in
def view(request: HttpRequest, view: str, number: int | None = None) -> HttpResponse:
    return open_place(request, place(person(request), view), number)


@signed_in
def account_view(request: HttpRequest, account: int, number: int | None = None) -> HttpResponse:
    return open_place(request, Place("open", account), number)


@signed_in
def rows(request: HttpRequest, view: str = "open", account: int | None = None) -> HttpResponse:
    """The next page of a list, when its end comes into sight."""
    return more(request, place(person(request), view, account))


def more(request: HttpRequest, here: Place) -> HttpResponse:
    """A page of a place, without the page around it. Raises `BadCondition`."""
    facts = _list(person(request), here, after=request.GET.get("after", ""), order=_order(request))
    if "mistake" in facts:
        raise facts["mistake"]
    return render(request, "inbox/_rows.html", facts)


@signed_in
def news(request: HttpRequest) -> HttpResponse:
    """What an open page asks after a nudge: the parts that may have changed, to be morphed in."""
    user = person(request)
    facts: dict[str, Any] = {}
    if "queue" in request.GET:
        account = whole(request.GET.get("account", ""))
        view, asked = request.GET.get("view", "unanswered"), request.GET.get("q", "")
        here = place(user, view, asked=asked) if account is None else Place("open", account)
        limit = min(max(whole(request.GET.get("rows", "")) or _PAGE, _PAGE), _MOST_ROWS)
        tallies = reach.tallies(user)
        opened = whole(request.GET.get("open", ""))
        side = _side(request, here, tallies)
        facts |= _list(
            user,
            here,
            limit=limit,
            number=opened,
            tallies=tallies,
            order=_order(request),
            known=side["known"],
        )
        facts |= {"queue": True} | side
    number = whole(request.GET.get("ticket", ""))
    if number is not None:
        try:
            facts |= desk.facts(user, reach.ticket(user, number), shown_since(request))
        except reach.NoSuchTicket:  # handed over meanwhile: the list tells
            if not facts:
                raise
    return render(request, "inbox/_news.html", facts)


@require_POST
@signed_in
def order(request: HttpRequest) -> HttpResponse:
    """Sort the lists another way; the page comes again."""
    wanted = request.POST.get("order", "")
    if wanted not in finding.ORDERS:
        return sentence(_("There is no such order."), status=422)
    request.session["order"] = wanted
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@signed_in
def earlier(request: HttpRequest, number: int) -> HttpResponse:
    """What was said before the part of a thread that the page shows. The post above it goes when it is the
    customer's own and comes as their message."""
    user = person(request)
    ticket = reach.ticket(user, number)
    looked_at(user, ticket.pk)
    told = story.told_before(user, ticket, request.GET.get("before", ""))
    facts = {"ticket": ticket, "user": user, "told": told, "may": desk.allowed(user, ticket)}
    facts |= {"colleagues": people.colleagues(), "teams": people.teams()}
    return render(request, "inbox/_earlier.html", facts)


@signed_in
def jump(request: HttpRequest, number: int) -> HttpResponse:
    """A ticket by its number alone."""
    ticket = reach.ticket(person(request), number)
    return redirect("ticket_in_view", "all" if ticket.solved else "open", number)


def open_place(request: HttpRequest, here: Place, number: int | None) -> HttpResponse:
    """A place with its list, and the ticket of it that is open."""
    user = person(request)
    ticket = reach.ticket(user, number) if number is not None else None
    facts: dict[str, Any] = {"place": here, "number": number}
    if ticket is not None:
        facts |= desk.facts(user, ticket)
        if from_page(request):
            return render(request, "inbox/_opened.html", facts)
    tallies = reach.tallies(user)
    facts["seen"] = tallies.event
    side = _side(request, here, tallies)
    facts |= _list(user, here, number=number, tallies=tallies, order=_order(request), known=side["known"])
    facts["side"] = side
    return render(request, "inbox/inbox.html", facts)


def _side(request: HttpRequest, here: Place, tallies: reach.Tallies) -> dict[str, Any]:
    """The side bar. Raises `NoSuchAccount` where the place is an account that does not stand in it."""
    side = nav.facts(request, here.current, tallies, here.all_kept)
    if here.account is not None and here.account not in {each.pk for each in side["accounts"]}:
        raise NoSuchAccount(here.account)
    return side


def _list(
    user: User,
    here: Place,
    *,
    after: str = "",
    limit: int = _PAGE,
    number: int | None = None,
    tallies: reach.Tallies | None = None,
    order: str = "newest",
    known: Sequence[Account] = (),
) -> dict[str, Any]:
    facts: dict[str, Any] = {"place": here, "number": number, "first": not after, "gone": None}
    if here.view != SEARCH and order == finding.BY_RELEVANCE:
        order = "newest"
    facts |= {"order": order, "orders": words.ORDERS | (words.BY_RELEVANCE if here.view == SEARCH else {})}
    try:
        found = tickets(user, here, order=order, after=after, limit=limit, known=known)
        facts |= {"tickets": found.page.items, "next": found.page.next, "hits": found.hits}
        if here.kept is not None and not after:
            facts["gone"] = saved.gone_from(user, here.kept)
    except BadCondition as mistake:
        facts |= {"tickets": [], "next": "", "mistake": mistake}
    if tallies:
        facts |= {"count": here.count(tallies), "oldest": tallies.oldest if here.of_waiting else None}
    return facts


def _order(request: HttpRequest) -> str:
    """How this person wants lists sorted, for as long as they are signed in."""
    order = request.session.get("order", "newest")
    return order if order in finding.ORDERS else "newest"


urlpatterns = [
    path("", home, name="home"),
    path("tickets/<int:number>/", jump, name="ticket"),
    path("tickets/<int:number>/earlier/", earlier, name="earlier"),
    path("inbox/news/", news, name="news"),
    path("inbox/order/", order, name="order"),
    path("inbox/account/<int:account>/", account_view, name="account_view"),
    path("inbox/account/<int:account>/rows/", rows, name="account_rows"),
    path("inbox/account/<int:account>/<int:number>/", account_view, name="ticket_in_account"),
    path("inbox/<str:view>/", view, name="view"),
    path("inbox/<str:view>/rows/", rows, name="rows"),
    path("inbox/<str:view>/<int:number>/", view, name="ticket_in_view"),
]
