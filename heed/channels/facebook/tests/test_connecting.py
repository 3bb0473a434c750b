"""Signing in and connecting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heed.channels.base import AccountRecord, Checked
from heed.channels.facebook.adapter import network
from heed.channels.facebook.connecting import PERMISSIONS, SUBSCRIBED
from heed.channels.facebook.tests.sample import ACCOUNT, GRAPH, PRIVATE
from heed.channels.meta.tests.script import DONE, Script, no, ok, refused
from heed.lib.http import Response, Steps

BACK = "https://desk.acme.example/sign-in/back"
NEW = replace(ACCOUNT, external_id="", credentials={"app_secret": "s", "app_id": "31", "verify_token": "w"})


def pages(*ids: str) -> Response:
    return ok({"data": [{"id": id, "name": f"Page {id}", "access_token": f"EAAB-{id}"} for id in ids]})


def signing_in(account: AccountRecord, query: Mapping[str, str] = {"code": "AQ1"}) -> Steps[Any]:
    assert network.oauth is not None
    return network.oauth.finish(account, {}, query, BACK)


def test_sign_in() -> None:
    assert network.oauth is not None
    begun = Script().run(network.oauth.begin(NEW, BACK, "state-1"))
    asked = parse_qs(urlsplit(begun.url).query)
    assert begun.url.startswith("https://www.facebook.com/v25.0/dialog/oauth?")
    assert (asked["client_id"], asked["redirect_uri"], asked["state"]) == (["31"], [BACK], ["state-1"])
    assert asked["scope"] == [",".join(ALL)]
    script = Script(ok({"access_token": "short"}), ok({"access_token": "long"}), pages("448"))
    assert script.run(signing_in(NEW)) == {"page_token": "EAAB-448"}
    code, exchange, listed = script.requests
    assert code.params == {"client_id": "31", "client_secret": "s", "redirect_uri": BACK, "code": "AQ1"}
    assert exchange.params["fb_exchange_token"] == "short"
    assert "authorization" not in {**code.headers, **exchange.headers}
    assert listed.headers == {"authorization": "Bearer long"}


def test_which_page() -> None:
    tokens = (ok({"access_token": "short"}), ok({"access_token": "long"}))
    refusal = refused(signing_in(NEW), *tokens, pages("448", "449"))
    assert refusal.reason == "not_configured"
    assert "Page 449 (449)" in refusal.detail
    named = replace(NEW, credentials={**NEW.credentials, "page_id": "449"})
    assert Script(*tokens, pages("448", "449")).run(signing_in(named)) == {"page_token": "EAAB-449"}
    again = replace(named, external_id="448")
    assert Script(*tokens, pages("448", "449")).run(signing_in(again)) == {"page_token": "EAAB-448"}
    assert refused(signing_in(NEW), *tokens, pages()).reason == "not_allowed"


def test_sign_in_refused() -> None:
    assert network.oauth is not None
    assert refused(signing_in(NEW, {"error": "access_denied"})).code == "access_denied"
    assert refused(signing_in(NEW), no(100, 36009)).reason == "bad_request"
    nameless = replace(NEW, credentials={"app_secret": "s"})
    assert refused(network.oauth.begin(nameless, BACK, "state-1")).reason == "not_configured"


ME, APP = ok({"id": "448", "name": "Acme"}), ok({"id": "31"})
ALL = [each.name for each in PERMISSIONS]
FIELDS = sorted(SUBSCRIBED)
FACTS = {"app_id": "31", "human_agent": False, "subscribed": FIELDS}
WELL = Checked("448", "Acme", facts=FACTS)


def debug(scopes: list[str] = ALL, expires_at: int = 0) -> Response:
    return ok({"data": {"app_id": "31", "is_valid": True, "expires_at": expires_at, "scopes": scopes}})


def listing(*fields: str, app: str = "31") -> Response:
    return ok({"data": [{"id": app, "subscribed_fields": [*fields]}] if fields else []})


SUBSCRIBED_ALREADY = listing(*SUBSCRIBED)


def test_check() -> None:
    script = Script(ME, APP, debug(), DONE, listing("leadgen", app="7"), DONE, SUBSCRIBED_ALREADY)
    assert script.run(network.check(ACCOUNT)) == WELL
    me, app, token, webhook, listed, page, listed_again = script.requests
    assert (me.url, app.url) == (f"{GRAPH}/me", f"{GRAPH}/app")
    assert (token.url, token.params["input_token"]) == (f"{GRAPH}/debug_token", "EAAB-test-token")
    assert webhook.url == f"{GRAPH}/31/subscriptions"
    assert webhook.json["callback_url"] == ACCOUNT.hook_url
    assert webhook.json["verify_token"] == "shoes"
    for as_app in (token, webhook):
        assert as_app.headers["authorization"] == f"Bearer 31|{ACCOUNT.credentials['app_secret']}"
    assert page.url == f"{GRAPH}/448/subscribed_apps"
    assert page.json == {"subscribed_fields": ",".join(SUBSCRIBED)}
    assert page.headers["authorization"] == "Bearer EAAB-test-token"
    assert (listed.method, listed.url) == (listed_again.method, listed_again.url) == ("GET", page.url)


def test_a_subscription_that_meta_ended_is_told_and_set_again() -> None:
    known = replace(ACCOUNT, facts=FACTS)
    answers = (ME, APP, debug(), DONE)
    script = Script(*answers, listing("leadgen", *SUBSCRIBED[2:]), DONE, listing("leadgen", *SUBSCRIBED))
    checked = script.run(network.check(known))
    assert checked.lost == ("feed", "mention")
    assert checked.facts["subscribed"] == sorted([*FIELDS, "leadgen"])
    assert script.requests[-2].json == {"subscribed_fields": f"{','.join(SUBSCRIBED)},leadgen"}
    assert Script(*answers, SUBSCRIBED_ALREADY).run(network.check(known)) == WELL
    assert Script(*answers, listing(), DONE, SUBSCRIBED_ALREADY).run(network.check(ACCOUNT)).lost == ()


@pytest.mark.parametrize("alive", [True, False])
def test_a_webhook_that_leads_to_another_page_here_stays(alive: bool) -> None:
    """What goes to an account that was disconnected reaches nobody: that webhook is taken over."""
    there = "https://desk.acme.example/hooks/other"
    account = replace(ACCOUNT, siblings=(there,) if alive else ("https://desk.acme.example/hooks/third",))
    pointed = ok({"data": [{"object": "page", "callback_url": there}]})
    script = Script(ME, APP, debug(), pointed, *([] if alive else [DONE]), SUBSCRIBED_ALREADY)
    script.run(network.check(account))
    assert (script.requests[3].method, script.requests[3].url) == ("GET", f"{GRAPH}/31/subscriptions")


@pytest.mark.parametrize(
    ("usage", "left"),
    [
        ({"x-business-use-case-usage": '{"448": [{"call_count": 28, "total_time": 91}]}'}, 9),
        ({"x-business-use-case-usage": '{"448": [{"call_count": 5}], "9": [{"call_count": 99}]}'}, 95),
        ({"x-app-usage": '{"call_count": 28, "total_time": 25, "total_cputime": 40}'}, 60),
        ({"x-business-use-case-usage": '{"448": [{"call_count": 130}]}'}, 0),
    ],
)
def test_what_is_left_of_the_calls(usage: dict[str, str], left: int) -> None:
    me = replace(ME, headers=usage)
    (quota,) = Script(me, APP, debug(), DONE, SUBSCRIBED_ALREADY).run(network.check(ACCOUNT)).quotas
    assert (quota.left, quota.of) == (left, 100)


def test_merely_looking_subscribes_to_nothing() -> None:
    script = Script(ME, APP, debug(), listing("feed"))
    assert script.run(network.check(replace(ACCOUNT, hook_url=""))).facts["subscribed"] == ["feed"]


def test_missing_permissions_are_named() -> None:
    few = [name for name in ALL if name not in ("pages_messaging", "pages_manage_engagement")]
    checked = Script(ME, APP, debug(few), DONE, SUBSCRIBED_ALREADY).run(network.check(ACCOUNT))
    assert checked.missing == ("pages_manage_engagement", "pages_messaging")
    refusal = refused(network.check(ACCOUNT), ME, APP, debug(["pages_messaging"]), DONE, no(200))
    assert refusal.reason == "not_allowed"
    assert "pages_manage_metadata" in refusal.detail


def test_when_the_token_ends() -> None:
    checked = Script(ME, APP, debug(expires_at=1800000000), DONE, SUBSCRIBED_ALREADY).run(
        network.check(ACCOUNT)
    )
    assert checked.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize("answer", [no(100), no(200), ok({}), ok({"data": []})])
def test_permissions_that_meta_does_not_list_are_not_missed(answer: Response) -> None:
    assert Script(ME, APP, answer, DONE, SUBSCRIBED_ALREADY).run(network.check(ACCOUNT)) == WELL


@pytest.mark.parametrize(("said", "scopes"), [("yes", []), ("", ["human_agent"])])
def test_human_agent(said: str, scopes: list[str]) -> None:
    account = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "human_agent": said})
    checked = Script(ME, APP, debug([*ALL, *scopes]), DONE, SUBSCRIBED_ALREADY).run(network.check(account))
    able = network.able(checked.facts)
    assert able.private is not None
    assert able.private.late is not None
    assert (able.private.late.name, able.private.late.until) == ("human_agent", 7 * 24 * 3600)
    assert network.able(FACTS) == network.capabilities
    script = Script(ok({"recipient_id": "222", "message_id": "m_9"}))
    script.run(network.send(ACCOUNT, replace(PRIVATE, late="human_agent")))
    assert (script.requests[0].json["messaging_type"], script.requests[0].json["tag"]) == (
        "MESSAGE_TAG",
        "HUMAN_AGENT",
    )


@pytest.mark.parametrize("answers", [(no(100),), (APP, debug(), no(100, 2200)), (ok({}),)])
def test_webhook_left_to_the_dashboard(answers: tuple[Response, ...]) -> None:
    checked = Script(ME, *answers, SUBSCRIBED_ALREADY).run(network.check(ACCOUNT))
    assert (checked.external_id, checked.name) == ("448", "Acme")


def test_check_of_another_page() -> None:
    refusal = refused(network.check(ACCOUNT), ok({"id": "999", "name": "Other"}))
    assert refusal.reason == "not_configured"
    assert "Other (999)" in refusal.detail


def test_check_learns_the_page() -> None:
    account = replace(ACCOUNT, external_id="")
    assert Script(ME, APP, debug(), DONE, SUBSCRIBED_ALREADY).run(network.check(account)) == WELL


@pytest.mark.parametrize(
    "answers",
    [
        (no(190),),
        (ME, no(190)),
        (ME, APP, no(1)),
        (ME, APP, debug(), no(4)),
        (ME, APP, debug(), DONE, no(200)),
    ],
)
def test_check_refused(answers: tuple[Response, ...]) -> None:
    refused(network.check(ACCOUNT), *answers)


def test_nothing_to_renew_or_collect() -> None:
    assert refused(network.renew(ACCOUNT)).reason == "sign_in_again"
    assert Script().run(network.collect(ACCOUNT, {})).bodies == ()
