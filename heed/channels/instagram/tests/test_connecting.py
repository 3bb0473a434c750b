"""Signing in and connecting, by either login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heed.channels.base import AccountRecord, Checked
from heed.channels.instagram.adapter import network
from heed.channels.instagram.connecting import ALSO, BY_FACEBOOK_LOGIN, BY_INSTAGRAM_LOGIN, CERTAIN
from heed.channels.instagram.tests.sample import ACCOUNT, APP, BY_FACEBOOK, BY_FB, BY_IG, IG, PAGE, as_app
from heed.channels.meta.tests.sample import SECRET
from heed.channels.meta.tests.script import DONE, Script, no, ok, refused
from heed.lib.http import Response, Steps

ALL = [each.name for each in BY_FACEBOOK_LOGIN]
GRANTED = ok({"data": {"expires_at": 0, "scopes": ALL}})


NOBODY = ok({"data": []})
MAY = (NOBODY, NOBODY)
"""What is tried to see whether it was granted."""
BY_HAND = replace(ACCOUNT, credentials={k: v for k, v in ACCOUNT.credentials.items() if k != "app_id"})
"""Without the app's ID the address is pasted, and nobody asks where the app delivers to."""


def listing(*fields: str) -> Response:
    return ok({"data": [{"id": APP, "subscribed_fields": [*fields]}]})


def test_check_by_instagram_login() -> None:
    me = {"id": "55", "user_id": IG, "username": "acme", "name": "Acme Shoes"}
    script = Script(ok({"data": [me]}), DONE, *MAY, NOBODY, DONE, listing("comments", "messages"))
    assert script.run(network.check(ACCOUNT)) == Checked(
        IG, "Acme Shoes", "acme", facts={"human_agent": False, "subscribed": ["comments", "messages"]}
    )
    me_call, webhook, _, _, listed, subscribe, verify = script.requests
    assert (listed.method, listed.url) == ("GET", subscribe.url)
    assert me_call.url == f"{BY_IG}/me"
    assert (webhook.url, as_app(webhook)) == (f"{BY_FB}/{APP}/subscriptions", True)
    assert webhook.params["object"] == "instagram"
    assert webhook.params["callback_url"] == "https://desk.acme.example/hooks/abc"
    assert webhook.params["verify_token"] == "shoes"
    assert subscribe.url == verify.url == f"{BY_IG}/{IG}/subscribed_apps"
    assert {"comments", "messages", "messaging_seen", "message_echoes"} <= set(
        str(subscribe.params["subscribed_fields"]).split(",")
    )


def test_merely_looking_subscribes_to_nothing() -> None:
    by_itself = Script(ok({"user_id": IG}), *MAY, listing("comments"))
    found = by_itself.run(network.check(replace(ACCOUNT, hook_url="")))
    assert found.facts["subscribed"] == ["comments"]
    page = ok({"id": PAGE, "instagram_business_account": {"id": IG}})
    by_page = Script(page, GRANTED, listing("feed", "mention"))
    assert by_page.run(network.check(replace(BY_FACEBOOK, hook_url=""))).facts["subscribed"] == ["feed"]


def test_unknown_fields_are_left_out_at_the_second_try() -> None:
    script = Script(ok({"user_id": IG}), *MAY, NOBODY, no(100), DONE, NOBODY)
    script.run(network.check(BY_HAND))
    assert "message_echoes" in script.requests[4].params["subscribed_fields"]
    assert "message_echoes" not in script.requests[5].params["subscribed_fields"]


@pytest.mark.parametrize("alive", [True, False])
def test_a_webhook_that_leads_to_another_account_here_stays(alive: bool) -> None:
    there = "https://desk.acme.example/hooks/other"
    account = replace(ACCOUNT, siblings=(there,) if alive else ("https://desk.acme.example/hooks/third",))
    pointed = ok({"data": [{"object": "instagram", "callback_url": there}]})
    script = Script(ok({"user_id": IG}), pointed, *([] if alive else [DONE]), *MAY, listing(*CERTAIN, *ALSO))
    script.run(network.check(account))
    assert (script.requests[1].method, as_app(script.requests[1])) == ("GET", True)


