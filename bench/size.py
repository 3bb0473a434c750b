"""The same figures at any size: `bin/bench --size 1m`, or `bin/bench --growth` for 10 k, 100 k and 1 M."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from functools import partial

import httpx

from bench.api import api, timed
from bench.cast import Cast, cast
from bench.company import LONG_THREAD, Size, build
from bench.desk import Desk, percentile
from bench.figure import Figure
from bench.lists import lists
from bench.work import clicks, flow, listeners

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
_AS_THE_PAGE = {"hx-request": "true"}


def at_size(desk: Desk, tickets: int) -> list[Figure]:
    """Build a company of this size in the empty desk, and measure its pages."""
    people = cast(desk)
    rate = build(Size(tickets), people.accounts, people.agents, people.teams)
    figures = [Figure("generator", rate, "messages/s", "≥ 20,000", rate >= 20_000)]
    figures += _index(tickets)
    _settle()
    desk.web()
    figures += lists(desk, people)
    figures += _counters(people)
    figures += _tickets(desk, people)
    figures += _searches(desk, people)
    figures += api(desk)
    figures += clicks(desk)
    figures += asyncio.run(listeners(desk))
    desk.end_processes()
    figures += flow(desk)
    return figures


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


def _counters(people: Cast) -> list[Figure]:
    """The p95 of those whose counters take longest, by what they see."""
    from heed.accounts.models import User
    from heed.inbox import reach

    slow = {}
    for rights, some in people.people.items():
        times = []
        for number in range(50):
            user = User.objects.get(email=some[number % len(some)].email)
            times.append(timed(partial(reach.tallies, user)))
        slow[rights] = percentile(times, 0.95) * 1000
    worst = max(slow, key=lambda rights: slow[rights])
    p95 = slow[worst]
    return [Figure("counters, p95", p95, "ms", "≤ 15", p95 <= 15, worst=worst, each=slow)]


def _tickets(desk: Desk, people: Cast) -> list[Figure]:
    from heed.inbox.models import Ticket

    browser = desk.browser(people.one("agent"))
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


def _searches(desk: Desk, people: Cast) -> list[Figure]:
    figures = []
    for kind, asked in SEARCHES.items():
        for name, rights in (("", "owner"), (", one account", "one account")):
            browser = desk.browser(people.one(rights))
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
