"""Whom tickets can be given to, as the menu for it offers them."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import Grant, Membership, Team, User
from heed.accounts.verbs import ensure_person
from heed.channels.models import Account
from heed.lib import clock
from heed.routing.models import Profile
from heed.web.tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def facebook(db: None) -> Account:
    return cast.account()


def offered(answer: str) -> dict[str, list[str]]:
    """Headings, and who stands under each."""
    found = {}
    for section in answer.split("<section>")[1:]:
        heading = re.search(r"<h3>(.*?)</h3>", section)
        found[heading[1] if heading else ""] = re.findall(r"<bdi>(.*?)</bdi>", section)
    return found


def test_one_oneself_and_the_team_come_first(page: Client, ana: User, ivo: User, facebook: Account) -> None:
    team, other = (Team.objects.create(name=name) for name in ("Returns", "Shop"))
    maja = ensure_person("maja@acme.example", "Maja Zupan")
    vera = ensure_person("vera@acme.example", "Vera Mlakar", role="viewer")
    far = ensure_person("far@acme.example", "Fatima Nour")
    Grant.objects.filter(user=far).update(team=other)
    Membership.objects.create(team=team, user=maja)
    Profile.objects.create(user=maja, away_since=clock.now())
    lea = cast.ticket(facebook, "Lea Marn", "Hello?", team=team)
    answer = page.get(f"/tickets/{lea.pk}/crew/").content.decode()
    assert offered(answer) == {
        "You": [ana.name],
        "Of the team": [maja.name],
        "Colleagues": [ivo.name],
        "Do not see it until they have it": [far.name],
        "Team": ["Returns", "Shop"],
    }
    assert vera.name not in answer
    assert answer.count('class="away"') == 1
    many = offered(page.get("/sweeps/crew/").content.decode())
    assert many["Colleagues"] == [far.name, ivo.name, maja.name]


def test_the_page_of_a_ticket_names_nobody_until_the_menu_opens(
    page: Client, ivo: User, facebook: Account
) -> None:
    lea = cast.ticket(facebook, "Lea Marn", "Hello?")
    for address in (f"/inbox/open/{lea.pk}/", "/sweeps/"):
        text = page.get(address).content.decode()
        assert "crew/" in text
        assert ivo.name not in text


def test_a_hundred_cost_no_more_statements(page: Client, facebook: Account) -> None:
    lea = cast.ticket(facebook, "Lea Marn", "Hello?")
    for number in range(30):
        ensure_person(f"p{number}@acme.example", f"Person {number}")
    with CaptureQueriesContext(connection) as asked:
        assert page.get(f"/tickets/{lea.pk}/crew/").content.decode().count("Person ") == 30
    assert len(asked) < 20
