"""The lists of the inbox at size: every view, every order, an account's and a kept one, their beginning and
far down, for people of different rights."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from bench.api import timed
from bench.cast import Cast, Person
from bench.desk import Desk, percentile
from bench.figure import Figure

_EACH = 22
"""Requests for a place; the first of them does not count."""
_FAR = 2000
"""How many tickets stand above a page far down; where a list has fewer, half of them."""
_PAGE = 30
_KEPT = ("Waiting", "is:unanswered waiting:>2h -lang:mn", "waiting")
"""A view somebody keeps and shares: its name, its condition, its order."""
_AS_THE_PAGE = {"hx-request": "true"}


@dataclass(frozen=True, slots=True)
class Place:
    """A list to measure: a view in one of the orders, the open tickets of an account, or a kept view."""

    name: str
    view: str = "open"
    order: str = "newest"
    kept: int = 0
    of_account: bool = False

    def address(self, person: Person) -> str:
        if self.of_account:
            return f"/inbox/account/{person.account}/"
        return f"/inbox/saved/{self.kept}/" if self.kept else f"/inbox/{self.view}/"


def lists(desk: Desk, cast: Cast) -> list[Figure]:
    """Two figures of each kind of rights: the p50 of all requests, and the p95 of the slowest place. Then how
    many questions a page puts to the database at most."""
    figures, places = [], _places(cast)
    for rights, people in cast.people.items():
        taken = _taken(desk, people, places)
        halves = {place: statistics.median(times) * 1000 for place, times in taken.items()}
        slow = {place: percentile(times, 0.95) * 1000 for place, times in taken.items()}
        worst = max(slow, key=lambda place: slow[place])
        name, all_times = f"inbox page, {rights}", [each for times in taken.values() for each in times]
        figures.append(Figure(f"{name}, p50", statistics.median(all_times) * 1000, "ms", each=halves))
        met = slow[worst] <= 50
        figures.append(Figure(f"{name}, p95", slow[worst], "ms", "≤ 50", met, worst=worst, each=slow))
    return [*figures, _most_queries(cast, places)]


def _places(cast: Cast) -> list[Place]:
    """Each view once by news, each other order once, an account's list in two, and a kept view."""
    from heed.inbox.reach import ORDERS, VIEWS

    views = [Place(view, view) for view in VIEWS]
    orders = [Place(f"open by {order}", order=order) for order in ORDERS if order != "newest"]
    account = [
        Place("an account", of_account=True),
        Place("an account by waiting", order="waiting", of_account=True),
    ]
    return [*views, *account, *orders, Place("a kept view", "all", kept=_kept_view(cast.one("owner")))]


def _kept_view(email: str) -> int:
    """The number of the kept view, shared with everybody."""
    from heed.accounts.models import User
    from heed.inbox.models import SavedView

    name, condition, order = _KEPT
    owner = User.objects.get(email=email)
    return SavedView.objects.create(owner=owner, shared=True, name=name, condition=condition, order=order).pk


def _taken(desk: Desk, people: Sequence[Person], places: Sequence[Place]) -> dict[str, list[float]]:
    """Seconds by place. People of the same rights ask in turn."""
    browsers = [(person, desk.browser(person.email)) for person in people]
    taken = {}
    for order, some in itertools.groupby(sorted(places, key=_order), key=_order):
        for _person, browser in browsers:
            _sort_by(desk, browser, order)
        for place in some:
            taken[place.name] = _asked(browsers, place.address)
            after = _far_down(people[0], place)
            if after:
                far = {"headers": _AS_THE_PAGE, "params": {"after": after}}
                taken[f"{place.name}, far down"] = _asked(browsers, _rows_of(place), **far)
    return taken


def _order(place: Place) -> str:
    return place.order


def _rows_of(place: Place) -> Callable[[Person], str]:
    return lambda person: f"{place.address(person)}rows/"


def _asked(
    browsers: Sequence[tuple[Person, httpx.Client]], address: Callable[[Person], str], **more: Any
) -> list[float]:
    def ask(person: Person, browser: httpx.Client) -> None:
        browser.get(address(person), **more).raise_for_status()

    turns = itertools.islice(itertools.cycle(browsers), _EACH)
    return [timed(partial(ask, *turn)) for turn in turns][1:]


def _sort_by(desk: Desk, browser: httpx.Client, order: str) -> None:
    from django.conf import settings

    form = {"order": order, "csrfmiddlewaretoken": browser.cookies[settings.CSRF_COOKIE_NAME]}
    browser.post("/inbox/order/", data=form, headers={"referer": desk.url}).raise_for_status()


def _far_down(person: Person, place: Place) -> str:
    """The cursor of a page far down; empty where the list has no second page."""
    from heed.accounts.models import User
    from heed.inbox import reach
    from heed.inbox.conditions import parse

    user = User.objects.get(email=person.email)
    account = person.account if place.of_account else None
    condition = parse(_KEPT[1]) if place.kept else None
    order = _KEPT[2] if place.kept else place.order

    def page(limit: int) -> reach.Page[Any]:
        return reach.tickets(
            user, place.view, account=account, order=order, limit=limit, beside=(), condition=condition
        )

    found = page(_FAR)
    if not found.next and len(found.items) > _PAGE:
        found = page(len(found.items) // 2)
    return found.next


def _most_queries(cast: Cast, places: Sequence[Place]) -> Figure:
    """The first of each kind opens each place; of the page that asks the most, how often."""
    asked: dict[str, float] = {
        f"{place.name}, {rights}": number
        for rights, (first, *_others) in cast.people.items()
        for place, number in _queries(first, places)
    }
    worst = max(asked, key=lambda place: asked[place])
    most = asked[worst]
    return Figure("inbox page, queries", most, "", "≤ 12", most <= 12, worst=worst, each=asked)


def _queries(person: Person, places: Sequence[Place]) -> Iterator[tuple[Place, int]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from heed.accounts.models import User

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(email=person.email))
    client.get("/inbox/open/")
    for place in places:
        client.post("/inbox/order/", {"order": place.order})
        with CaptureQueriesContext(connection) as caught:
            client.get(place.address(person))
        yield place, len(caught)
