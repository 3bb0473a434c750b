"""The page of what the networks sent: nothing is hidden, everything can be read again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import Grant, OwnRole, User
from heed.channels.models import Account
from heed.inbox.models import Delivery
from heed.web.tests import cast

BODY = b'{"entry":[{"text":"<script>alert(1)</script>","of":"Omar Badr"}]}'


AS_SAID = '<code dir="ltr">KeyError: &#x27;post_id&#x27;</code>'


@pytest.fixture
def account(db: None) -> Account:
    return cast.account()


def delivered(account: Account, state: str = "set_aside", body: bytes = BODY, **facts: Any) -> Delivery:
    problems = [{"what": "feed", "error": "KeyError: 'post_id'"}] if state == "set_aside" else []
    values = {"problems": problems, "headers": {"x-hub-signature-256": "sha256=00"}} | facts
    return Delivery.objects.create(account=account, state=state, body=body, **values)


def shown(client: Client, state: str = "set_aside", query: str = "") -> str:
    response = client.get(reverse("deliveries_in", args=[state]) + query)
    assert response.status_code == 200
    return response.content.decode()


def test_shows_what_came_and_why_it_was_set_aside(majas: Client, account: Account) -> None:
    delivered(account)
    page = shown(majas)
    assert f"This part could not be taken in.<details><summary>Details</summary>{AS_SAID}</details>" in page
    assert "Acme on Facebook" in page
    assert "&quot;of&quot;: &quot;Omar Badr&quot;" in page, "laid out over lines"
    assert "sha256=00" in page
    assert "<script>alert(1)" not in page


def test_a_fault_is_one_sentence_in_the_readers_language(majas: Client, account: Account) -> None:
    """What the reading library said of it stands folded beneath."""
    said = (
        "ValidationError: 2 validation errors for Comment\n… https://errors.pydantic.dev/2.11/v/string_type"
    )
    fault = {"field": "from.id", "expected": "text", "came": "number", "value": "12"}
    delivered(account, problems=[{"what": "feed", "error": said, **fault}])
    page = shown(majas)
    sentence, details = page.split("<details><summary>Details</summary>")[:2]
    assert "The field “from.id” does not fit. Expected: text. What came: a number, “12”." in sentence
    assert "errors.pydantic.dev" not in sentence
    assert "errors.pydantic.dev" in details
    majas.post(reverse("set_language"), {"language": "ar", "next": "/"})
    sentence = shown(majas).split('<ul class="problems">')[1].split("<details>")[0]
    assert "from.id" in sentence
    assert "does not fit" not in sentence


@pytest.mark.parametrize("state", ["set_aside", "not_understood", "pending", "done"])
def test_each_state_has_its_page(majas: Client, account: Account, state: str) -> None:
    for each in Delivery.State.values:
        delivered(account, each)
    wanted = Delivery.objects.get(state=state)
    page = shown(majas, state)
    assert page.count('<article class="card"') == 1
    assert f'id="delivery-{wanted.pk}"' in page


def test_without_a_state_the_set_aside_are_shown(majas: Client, account: Account) -> None:
    delivery = delivered(account)
    delivered(account, "done")
    page = majas.get(reverse("deliveries")).content.decode()
    assert page.count('<article class="card"') == 1
    assert f'id="delivery-{delivery.pk}"' in page


def test_what_is_no_json_is_shown_as_it_is(majas: Client, account: Account) -> None:
    delivered(account, body=b"{broken \xff")
    assert "{broken \ufffd" in shown(majas)


def test_a_long_body_is_cut_and_can_be_had_whole(majas: Client, account: Account) -> None:
    long = b"x" * 30_000
    delivery = delivered(account, body=long)
    page = shown(majas)
    assert "Only the beginning is shown." in page
    assert "x" * 20_001 not in page
    whole = majas.get(reverse("raw_delivery", args=[delivery.pk]))
    assert whole.content == long
    assert whole.headers["Content-Disposition"].startswith("attachment")


def test_older_ones_follow(majas: Client, account: Account) -> None:
    ids = [delivered(account).pk for _ in range(51)]
    first = shown(majas)
    assert f'id="delivery-{ids[0]}"' not in first
    assert f"?after={ids[1]}" in first
    assert f'id="delivery-{ids[0]}"' in shown(majas, query=f"?after={ids[1]}")


def test_of_what_is_done_only_the_newest(majas: Client, account: Account) -> None:
    for _ in range(51):
        delivered(account, "done")
    assert "?after=" not in shown(majas, "done")


def test_replaying_one_shows_what_became_of_it(majas: Client, account: Account) -> None:
    delivery = delivered(account)
    card = majas.post(reverse("replay", args=[delivery.pk])).content.decode()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.problems) == ("pending", [])
    assert "It is being read again." in card
    assert 'hx-trigger="load delay:1s"' in card
    Delivery.objects.filter(pk=delivery.pk).update(state="done")
    card = majas.get(reverse("delivery", args=[delivery.pk])).content.decode()
    assert "It was read without a fault." in card
    assert "hx-trigger" not in card


def test_replaying_all_of_a_state(majas: Client, account: Account) -> None:
    for _ in range(3):
        delivered(account)
    other = delivered(account, "not_understood")
    page = majas.post(reverse("replay_all", args=["set_aside"]), follow=True).content.decode()
    assert "3 deliveries are read again." in page
    assert Delivery.objects.filter(state="pending").count() == 3
    other.refresh_from_db()
    assert other.state == "not_understood"
    assert majas.post(reverse("replay_all", args=["done"])).status_code == 404


def test_agents_may_not(page: Client, account: Account) -> None:
    delivery = delivered(account)
    requests: list[tuple[str, str, list[Any]]] = [
        ("get", "deliveries_in", ["set_aside"]),
        ("get", "delivery", [delivery.pk]),
        ("get", "raw_delivery", [delivery.pk]),
        ("post", "replay", [delivery.pk]),
        ("post", "replay_all", ["set_aside"]),
    ]
    for method, name, args in requests:
        assert getattr(page, method)(reverse(name, args=args)).status_code == 403
    delivery.refresh_from_db()
    assert delivery.state == "set_aside"


def test_who_sees_no_tickets_is_told_what_is_wrong_and_not_what_came(
    page: Client, ana: User, account: Account
) -> None:
    ana.grants.all().delete()
    Grant.objects.create(user=ana, own=OwnRole.objects.create(name="Wires", permissions=["accounts"]))
    delivery = delivered(account)
    cards = [shown(page), page.get(reverse("delivery", args=[delivery.pk])).content.decode()]
    cards += [page.post(reverse("replay", args=[delivery.pk])).content.decode()]
    for card in cards:
        assert "What came is shown only to those who see all tickets of this account." in card
        assert "Omar Badr" not in card
        assert "sha256=00" not in card
    assert "KeyError" in cards[0]
    assert page.get(reverse("raw_delivery", args=[delivery.pk])).status_code == 403


def test_what_is_not_there(majas: Client) -> None:
    assert majas.get(reverse("deliveries_in", args=["lost"])).status_code == 404
    assert majas.post(reverse("replay", args=[404])).status_code == 404
