"""Signing in, staying signed in, and what `check` sets up, against scripted answers."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heed.channels.base import AccountRecord, Checked
from heed.channels.x.adapter import network
from heed.channels.x.signin import SignIn
from heed.channels.x.subscribing import PRIVATE, PUBLIC
from heed.channels.x.tests.sample import ACCOUNT, ACME, OMAR
from heed.channels.x.tests.script import Script, no, problem, refused
from heed.lib import clock

REDIRECT = "https://desk.example.org/accounts/signed-in"
ME = {"data": {"id": ACME, "name": "Acme", "username": "acme"}}
BEARER = {"token_type": "bearer", "access_token": "AAAA"}
HOOK = {"id": "5", "url": ACCOUNT.hook_url, "valid": True}
USAGE = {"data": {"project_cap": "3000000", "project_usage": "1200", "cap_reset_day": 1}}
KINDS = (*PUBLIC, *PRIVATE)
OAUTH = SignIn()


def subscriptions(webhook: str = "5", user: str = ACME, kinds: Any = KINDS) -> dict[str, Any]:
    rows = [
        {
            "subscription_id": str(9000 + at),
            "event_type": kind,
            "filter": {"user_id": user},
            "webhook_id": webhook,
        }
        for at, kind in enumerate(kinds)
    ]
    return {"data": rows, "meta": {"total_subscriptions": len(rows)}}


def without(*names: str) -> AccountRecord:
    return replace(ACCOUNT, credentials={k: v for k, v in ACCOUNT.credentials.items() if k not in names})


class TestSigningIn:
    def test_the_way_there(self) -> None:
        begun = Script().run(OAUTH.begin(ACCOUNT, REDIRECT, "state-7"))
        parts = urlsplit(begun.url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://x.com/i/oauth2/authorize"
        assert (asked["state"], asked["redirect_uri"], asked["client_id"]) == (
            "state-7",
            REDIRECT,
            "client-demo",
        )
        digest = hashlib.sha256(begun.keep["verifier"].encode()).digest()
        assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert asked["code_challenge_method"] == "S256"
        assert {"offline.access", "dm.write", "like.write"} <= set(asked["scope"].split())

    def test_no_likes_are_asked_for_where_there_are_none(self) -> None:
        begun = Script().run(OAUTH.begin(without("access_level"), REDIRECT, "s"))
        assert "like.write" not in begun.url

    def test_every_way_has_a_verifier_of_its_own(self) -> None:
        verifiers = {Script().run(OAUTH.begin(ACCOUNT, REDIRECT, "s")).keep["verifier"] for _ in range(3)}
        assert len(verifiers) == 3
        assert all(43 <= len(each) <= 128 for each in verifiers)

    def test_without_a_client(self) -> None:
        assert refused(Script(), OAUTH.begin(without("client_id"), REDIRECT, "s")).reason == "not_configured"

    def test_the_way_back(self) -> None:
        script = Script(
            {"access_token": "a", "refresh_token": "r", "expires_in": 7200, "scope": "tweet.read"}
        )
        given = script.run(OAUTH.finish(ACCOUNT, {"verifier": "v"}, {"code": "c"}, REDIRECT))
        assert given == {"access_token": "a", "refresh_token": "r"}
        assert set(given) == set(OAUTH.fills) <= {field.name for field in network.fields}
        (request,) = script.requests
        assert request.form == {
            "grant_type": "authorization_code",
            "code": "c",
            "redirect_uri": REDIRECT,
            "code_verifier": "v",
        }
        pair = base64.b64encode(b"client-demo:client-secret-demo").decode()
        assert request.headers == {"Authorization": f"Basic {pair}"}

    def test_the_admin_said_no(self) -> None:
        caught = refused(Script(), OAUTH.finish(ACCOUNT, {}, {"error": "access_denied"}, REDIRECT))
        assert (caught.reason, caught.code) == ("not_allowed", "access_denied")

    def test_no_token_to_stay_signed_in(self) -> None:
        steps = OAUTH.finish(ACCOUNT, {"verifier": "v"}, {"code": "c"}, REDIRECT)
        assert refused(Script({"access_token": "a"}), steps).code == "offline.access"


class TestRenewing:
    def test_the_newest_refresh_token_is_spent(self) -> None:
        given = {"access_token": "a2", "refresh_token": "r2", "expires_in": 7200, "scope": "tweet.read"}
        script = Script(given)
        session = script.run(network.renew(ACCOUNT))
        assert script.requests[0].form == {"grant_type": "refresh_token", "refresh_token": "refresh-demo"}
        assert (session["access_token"], session["refresh_token"]) == ("a2", "r2")
        ends = clock.from_iso(session["expires_at"]) - clock.now()
        assert timedelta(seconds=7190) < ends <= timedelta(seconds=7200)
        script = Script({"access_token": "a3"})
        again = script.run(network.renew(replace(ACCOUNT, session=session)))
        assert script.requests[0].form == {"grant_type": "refresh_token", "refresh_token": "r2"}
        assert again["refresh_token"] == "r2"  # X gave no new one: the old one is kept

    def test_a_public_client_names_itself(self) -> None:
        script = Script({"access_token": "a", "refresh_token": "r"})
        script.run(network.renew(without("client_secret")))
        (request,) = script.requests
        assert request.form is not None
        assert (request.form["client_id"], request.headers) == ("client-demo", {})

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_spent_token(self, status: int) -> None:
        answer = no(status, {"error": "invalid_request", "error_description": "token was invalid."})
        caught = refused(Script(answer), network.renew(ACCOUNT))
        assert (caught.reason, caught.retry, caught.detail) == ("sign_in_again", False, "token was invalid.")

    def test_x_is_down(self) -> None:
        caught = refused(Script(no(500)), network.renew(ACCOUNT))
        assert (caught.reason, caught.retry) == ("network_down", True)

    def test_nothing_to_renew_with(self) -> None:
        assert refused(Script(), network.renew(without("refresh_token"))).reason == "sign_in_again"
        keys = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "token_secret": "ts"})
        assert refused(Script(), network.renew(keys)).reason == "sign_in_again"


class TestChecking:
    def test_all_is_well(self) -> None:
        script = Script(ME, BEARER, {"data": [HOOK]}, subscriptions(), USAGE)
        checked = script.run(network.check(ACCOUNT))
        assert isinstance(checked, Checked)
        assert (checked.external_id, checked.name, checked.handle) == (ACME, "Acme", "acme")
        assert checked.facts["level"] == "enterprise"
        assert (checked.facts["webhooks"], checked.facts["webhook_problem"]) == (True, "")
        assert set(checked.facts["hears"]) == set(KINDS)
        (quota,) = checked.quotas
        assert (quota.left, quota.of) == (2998800, 3000000)
        assert quota.resets_at is not None
        assert quota.resets_at.day == 1
        assert all(each.method == "GET" for each in script.requests if "oauth2" not in each.url)

    def test_everything_is_set_up(self) -> None:
        made = {"data": HOOK}
        answers: list[Any] = [{"data": {"subscription": {}}} for _ in KINDS]
        script = Script(ME, BEARER, {"meta": {"result_count": 0}}, made, {"meta": {}}, *answers, USAGE)
        checked = script.run(network.check(ACCOUNT))
        assert checked.facts["webhooks"] is True
        assert script.requests[3].json == {"url": ACCOUNT.hook_url}
        subscribed = [each for each in script.requests if each.url.endswith("/subscriptions") and each.json]
        assert [each.json["event_type"] for each in subscribed] == list(KINDS)
        assert all(each.json["webhook_id"] == "5" for each in subscribed)
        tokens = {each.json["event_type"]: each.headers["Authorization"] for each in subscribed}
        by_the_app = {kind for kind, token in tokens.items() if token == "Bearer AAAA"}
        assert by_the_app == {"post.create", "post.delete", "oauth.revoke"}
        assert tokens["post.mention.create"] == tokens["dm.received"] == "Bearer access-demo"

    def test_an_invalid_webhook_is_proven_again(self) -> None:
        invalid = {**HOOK, "valid": False}
        script = Script(ME, BEARER, {"data": [invalid]}, {"data": {"valid": True}}, subscriptions(), USAGE)
        assert script.run(network.check(ACCOUNT)).facts["webhooks"] is True
        assert script.asked[3] == "PUT /webhooks/5"

    def test_a_webhook_that_cannot_be_proven(self) -> None:
        invalid = {**HOOK, "valid": False}
        failed = problem(400, "invalid-request", "CrcValidationFailed")
        checked = Script(ME, BEARER, {"data": [invalid]}, failed, USAGE).run(network.check(ACCOUNT))
        assert checked.facts["webhooks"] is False
        assert "CrcValidationFailed" in checked.facts["webhook_problem"]

    def test_a_webhook_that_x_does_not_find_valid(self) -> None:
        invalid = {**HOOK, "valid": False}
        answer = {"data": {"valid": False}}
        checked = Script(ME, BEARER, {"data": [invalid]}, answer, USAGE).run(network.check(ACCOUNT))
        assert checked.facts["webhooks"] is False
        assert checked.facts["webhook_problem"] == "CrcValidationFailed"

    def test_what_no_longer_came_is_told(self) -> None:
        known = replace(ACCOUNT, facts={"webhooks": True, "hears": sorted(KINDS)})
        made: list[Any] = [{"data": {}}]
        some = subscriptions(kinds=KINDS[1:])
        assert Script(ME, BEARER, {"data": [HOOK]}, some, *made, USAGE).run(network.check(known)).lost == (
            KINDS[0],
        )
        invalid, proven = {**HOOK, "valid": False}, {"data": {"valid": True}}
        script = Script(ME, BEARER, {"data": [invalid]}, proven, subscriptions(), USAGE)
        assert script.run(network.check(known)).lost == tuple(sorted(set(KINDS) - {"oauth.revoke"}))
        well = Script(ME, BEARER, {"data": [HOOK]}, subscriptions(), USAGE)
        assert well.run(network.check(known)).lost == ()

    def test_subscriptions_on_a_later_page(self) -> None:
        others = {**subscriptions(user=OMAR), "meta": {"next_token": "n2"}}
        script = Script(ME, BEARER, {"data": [HOOK]}, others, subscriptions(), USAGE)
        assert script.run(network.check(ACCOUNT)).facts["webhooks"] is True
        assert script.requests[4].params == {"pagination_token": "n2"}

    def test_no_webhooks_at_this_level(self) -> None:
        checked = Script(ME, BEARER, problem(403, "client-forbidden"), USAGE).run(network.check(ACCOUNT))
        assert checked.facts["webhooks"] is False

    def test_no_address_to_be_called_at(self) -> None:
        checked = Script(ME, BEARER, USAGE).run(network.check(replace(ACCOUNT, hook_url="")))
        assert checked.facts["webhook_problem"] == "NoAddress"

    def test_the_webhook_of_another_account_here_is_shared(self) -> None:
        sibling = {"id": "6", "url": "https://desk.example.org/hooks/there", "valid": True}
        stranger = {"id": "7", "url": "https://other.example.org/hooks/there", "valid": True}
        full = problem(400, "invalid-request", "WebhookLimitExceeded")
        listed = {"data": [stranger, sibling]}
        script = Script(ME, BEARER, listed, full, subscriptions("6"), USAGE)
        account = replace(ACCOUNT, siblings=(str(sibling["url"]),))
        assert script.run(network.check(account)).facts["webhooks"] is True
        dead = Script(ME, BEARER, listed, full, {}, {"data": HOOK}, subscriptions(), USAGE)
        assert dead.run(network.check(ACCOUNT)).facts["webhooks"] is True
        assert dead.asked[4:6] == ["DELETE /webhooks/6", "POST /webhooks"]
        alone = Script(ME, BEARER, {"data": [stranger]}, full, USAGE)
        assert alone.run(network.check(ACCOUNT)).facts["webhooks"] is False

    def test_subscriptions_elsewhere_are_moved_here(self) -> None:
        moved: list[Any] = [{"data": {}} for _ in KINDS]
        script = Script(ME, BEARER, {"data": [HOOK]}, subscriptions("4"), *moved, USAGE)
        script.run(network.check(ACCOUNT))
        assert script.asked[4:6] == ["PUT /activity/subscriptions/9000", "PUT /activity/subscriptions/9001"]
        assert script.requests[4].json == {"webhook_id": "5"}

    def test_those_of_other_accounts_are_left_alone(self) -> None:
        made: list[Any] = [{"data": {}} for _ in KINDS]
        script = Script(ME, BEARER, {"data": [HOOK]}, subscriptions(user=OMAR), *made, USAGE)
        script.run(network.check(ACCOUNT))
        assert [each.method for each in script.requests[4:-1]] == ["POST"] * len(KINDS)

    def test_messages_are_not_granted(self) -> None:
        private = [each for each in KINDS if each.startswith(("dm.", "chat."))]
        refusals = [problem(403, "client-forbidden") for _ in private]
        known = subscriptions(kinds=[each for each in KINDS if each not in private])
        checked = Script(ME, BEARER, {"data": [HOOK]}, known, *refusals, USAGE).run(network.check(ACCOUNT))
        assert checked.facts["webhooks"] is True
        assert "dm.read" in checked.missing

    def test_permissions_that_were_left_out(self) -> None:
        ends = (clock.now() + timedelta(hours=1)).isoformat()
        session = {
            "access_token": "a",
            "refresh_token": "r",
            "expires_at": ends,
            "scope": "tweet.read users.read tweet.write offline.access media.write tweet.moderate.write",
        }
        account = replace(ACCOUNT, session=session)
        script = Script(ME, BEARER, {"data": [HOOK]}, subscriptions(), USAGE)
        checked = script.run(network.check(account))
        assert set(checked.missing) == {"dm.read", "dm.write", "like.read", "like.write"}
        assert network.able(checked.facts).private is None

    def test_another_account_than_before(self) -> None:
        other = {"data": {"id": OMAR, "username": "omar_badr"}}
        caught = refused(Script(other), network.check(ACCOUNT))
        assert (caught.reason, "@omar_badr" in caught.detail) == ("not_configured", True)
        assert caught.field == "external_id"

    def test_wrong_keys_of_the_app(self) -> None:
        wrong = no(403, {"errors": [{"code": 99, "message": "Unable to verify your credentials"}]})
        assert refused(Script(ME, wrong), network.check(ACCOUNT)).reason == "not_configured"

    def test_no_credit(self) -> None:
        assert refused(Script(no(402)), network.check(ACCOUNT)).reason == "account_blocked"

    def test_x_asks_to_wait(self) -> None:
        caught = refused(Script(ME, BEARER, no(429)), network.check(ACCOUNT))
        assert (caught.reason, caught.retry) == ("slow_down", True)

    def test_x_does_not_say_what_was_used(self) -> None:
        script = Script(ME, BEARER, {"data": [HOOK]}, subscriptions(), problem(404, "resource-not-found"))
        assert script.run(network.check(ACCOUNT)).quotas == ()