def test_permissions_of_instagram_login_are_tried_and_named() -> None:
    """What is refused for another reason, or overlooked, is no missing permission."""
    account, me, whole = replace(ACCOUNT, hook_url=""), ok({"user_id": IG}), listing(*CERTAIN, *ALSO)
    script = Script(me, NOBODY, no(10, status=403), whole)
    assert script.run(network.check(account)).missing == ("instagram_business_manage_messages",)
    comments, messages = script.requests[1:3]
    assert (comments.url, messages.url) == (f"{BY_IG}/me/media", f"{BY_IG}/me/conversations")
    assert Script(me, no(100), no(100), whole).run(network.check(account)).missing == ()
    refusal = refused(network.check(account), me, no(200), NOBODY, no(200))
    assert "instagram_business_manage_comments" in refusal.detail
    assert refused(network.check(account), me, no(4)).retry


def test_a_subscription_that_ended_is_told_and_set_again() -> None:
    facts = {"human_agent": False, "subscribed": ["comments", "messages"]}
    account = replace(BY_HAND, facts=facts)
    script = Script(ok({"user_id": IG}), *MAY, listing("comments"), DONE, listing("comments", "messages"))
    checked = script.run(network.check(account))
    assert (checked.lost, checked.facts) == (("messages",), facts)
    whole = listing(*CERTAIN, *ALSO)
    assert Script(ok({"user_id": IG}), *MAY, whole).run(network.check(account)).lost == ()


def test_a_subscription_that_did_not_take() -> None:
    refusal = refused(network.check(BY_HAND), ok({"user_id": IG}), *MAY, NOBODY, DONE, listing("comments"))
    assert refusal.reason == "not_configured"


def test_meta_may_not_let_us_set_the_webhook() -> None:
    """Each secret is tried, as either may be the app's; then the address is pasted by hand."""
    account = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "app_secret": f"ig-secret,{SECRET}"})
    script = Script(ok({"user_id": IG}), no(190), no(100), *MAY, NOBODY, DONE, NOBODY)
    assert script.run(network.check(account)).external_id == IG
    assert [as_app(each) for each in script.requests] == [False, False, True, *[False] * 5]


def test_check_by_facebook_login() -> None:
    page = {"id": PAGE, "name": "Acme", "instagram_business_account": {"id": IG, "username": "acme"}}
    ours = {"id": APP, "subscribed_fields": ["mention", "feed"]}
    others = {"id": "1", "subscribed_fields": ["leadgen"]}
    script = Script(ok(page), GRANTED, DONE, ok({"data": [others, ours]}), DONE)
    facts = {"human_agent": False, "subscribed": ["feed", "messages"]}
    known = replace(BY_FACEBOOK, facts=facts)
    assert script.run(network.check(known)) == Checked(IG, "acme", "acme", facts=facts, lost=("messages",))
    page_call, token, webhook, listed, subscribe = script.requests
    assert page_call.url == f"{BY_FB}/{PAGE}"
    assert (token.url, token.params, as_app(token)) == (
        f"{BY_FB}/debug_token",
        {"input_token": "EAAB-test-token"},
        True,
    )
    assert (webhook.url, as_app(webhook)) == (f"{BY_FB}/{APP}/subscriptions", True)
    assert "mentions" in str(webhook.params["fields"]).split(",")
    assert listed.url == subscribe.url == f"{BY_FB}/{PAGE}/subscribed_apps"
    assert subscribe.params["subscribed_fields"] == "feed,mention,messages"


def test_a_page_that_is_subscribed_already() -> None:
    page = {"id": PAGE, "instagram_business_account": {"id": IG}}
    rows = {"data": [{"id": APP, "subscribed_fields": ["feed", "messages"]}]}
    Script(ok(page), GRANTED, ok(rows)).run(network.check(replace(BY_FACEBOOK, hook_url="")))


