"""No page of the inbox asks the database more than a dozen questions, whoever opens it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import Brand, Grant, Team, User
from heed.channels.models import Account
from heed.inbox import notices, reach
from heed.inbox.models import Customer, Identity, Post, SavedView, Ticket
from heed.lib import clock
from heed.web.tests import cast
from heed.web.views import inbox

_MOST = 12
_ROW = re.compile(r'id="t(\d+)"')
_NEXT = re.compile(r'class="more"[^>]*hx-get="([^"]+)"')


@pytest.fixture
def brand(db: None) -> Brand:
    return Brand.objects.create(name="Acme")


@pytest.fixture
def acme(brand: Brand) -> Account:
    return cast.account(brand=brand)


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Returns")


@pytest.fixture
def people(maja: User, ivo: User, acme: Account, team: Team, brand: Brand) -> dict[str, User]:
    """By what they see: everything, one account, one team, the accounts of one brand."""
    found = {"everything": maja}
    parts: dict[str, dict[str, Any]] = {
        "account": {"account": acme.pk},
        "team": {"team": team},
        "brand": {"brand": brand},
    }
    for name, part in parts.items():
        person = User.objects.create_user(f"{name}@acme.example", role="", name="Nadia Karim")
        Grant.objects.create(user=person, role="agent", **part)
        found[name] = person
    return found


@pytest.fixture
def desk(acme: Account, team: Team, people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tickets in one another's way, on pages of ten: a page of each list goes from one section into the
    next."""
    monkeypatch.setattr(inbox._list, "__kwdefaults__", {**(inbox._list.__kwdefaults__ or {}), "limit": 10})
    now = clock.now()
    customer = Customer.objects.create(name="Lea Marn")
    identity = Identity.objects.create(account=acme, customer=customer, external_id="lea", name="Lea Marn")
    others = [each for name, each in people.items() if name != "everything"]
    posts = Post.objects.bulk_create(Post(account=acme, external_id=f"post-{each}") for each in range(48))
    made = Ticket.objects.bulk_create(
        Ticket(
            account=acme,
            identity=identity,
            customer=customer,
            kind=("private", "public")[number % 2],
            post=posts[number] if number % 2 else None,
            running=False,
            team=team,
            assignee=[None, *others, people["everything"]][number % 5],
            status="solved" if number % 6 == 5 else "open",
            unanswered=number % 6 != 5,
            waiting_since=now - timedelta(hours=number % 3) if number % 3 else None,
            window_closes_at=now + timedelta(hours=1 + number % 4) if number % 4 else None,
            due_at=now - timedelta(hours=number % 7) if number % 2 else None,
            priority=1 + number % 4,
            spam=number % 12 == 5,
            last_at=now - timedelta(minutes=number // 2),
        )
        for number in range(48)
    )
    asleep = [each.pk for each in made[11::12]]
    Ticket.objects.filter(pk__in=asleep).update(status="open", snoozed_until=now + timedelta(days=1))
    for each in made[:24:2]:
        notices.tell([person.pk for person in people.values()], "mentioned", each)
    for person in people.values():
        SavedView.objects.create(owner=person, name="Mine", condition="is:open", order="newest")


@pytest.mark.parametrize("sees", ["everything", "account", "team", "brand"])
@pytest.mark.parametrize("order", reach.ORDERS)
def test_no_page_of_any_view_asks_more(desk: None, people: dict[str, User], sees: str, order: str) -> None:
    page = _page(people[sees], order)
    asked = {}
    for view in reach.VIEWS:
        shown = 0
        for depth, (rows, queries) in enumerate(_walk(page, f"/inbox/{view}/")):
            asked[view, depth] = queries
            shown += rows
        assert shown > 0, f"{view} is empty"
    assert max(depth for _view, depth in asked) >= 3
    assert {place: queries for place, queries in asked.items() if queries > _MOST} == {}


@pytest.mark.parametrize("sees", ["everything", "account", "team", "brand"])
def test_no_other_list_asks_more(desk: None, acme: Account, people: dict[str, User], sees: str) -> None:
    page = _page(people[sees], "newest")
    kept = SavedView.objects.get(owner=people[sees])
    for address in (f"/inbox/account/{acme.pk}/", f"/inbox/saved/{kept.pk}/"):
        assert [queries for _rows, queries in _walk(page, address) if queries > _MOST] == []


def _page(person: User, order: str) -> Client:
    page = Client()
    page.force_login(person)
    session = page.session
    session["order"] = order
    session.save()
    page.get("/preferences/")  # notes that the session lives, as it does every five minutes
    return page


def _walk(page: Client, address: str) -> Iterator[tuple[int, int]]:
    """How many rows the pages of a list have, and how many questions each takes."""
    while address:
        with CaptureQueriesContext(connection) as caught:
            answer = page.get(address)
        html = answer.content.decode()
        assert answer.status_code == 200
        yield len(_ROW.findall(html)), len(caught)
        more = _NEXT.search(html)
        address = unescape(more[1]) if more else ""
