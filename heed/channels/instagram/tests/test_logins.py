"""By which login and token calls are made, and how it is renewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from heed.channels.base import Sent, SessionExpired
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import (
    ACCOUNT,
    BY_FACEBOOK,
    BY_FB,
    BY_IG,
    IG,
    PAGE,
    PRIVATE,
    SENT_MESSAGE,
    TOKEN,
)
from heed.channels.meta.tests.script import PROOF, Script, no, ok, refused
from heed.lib import clock


def test_instagram_login() -> None:
    script = Script(ok(SENT_MESSAGE))
    sent = script.run(network.send(ACCOUNT, PRIVATE))
    assert sent == Sent("aWdfOut", person="1001")
    (request,) = script.requests
    assert (request.method, request.url) == ("POST", f"{BY_IG}/{IG}/messages")
    assert request.json == {"recipient": {"id": "1001"}, "message": {"text": "It leaves today."}}
    assert request.headers == {"authorization": f"Bearer {TOKEN}"}
    assert request.params == {}
    assert request.decisive


def test_facebook_login_by_the_page_id() -> None:
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(BY_FACEBOOK, PRIVATE))
    (request,) = script.requests
    assert request.url == f"{BY_FB}/{PAGE}/messages"
    assert request.headers == {"authorization": "Bearer EAAB-test-token"}
    assert request.params == {"appsecret_proof": PROOF}


def test_facebook_login_by_the_base_address() -> None:
    credentials = {**ACCOUNT.credentials, "access_token": "EAAB-test-token"}
    account = replace(ACCOUNT, base_url="https://graph.facebook.com", credentials=credentials, session={})
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(account, PRIVATE))
    assert script.requests[0].url == f"{BY_FB}/me/messages"


def test_another_base_address_is_kept() -> None:
    account = replace(BY_FACEBOOK, base_url="http://127.0.0.1:9/instagram/v26.0")
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(account, PRIVATE))
    assert script.requests[0].url == f"http://127.0.0.1:9/instagram/v26.0/{PAGE}/messages"


def test_a_first_call_asks_for_a_session() -> None:
    with pytest.raises(SessionExpired):
        Script().run(network.send(replace(ACCOUNT, session={}), PRIVATE))


def test_an_old_session_is_renewed() -> None:
    session = {"token": "IGAA-old", "renew_at": clock.now().isoformat()}
    account = replace(ACCOUNT, session=session)
    with pytest.raises(SessionExpired):
        Script().run(network.send(account, PRIVATE))
    script = Script(ok({"access_token": "IGAA-new", "token_type": "bearer", "expires_in": 5183944}))
    fresh = script.run(network.renew(account))
    (request,) = script.requests
    assert request.url == "https://graph.instagram.com/refresh_access_token"
    assert request.params == {"grant_type": "ig_refresh_token", "access_token": "IGAA-old"}
    assert fresh["token"] == "IGAA-new"
    left = clock.from_iso(fresh["renew_at"]) - clock.now()
    assert timedelta(days=49) < left <= timedelta(days=50)
    script = Script(ok({"user_id": IG}), *[ok({"data": []})] * 3)
    ends = script.run(network.check(replace(account, session=fresh, hook_url=""))).expires_at
    assert timedelta(days=59) < ends - clock.now() <= timedelta(days=60)


def test_a_young_token_is_used_as_it_is() -> None:
    fresh = Script(no(100)).run(network.renew(replace(ACCOUNT, session={})))
    assert fresh["token"] == TOKEN
    assert timedelta(days=1) < clock.from_iso(fresh["renew_at"]) - clock.now() < timedelta(days=2)


def test_a_session_that_cannot_be_renewed() -> None:
    refusal = refused(network.renew(ACCOUNT), no(190, 463, status=401))
    assert (refusal.reason, refusal.retry) == ("sign_in_again", False)


def test_renewing_while_meta_is_down() -> None:
    refusal = refused(network.renew(replace(ACCOUNT, session={})), no(2, status=500))
    assert (refusal.reason, refusal.retry) == ("network_down", True)


def test_a_page_s_token_is_not_renewed() -> None:
    assert refused(network.renew(BY_FACEBOOK)).reason == "sign_in_again"
