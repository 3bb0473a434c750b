"""Networks and accounts over the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from heed.accounts.models import Brand, User
from heed.api.tests.conftest import Caller, Desk
from heed.channels.models import Account
from heed.lib import clock

GIVEN = {
    "network": "pigeon",
    "name": "Acme on Pigeon",
    "external_id": "17",
    "credentials": {"page_token": "hush-token", "app_secret": "hush-secret"},
    "base_url": "http://127.0.0.1:9000/",
}


def test_networks_tell_what_they_ask_for_and_can_do(call: Caller) -> None:
    answer = call("GET", "networks")
    [pigeon] = [each for each in answer.json["items"] if each["name"] == "pigeon"]
    assert [field["name"] for field in pigeon["fields"]] == ["page_token", "app_secret"]
    [facebook] = [each for each in answer.json["items"] if each["name"] == "facebook"]
    kinds = {field["name"]: field["kind"] for field in facebook["fields"]}
    assert (kinds["page_id"], kinds["human_agent"]) == ("text", "yes_no")
    [email] = [each for each in answer.json["items"] if each["name"] == "email"]
    ways = {field["name"]: field["way"] for field in email["fields"]}
    assert (ways["address"], ways["password"], ways["client_id"]) == ("", "password", "sign_in")
    assert [(way["name"], way["needs"]) for way in email["ways"]] == [
        ("password", ["password"]),
        ("sign_in", ["client_id", "refresh_token"]),
    ]
    assert (pigeon["ways"], {field["way"] for field in pigeon["fields"]}) == ([], {""})
    assert pigeon["fields"][0]["help"] == "From the page's settings."
    assert pigeon["capabilities"]["private"] == {
        "limits": [{"unit": "chars", "most": 100}],
        "files": {
            "types": ["image/*"],
            "most_bytes": {"": 1000},
            "count": 1,
            "with_text": True,
            "fetched": False,
        },
        "window": 86400,
        "sends": None,
        "late": None,
        "templates": False,
        "choices": [],
    }
    assert pigeon["capabilities"]["on_theirs"] == ["hide", "like", "unhide", "unlike"]


def test_an_account_without_private_messages_says_why(call: Caller, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(network="x", facts={"messages": False})
    can = call("GET", f"accounts/{account.pk}").json["capabilities"]
    assert can["private"] is None
    assert "may not write direct messages" in can["why_no_private"]
    Account.objects.filter(pk=account.pk).update(facts={"messages": True})
    can = call("GET", f"accounts/{account.pk}").json["capabilities"]
    assert (bool(can["private"]), can["why_no_private"]) == (True, "")


@pytest.mark.parametrize(
    ("days", "more", "shown"),
    [(13, {}, True), (15, {}, False), (1, {"detail": ""}, False), (1, {"problem": "account_blocked"}, False)],
)
def test_what_the_network_remarked(
    call_as_ana: Caller, account: Account, days: int, more: dict[str, str], shown: bool
) -> None:
    """As long as the accounts page shows it, and to whom sees the account."""
    at = clock.now() - timedelta(days=days)
    Account.objects.update(told={"at": at.isoformat(), "detail": "quality is red", **more})
    [listed] = call_as_ana("GET", "accounts").json["items"]
    remark = call_as_ana("GET", f"accounts/{account.pk}").json["remark"]
    assert listed["remark"] == remark
    assert bool(remark) is shown
    if shown:
        assert remark["sentence"] == "The network has a remark about this account."
        assert "Check again" in remark["way_out"]
        assert (remark["detail"], datetime.fromisoformat(remark["at"])) == ("quality is red", at)


def test_an_account_of_which_nothing_was_said_has_no_remark(call: Caller, account: Account) -> None:
    assert call("GET", f"accounts/{account.pk}").json["remark"] is None
    told = call("GET", "openapi.json").json["components"]["schemas"]
    assert "14 days" in told["AccountOut"]["properties"]["remark"]["description"]
    assert set(told["AccountRemark"]["required"]) == {"sentence", "way_out", "detail", "at"}


def test_connecting_gives_the_webhook_address_and_never_the_credentials(call: Caller) -> None:
    answer = call("POST", "accounts", GIVEN)
    assert answer.status == 201
    account = Account.objects.get(pk=answer.json["id"])
    assert answer.json["hook_url"] == account.hook_url
    assert (account.name, account.external_id, account.base_url) == (
        "Acme on Pigeon",
        "17",
        "http://127.0.0.1:9000",
    )
    assert account.credentials == GIVEN["credentials"]
    for path in ("accounts", f"accounts/{account.pk}"):
        assert b"hush" not in call("GET", path).content
    assert b"hush" not in answer.content


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"network": "owl"}, "network", "pigeon"),
        ({"credentials": {"page_token": "t"}}, "app_secret", "App secret"),
        (
            {"credentials": {"page_token": "t", "app_secret": "s", "pin": "1"}},
            "pin",
            "page_token, app_secret",
        ),
        ({"base_url": "nowhere"}, "base_url", "https://"),
        ({"base_url": "http://10.1.2.3"}, "base_url", "HEED_ALLOW_PRIVATE_HOSTS"),
        ({"colour": "red"}, "colour", "not a field"),
        ({"credentials": "hush"}, "credentials", "must be an object"),
        ({"after_solved": "never"}, "after_solved", "'reopen' or 'new'"),
        ({"name": "x" * 121}, "name", "120"),
    ],
)
def test_says_what_is_wrong_with_an_account(
    call: Caller, change: dict[str, Any], field: str, says: str
) -> None:
    answer = call("POST", "accounts", GIVEN | change)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == field
    assert says in answer.json["detail"]
    assert not Account.objects.exists()


def test_the_same_account_twice(call: Caller) -> None:
    call("POST", "accounts", GIVEN)
    answer = call("POST", "accounts", GIVEN)
    assert answer.status == 422
    assert "already connected" in answer.json["detail"]


def test_an_agent_may_look_but_not_connect(call_as_ana: Caller, account: Account) -> None:
    [seen] = call_as_ana("GET", "accounts").json["items"]
    assert (seen["name"], seen["hook_url"]) == ("Acme", None)
    for method, path, body in [
        ("POST", "accounts", GIVEN),
        ("PATCH", f"accounts/{account.pk}", {"name": "Mine"}),
        ("DELETE", f"accounts/{account.pk}", None),
    ]:
        answer = call_as_ana(method, path, body)
        assert (answer.status, answer.json["type"]) == (403, "urn:heed:not-allowed")
    account.refresh_from_db()
    assert account.name == "Acme"
    assert account.credentials


def test_changing_an_account(call: Caller, account: Account) -> None:
    answer = call(
        "PATCH",
        f"accounts/{account.pk}",
        {"name": "Acme shoes", "after_solved": "new", "credentials": {"page_token": "fresh"}},
    )
    assert (answer.json["name"], answer.json["after_solved"], answer.json["state"]) == (
        "Acme shoes",
        "new",
        "connecting",
    )
    account.refresh_from_db()
    assert account.credentials == {"page_token": "fresh", "app_secret": "hush-secret"}


def test_an_account_joins_a_brand_and_leaves_it(call: Caller, account: Account) -> None:
    Brand.objects.create(name="Acme")
    given = [call("PATCH", f"accounts/{account.pk}", {"brand": name}) for name in ("acme", "Nobody", "")]
    assert [answer.status for answer in given] == [200, 422, 200]
    assert [answer.json.get("brand") or answer.json["type"] for answer in given[:2]] == [
        "Acme",
        "urn:heed:no-such-brand",
    ]
    assert given[2].json["brand"] == ""


def test_an_account_is_told_where_its_network_is_now(call: Caller, account: Account) -> None:
    address, held = f"accounts/{account.pk}", dict(account.credentials)
    refused = call("PATCH", address, {"base_url": "ftp://other.example", "credentials": held})
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "base_url")
    moved = call("PATCH", address, {"base_url": "https://other.example/", "credentials": held})
    assert (moved.status, moved.json["base_url"]) == (200, "https://other.example")
    assert moved.json["state"] == "connecting"


def test_a_change_with_one_fault_changes_nothing(call: Caller, account: Account) -> None:
    answer = call("PATCH", f"accounts/{account.pk}", {"name": "Acme shoes", "credentials": {"pin": "1"}})
    assert answer.status == 422
    account.refresh_from_db()
    assert account.name == "Acme"


def test_disconnecting_forgets_the_credentials_and_says_so(call: Caller, account: Account) -> None:
    answer = call("DELETE", f"accounts/{account.pk}")
    assert answer.json["problem"]["reason"] == "not_configured"
    assert "Reconnect" in answer.json["problem"]["way_out"]
    account.refresh_from_db()
    assert account.credentials == {}


def test_removing_altogether_what_never_worked(call: Caller, call_as_ana: Caller) -> None:
    typo = Account.objects.create(network="pigeon", name="Typo", base_url="http://127.0.0.1:9")
    assert call_as_ana("DELETE", f"accounts/{typo.pk}?altogether=true").status == 403
    answer = call("DELETE", f"accounts/{typo.pk}?altogether=true")
    assert answer.status == 204
    assert not Account.objects.filter(pk=typo.pk).exists()


def test_what_was_taken_in_is_not_removed(call: Caller, account: Account, desk: Desk) -> None:
    desk.ticket()
    answer = call("DELETE", f"accounts/{account.pk}?altogether=true")
    assert (answer.status, answer.json["type"]) == (422, "urn:heed:cannot-remove")
    assert "Disconnect the account instead." in answer.json["detail"]
    account.refresh_from_db()
    assert account.state == "connected"


def test_an_account_that_is_not_there(call: Caller, maja: User) -> None:
    for method, body in [("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)]:
        answer = call(method, "accounts/404", body)
        assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-account")


def test_networks_tell_what_can_be_chosen_and_what_is_made_up(call: Caller) -> None:
    found = {each["name"]: each for each in call("GET", "networks").json["items"]}
    x, site = ({field["name"]: field for field in found[name]["fields"]} for name in ("x", "site"))
    assert (x["access_level"]["kind"], x["access_level"]["usual"]) == ("choice", "self_serve")
    assert [each["value"] for each in x["access_level"]["choices"]] == ["self_serve", "enterprise"]
    assert (site["colour"]["kind"], site["colour"]["usual"]) == ("colour", "#0a6b74")
    assert (site["secret"]["made_up"], site["secret"]["required"]) == (True, False)
    assert (x["consumer_key"]["made_up"], x["consumer_key"]["choices"]) == (False, [])


def test_a_value_that_cannot_be_is_refused_at_its_field(call: Caller, maja: User) -> None:
    given = {"network": "site", "credentials": {"colour": "teal"}, "base_url": "https://shop.example"}
    answer = call("POST", "accounts", given)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "colour")
    assert "#rrggbb" in answer.json["detail"]
    assert not Account.objects.exists()


def test_a_secret_that_heed_made_up_is_told_once(call: Caller, maja: User) -> None:
    given = {"network": "site", "credentials": {}, "base_url": "https://shop.example"}
    made = call("POST", "accounts", given).json
    account = Account.objects.get(pk=made["id"])
    assert made["made_up"] == account.credentials
    assert made["made_up"]["secret"].encode() not in call("GET", f"accounts/{account.pk}").content
    assert call("PATCH", f"accounts/{account.pk}", {"name": "Shop"}).json["made_up"] == {}
    call("DELETE", f"accounts/{account.pk}")
    anew = call("PATCH", f"accounts/{account.pk}", {"credentials": {"chat_name": "Acme"}}).json["made_up"]
    account.refresh_from_db()
    assert anew == {"secret": account.credentials["secret"]} != made["made_up"]
