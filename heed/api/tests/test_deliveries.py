"""The ledger over the API."""

from __future__ import annotations

import pytest

from heed.accounts.models import Grant, OwnRole, User
from heed.api.tests.conftest import Caller
from heed.channels.models import Account
from heed.inbox.models import Delivery


def delivered(account: Account, body: bytes = b'{"a": 1}', **facts: object) -> Delivery:
    return Delivery.objects.create(account=account, body=body, headers={"x-sign": "s"}, **facts)


@pytest.mark.parametrize("state", ["pending", "done", "set_aside", "not_understood"])
def test_deliveries_by_state(call: Caller, account: Account, state: str) -> None:
    for each in Delivery.State.values:
        delivered(account, state=each, problems=[{"what": "feed", "error": "KeyError: x"}])
    [told] = call("GET", f"deliveries?state={state}").json["items"]
    assert told["state"] == state
    sentence = "This part could not be taken in."
    assert told["problems"] == [{"what": "feed", "sentence": sentence, "error": "KeyError: x"}]
    assert (told["body"], told["headers"], told["account"]["name"]) == ('{"a": 1}', {"x-sign": "s"}, "Acme")


def test_pages(call: Caller, account: Account) -> None:
    ids = [delivered(account, state="set_aside").pk for _ in range(3)]
    first = call("GET", "deliveries?limit=2").json
    second = call("GET", f"deliveries?limit=2&after={first['next']}").json
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] == ""


def test_a_list_shows_the_start_of_a_body_and_one_delivery_all_of_it(call: Caller, account: Account) -> None:
    delivery = delivered(account, b"x" * 10_001 + b"\xff", state="set_aside")
    [told] = call("GET", "deliveries").json["items"]
    assert (len(told["body"]), told["size"]) == (10_000, 10_002)
    assert call("GET", f"deliveries/{delivery.pk}").json["body"] == "x" * 10_001 + "\ufffd"


def test_replaying_puts_it_back_in_line(call: Caller, account: Account) -> None:
    delivery = delivered(account, state="set_aside", problems=[{"what": "feed", "error": "KeyError: x"}])
    answer = call("POST", f"deliveries/{delivery.pk}/replay")
    assert (answer.status, answer.json["state"], answer.json["problems"]) == (200, "pending", [])


def test_agents_are_told_that_it_is_not_for_them(call_as_ana: Caller, account: Account) -> None:
    delivery = delivered(account, state="set_aside")
    for method, path in [
        ("GET", "deliveries"),
        ("GET", f"deliveries/{delivery.pk}"),
        ("POST", f"deliveries/{delivery.pk}/replay"),
    ]:
        assert call_as_ana(method, path).status == 403
    delivery.refresh_from_db()
    assert delivery.state == "set_aside"


def test_what_came_is_withheld_from_who_sees_no_tickets(
    call_as_ana: Caller, ana: User, account: Account
) -> None:
    ana.grants.all().delete()
    Grant.objects.create(user=ana, own=OwnRole.objects.create(name="Wires", permissions=["accounts"]))
    delivery = delivered(account, state="set_aside")
    told = [
        call_as_ana("GET", "deliveries").json["items"][0],
        call_as_ana("GET", f"deliveries/{delivery.pk}").json,
    ]
    told += [call_as_ana("POST", f"deliveries/{delivery.pk}/replay").json]
    for each in told:
        assert (each["withheld"], each["body"], each["headers"]) == (True, "", {})
    assert told[2]["state"] == "pending"


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("deliveries?state=lost", 422, "urn:heed:not-valid"),
        ("deliveries?after=x", 422, "urn:heed:bad-cursor"),
        ("deliveries/99", 404, "urn:heed:no-such-delivery"),
        ("deliveries/first", 422, "urn:heed:not-valid"),
    ],
)
def test_what_is_wrong_is_said(call: Caller, path: str, status: int, kind: str) -> None:
    answer = call("GET", path)
    assert (answer.status, answer.json["type"]) == (status, kind)
