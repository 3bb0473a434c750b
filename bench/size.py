"""The same figures at any size: `bin/bench --size 1m`, or `bin/bench --growth` for 10 k, 100 k and 1 M."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from dataclasses import dataclass

import httpx

from bench.api import api, timed
from bench.company import AGENTS, LONG_THREAD, Size, build
from bench.desk import OWNER, PASSWORD, Desk, percentile
from bench.figure import Figure
from bench.work import clicks, flow, listeners

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
_KEPT = ("Waiting", "is:unanswered waiting:>2h -lang:mn", "waiting")
"""A view somebody keeps and shares: its name, its condition, its order."""
_AS_THE_PAGE = {"hx-request": "true"}


@dataclass(frozen=True, slots=True)
class Cast:
    """The people whose pages are measured: by their rights, from seeing all to seeing one account."""

    owner: str
    agent: str
    of_account: str
    of_team: str

    def everybody(self) -> dict[str, str]:
        return {
            "owner": self.owner,
            "agent": self.agent,
            "one account": self.of_account,
            "one team": self.of_team,
        }


def at_size(desk: Desk, tickets: int) -> list[Figure]:
    """Build a company of this size in the empty desk, and measure its pages."""
    cast, accounts, agents, teams = _people(desk)
    rate = build(Size(tickets), accounts, agents, teams)
    figures = [Figure("generator", rate, "messages/s", "≥ 20,000", rate >= 20_000)]
    figures += _index(tickets)
    _settle()
    desk.web()
    figures += _lists(desk, cast)
    figures += _counters(cast)
    figures += _tickets(desk, cast)
    figures += _searches(desk, cast)
    figures += api(desk)
    figures += clicks(desk)
    figures += asyncio.run(listeners(desk))
    desk.end_processes()
    figures += flow(desk)
    return figures


def _people(desk: Desk) -> tuple[Cast, list[int], list[int], list[int]]:
    from heed.accounts.models import Grant, Team, User

    accounts = [desk.account(f"size-{number}").pk for number in range(12)]
    teams = [Team.objects.create(name=f"Team {number}").pk for number in range(4)]
    made = [
        User.objects.create_user(f"agent{number}@acme.example", PASSWORD, name=f"Agent {number}", role="")
        for number in range(AGENTS)
    ]
    for number, each in enumerate(made):
        place: dict[str, int] = {}
        if number % 4 == 1:
            place = {"account": accounts[number % 12]}
        elif number % 4 == 2:
            place = {"team_id": teams[number % 4]}
        Grant.objects.create(user=each, role="agent", **place)
    cast = Cast(OWNER, made[0].email, made[1].email, made[2].email)
    return cast, accounts, [each.pk for each in made], teams


def _index(tickets: int) -> list[Figure]:
    """Read every word into the search, as the worker does after an upgrade."""
    from heed.inbox import search

    began = time.perf_counter()
    search.index_everything()
    seconds = time.perf_counter() - began
    return [Figure("search index", tickets / seconds, "tickets/s")]


def _settle() -> None:
    """What was filled in bulk, the database vacuums and writes out afterwards, for minutes at this size: wait
    for it. A desk that grew by a message at a time has none of this to do at once."""
    from django.db import connection

    print("waiting until the database has tidied up after the filling …", file=sys.stderr)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def _lists(desk: Desk, cast: Cast) -> list[Figure]:
    """Every view and a kept one, the first page and one forty pages on, for people with different rights."""
    from heed.inbox.reach import VIEWS

    figures, kept = [], _kept_view(cast)
    for name, email in cast.everybody().items():
        browser = desk.browser(email)
        times: list[float] = []
        for view in (*VIEWS, kept):
            times += _times(browser, f"/inbox/{view}/", 12)
            deep = _deep(email, view)
            if deep:
                times += _times(browser, f"/inbox/{view}/rows/", 12, _AS_THE_PAGE, {"after": deep})
        p95 = percentile(times, 0.95) * 1000
        figures.append(Figure(f"inbox page, {name}, p50", statistics.median(times) * 1000, "ms"))
        figures.append(Figure(f"inbox page, {name}, p95", p95, "ms", "≤ 50", p95 <= 50))
    queries = max(_queries(f"/inbox/{view}/", cast.owner) for view in (*VIEWS, kept))
    figures.append(Figure("inbox page, queries", queries, "", "≤ 12", queries <= 12))
    return figures


def _kept_view(cast: Cast) -> str:
    """The address of the kept view, shared with everybody."""
    from heed.accounts.models import User
    from heed.inbox.models import SavedView

    name, condition, order = _KEPT
    owner = User.objects.get(email=cast.owner)
    kept = SavedView.objects.create(owner=owner, shared=True, name=name, condition=condition, order=order)
    return f"saved/{kept.pk}"


def _deep(email: str, view: str) -> str:
    """The cursor of a page far down a view; empty where the view is too short."""
    from heed.accounts.models import User
    from heed.inbox import reach
    from heed.inbox.conditions import parse

    user, after, order, condition = User.objects.get(email=email), "", "newest", None
    if view not in reach.VIEWS:
        view, (_name, asked, order) = "all", _KEPT
        condition = parse(asked)
    for _page in range(40):
        after = reach.tickets(user, view, after=after, order=order, condition=condition).next
        if not after:
            return ""
    return after


def _queries(path: str, email: str) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from heed.accounts.models import User

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(email=email))
    client.get(path)
    with CaptureQueriesContext(connection) as caught:
        client.get(path)
    return len(caught)


def _counters(cast: Cast) -> list[Figure]:
    from heed.accounts.models import User
    from heed.inbox import reach

    times = []
    for email in cast.everybody().values():
        for _each in range(50):
            user = User.objects.get(email=email)
            times.append(timed(lambda user=user: reach.tallies(user)))  # type: ignore[misc]
    p95 = percentile(times, 0.95) * 1000
    return [Figure("counters, p95", p95, "ms", "≤ 15", p95 <= 15)]


def _tickets(desk: Desk, cast: Cast) -> list[Figure]:
    from heed.inbox.models import Ticket

    browser = desk.browser(cast.agent)
    last = Ticket.objects.order_by("-pk").values_list("pk", flat=True)[0]
    numbers = [1 + (last * step // 150) for step in range(149)]
    some = [time for number in numbers for time in _times(browser, f"/inbox/all/{number}/", 1, _AS_THE_PAGE)]
    long = _times(browser, f"/inbox/all/{last}/", 40, _AS_THE_PAGE)
    figures = []
    for name, times in (("ticket page", some), (f"ticket page, {LONG_THREAD} messages", long)):
        p95 = percentile(times, 0.95) * 1000
        figures.append(Figure(f"{name}, p50", statistics.median(times) * 1000, "ms"))
        figures.append(Figure(f"{name}, p95", p95, "ms", "≤ 60", p95 <= 60))
    return figures


SEARCHES = {
    "common word": ("order", "parcel", "paket", "طلبي"),
    "rare word": ("80004182", "dobgrevlj", "order 80000007"),
    "two letters": ("zi", "mo", "sh"),
    "Chinese": ("订单", "退款"),
    "mixed operators": ("is:open tag:returns zip", "parcel -tag:recall lang:en", '"broken zip" OR refund'),
}


def _searches(desk: Desk, cast: Cast) -> list[Figure]:
    figures = []
    for kind, asked in SEARCHES.items():
        for name, email in (("", cast.owner), (", one account", cast.of_account)):
            browser = desk.browser(email)
            times = [
                took for words in asked for took in _times(browser, "/inbox/search/", 10, params={"q": words})
            ]
            p95 = percentile(times, 0.95) * 1000
            figures.append(Figure(f"search, {kind}{name}, p95", p95, "ms", "≤ 150", p95 <= 150))
    return figures


def _times(
    browser: httpx.Client,
    path: str,
    count: int,
    headers: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
) -> list[float]:
    """Seconds of some requests, one after the other; where there are several, the first does not count."""
    taken = [
        timed(lambda: browser.get(path, headers=headers, params=params).raise_for_status())
        for _each in range(count)
    ]
    return taken[1:] if count > 1 else taken