def test_missing_permissions_are_named() -> None:
    page = ok({"id": PAGE, "instagram_business_account": {"id": IG}})
    few = ok({"data": {"expires_at": 1800000000, "scopes": [name for name in ALL if "comments" not in name]}})
    nobody = ok({"data": []})
    checked = Script(page, few, DONE, nobody, DONE).run(network.check(BY_FACEBOOK))
    assert checked.missing == ("instagram_manage_comments",)
    assert checked.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    refusal = refused(network.check(BY_FACEBOOK), page, few, DONE, nobody, no(200))
    assert "instagram_manage_comments" in refusal.detail


def test_each_secret_may_be_the_app_s() -> None:
    credentials = {**BY_FACEBOOK.credentials, "app_secret": f"other,{SECRET}"}
    account = replace(BY_FACEBOOK, credentials=credentials, hook_url="")
    page = ok({"id": PAGE, "instagram_business_account": {"id": IG}})
    script = Script(page, no(190), GRANTED, ok({"data": []}))
    assert script.run(network.check(account)).missing == ()
    assert [as_app(each) for each in script.requests[1:3]] == [False, True]


BACK = "https://desk.acme.example/sign-in/back"


def signing_in(account: AccountRecord, query: Mapping[str, str] = {"code": "AQ1#_"}) -> Steps[Any]:
    assert network.oauth is not None
    return network.oauth.finish(account, {}, query, BACK)


def test_sign_in_with_instagram() -> None:
    assert network.oauth is not None
    account = replace(ACCOUNT, credentials={"app_secret": f"{SECRET},meta", "instagram_app_id": "31"})
    begun = Script().run(network.oauth.begin(account, BACK, "s1"))
    asked = parse_qs(urlsplit(begun.url).query)
    assert begun.url.startswith("https://www.instagram.com/oauth/authorize?")
    assert (asked["client_id"], asked["state"], asked["redirect_uri"]) == (["31"], ["s1"], [BACK])
    assert asked["scope"] == [",".join(each.name for each in BY_INSTAGRAM_LOGIN)]
    script = Script(ok({"data": [{"access_token": "short", "user_id": IG}]}), ok({"access_token": "long"}))
    assert script.run(signing_in(account)) == {"access_token": "long"}
    code, exchange = script.requests
    assert code.url == "https://api.instagram.com/oauth/access_token"
    assert code.form is not None
    assert (code.form["code"], code.form["client_secret"]) == ("AQ1", SECRET)
    assert exchange.url == "https://graph.instagram.com/access_token"
    assert exchange.params["access_token"] == "short"


def test_sign_in_with_facebook() -> None:
    assert network.oauth is not None
    begun = Script().run(network.oauth.begin(BY_FACEBOOK, BACK, "s1"))
    assert begun.url.startswith("https://www.facebook.com/v25.0/dialog/oauth?")
    assert parse_qs(urlsplit(begun.url).query)["scope"] == [",".join(ALL)]
    script = Script(
        ok({"access_token": "short"}), ok({"access_token": "person"}), ok({"access_token": "EAAB-page"})
    )
    assert script.run(signing_in(BY_FACEBOOK)) == {"access_token": "EAAB-page"}
    _, exchange, page = script.requests
    assert exchange.params["fb_exchange_token"] == "short"
    assert (page.url, page.headers) == (f"{BY_FB}/{PAGE}", {"authorization": "Bearer person"})


def test_sign_in_refused() -> None:
    assert network.oauth is not None
    refusal = refused(signing_in(BY_FACEBOOK, {"error": "access_denied", "error_description": "No."}))
    assert (refusal.reason, refusal.code) == ("not_allowed", "access_denied")
    assert refused(network.oauth.begin(ACCOUNT, BACK, "s1")).detail == "instagram_app_id is missing."
    assert refused(signing_in(BY_FACEBOOK), ok({})).reason == "not_allowed"


def test_a_page_without_instagram() -> None:
    assert refused(network.check(BY_FACEBOOK), ok({"id": PAGE})).reason == "not_configured"


def test_the_token_of_another_account() -> None:
    assert refused(network.check(ACCOUNT), ok({"user_id": "17841"})).reason == "not_configured"
