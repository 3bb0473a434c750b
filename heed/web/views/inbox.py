"""The inbox: a view's list, the open ticket, the customer beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from heed.accounts.models import User
from heed.channels import reach as channels
from heed.channels.models import Account
from heed.inbox import reach
from heed.web import desk, nav, story, words
from heed.web.gate import from_page, person, sentence, shown_since, signed_in

_PAGE = 30
_MOST_ROWS = 200


@dataclass(frozen=True)
class Place:
    """Which list is open: a view, or everything open of one account."""

    view: str
    account: int | None = None

    @cached_property
    def base(self) -> str:
        if self.account is not None:
            return reverse("account_view", args=[self.account])
        return reverse("view", args=[self.view])

    @cached_property
    def title(self) -> str:
        return channels.account(self.account).name if self.account is not None else str(nav.TITLES[self.view])

    def count(self, tallies: reach.Tallies) -> int:
        """How many tickets the list holds; for an account, how many of them are unanswered."""
        if self.account is not None:
            return tallies.by_account.get(self.account, 0)
        return int(getattr(tallies, self.view, 0))


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return redirect("view", "unanswered")


@signed_in
def view(request: HttpRequest, view: str, number: int | None = None) -> HttpResponse:
    return _page(request, _place(view), number)


@signed_in
def account_view(request: HttpRequest, account: int, number: int | None = None) -> HttpResponse:
    return _page(request, Place("open", account), number)


@signed_in
def rows(request: HttpRequest, view: str = "open", account: int | None = None) -> HttpResponse:
    """The next page of a list, when its end comes into sight."""
    place = _place(view, account)
    facts = _list(person(request), place, after=request.GET.get("after", ""), order=_order(request))
    return render(request, "inbox/_rows.html", facts)


@signed_in
def news(request: HttpRequest) -> HttpResponse:
    """What an open page asks after a nudge: the parts that may have changed, to be morphed in."""
    user = person(request)
    facts: dict[str, Any] = {}
    if "queue" in request.GET:
        account = _whole(request.GET.get("account"))
        place = _place(request.GET.get("view", "unanswered"), account)
        limit = min(max(_whole(request.GET.get("rows")) or _PAGE, _PAGE), _MOST_ROWS)
        tallies = reach.tallies(user)
        opened = _whole(request.GET.get("open"))
        side = nav.facts(request, _current(place), tallies)
        facts |= _list(
            user,
            place,
            limit=limit,
            number=opened,
            tallies=tallies,
            order=_order(request),
            known=side["known"],
        )
        facts |= {"queue": True} | side
    number = _whole(request.GET.get("ticket"))
    if number is not None:
        facts |= desk.facts(user, reach.ticket(user, number), shown_since(request))
    return render(request, "inbox/_news.html", facts)


@require_POST
@signed_in
def order(request: HttpRequest) -> HttpResponse:
    """Sort the lists another way; the page comes again."""
    wanted = request.POST.get("order", "")
    if wanted not in reach.ORDERS:
        return sentence(_("There is no such order."), status=422)
    request.session["order"] = wanted
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@signed_in
def earlier(request: HttpRequest, number: int) -> HttpResponse:
    """What was said before the part of a thread that the page shows."""
    ticket = reach.ticket(person(request), number)
    facts = {"ticket": ticket, "told": story.told_before(ticket, request.GET.get("before", ""))}
    return render(request, "inbox/_story.html", facts)


@signed_in
def jump(request: HttpRequest, number: int) -> HttpResponse:
    """A ticket by its number alone."""
    ticket = reach.ticket(person(request), number)
    return redirect("ticket_in_view", "all" if ticket.solved else "open", number)


def _page(request: HttpRequest, place: Place, number: int | None) -> HttpResponse:
    user = person(request)
    ticket = reach.ticket(user, number) if number is not None else None
    facts: dict[str, Any] = {"place": place, "number": number}
    if ticket is not None:
        facts |= desk.facts(user, ticket)
        if from_page(request):
            return render(request, "inbox/_opened.html", facts)
    facts["seen"] = reach.latest_event()
    tallies = reach.tallies(user)
    side = nav.facts(request, _current(place), tallies)
    facts |= _list(user, place, number=number, tallies=tallies, order=_order(request), known=side["known"])
    facts["side"] = side
    return render(request, "inbox/inbox.html", facts)


def _list(
    user: User,
    place: Place,
    *,
    after: str = "",
    limit: int = _PAGE,
    number: int | None = None,
    tallies: reach.Tallies | None = None,
    order: str = "newest",
    known: Sequence[Account] = (),
) -> dict[str, Any]:
    page = reach.tickets(
        user,
        place.view,
        account=place.account,
        after=after,
        limit=limit,
        order=order,
        beside=(),
        accounts=known,
    )
    facts = {"place": place, "tickets": page.items, "next": page.next, "number": number, "first": not after}
    facts |= {"order": order, "orders": words.ORDERS}
    return facts | ({"count": place.count(tallies)} if tallies else {})


def _place(view: str, account: int | None = None) -> Place:
    if view not in nav.TITLES:
        raise reach.NoSuchView(view)
    if account is not None:
        channels.account(account)
        return Place("open", account)
    return Place(view)


def _order(request: HttpRequest) -> str:
    """How this person wants lists sorted, for as long as they are signed in."""
    order = request.session.get("order", "newest")
    return order if order in reach.ORDERS else "newest"


def _current(place: Place) -> str | int:
    return place.account if place.account is not None else place.view


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


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
