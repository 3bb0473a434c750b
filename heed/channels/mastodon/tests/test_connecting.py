"""Signing in, the check, and what a server says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from heed.channels.base import Admission, Hook, Limit, Quota, Refusal
from heed.channels.mastodon.adapter import network
from heed.channels.mastodon.server import can_quote, facts_in
from heed.channels.mastodon.signin import SCOPES, challenge, missing
from heed.channels.mastodon.tests.sample import ACCOUNT, ACME
from heed.channels.mastodon.tests.script import Script, iso, no
from heed.lib import clock
from heed.lib.http import Request, Response

REDIRECT = "https://heed.example/accounts/back"
APP = {"id": "1", "client_id": "c-1", "client_secret": "s-1"}
ME = {"id": ACME, "username": "acme", "acct": "acme", "display_name": "Acme"}
INSTANCE: dict[str, Any] = {
    "domain": "mastodon.example",
    "version": "4.5.2",
    "configuration": {
        "urls": {"streaming": "wss://streaming.mastodon.example"},
        "statuses": {
            "max_characters": 1500,
            "max_media_attachments": 6,
            "characters_reserved_per_url": 23,
        },
        "media_attachments": {
            "supported_mime_types": ["image/png", "video/mp4"],
            "image_size_limit": 1000,
            "video_size_limit": 9000,
        },
    },
}
VERIFY, INSTANCE_2 = "GET /api/v1/accounts/verify_credentials", "GET /api/v2/instance"
OAUTH = network.oauth


class TestSigningIn:
    def begin(self, answers: dict[str, Any]) -> Any:
        assert OAUTH is not None
        return Script(answers).run(OAUTH.begin(ACCOUNT, REDIRECT, "state-1"))

    def finish(self, query: dict[str, str], answer: Any) -> tuple[Any, Script]:
        assert OAUTH is not None
        script = Script({"POST /oauth/token": answer})
        keep = {"client_id": "c-1", "client_secret": "s-1", "verifier": "v-1"}
        return script.run(OAUTH.finish(ACCOUNT, keep, query, REDIRECT)), script

    def test_heed_registers_itself(self) -> None:
        begun = self.begin({"POST /api/v1/apps": APP})
        parts = urlsplit(begun.url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://mastodon.example/oauth/authorize"
        assert (begun.keep["client_id"], begun.keep["client_secret"]) == ("c-1", "s-1")
        assert asked["code_challenge"] == challenge(begun.keep["verifier"])
        assert asked["code_challenge_method"] == "S256"
        assert (asked["state"], asked["redirect_uri"], asked["client_id"]) == ("state-1", REDIRECT, "c-1")
        assert set(asked["scope"].split()) == set(SCOPES)
        assert begun.keep["verifier"] not in begun.url

    @pytest.mark.parametrize(
        ("known", "redirect", "registers"),
        [
            ({"access_token": "app"}, REDIRECT, False),
            (no(401, "invalid_client"), REDIRECT, True),
            ({"access_token": "app"}, "https://moved.example/back", True),
        ],
    )
    def test_and_uses_that_again_while_the_server_knows_it(
        self, known: Any, redirect: str, registers: bool
    ) -> None:
        assert OAUTH is not None
        first = self.begin({"POST /api/v1/apps": APP})
        script = Script(
            {
                "POST /oauth/token": known,
                "POST /api/v1/apps": {**APP, "client_id": "c-2", "client_secret": "s-2"},
            }
        )
        again = script.run(OAUTH.begin(replace(ACCOUNT, app=first.app), redirect, "state-2"))
        assert ("POST /api/v1/apps" in script.called()) == registers
        assert (again.app == first.app) != registers
        assert again.keep["client_id"] == ("c-2" if registers else "c-1")
        assert again.keep["verifier"] != first.keep["verifier"]

    def test_a_server_that_is_down_is_not_asked_to_register_it_anew(self) -> None:
        assert OAUTH is not None
        first = self.begin({"POST /api/v1/apps": APP})
        script = Script({"POST /oauth/token": no(503), "POST /api/v1/apps": APP})
        with pytest.raises(Refusal):
            script.run(OAUTH.begin(replace(ACCOUNT, app=first.app), REDIRECT, "state-2"))

    def test_the_challenge_of_the_standard(self) -> None:
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [(no(429), "slow_down"), (no(404), "gone"), (no(500), "network_down"), ({"id": "1"}, "network_down")],
    )
    def test_no_registration(self, answer: Any, reason: str) -> None:
        with pytest.raises(Refusal) as caught:
            self.begin({"POST /api/v1/apps": answer})
        assert caught.value.reason == reason

    def test_the_token(self) -> None:
        given, script = self.finish({"code": "co-1"}, {"access_token": "t-1", "token_type": "Bearer"})
        assert given == {"access_token": "t-1"}
        form = script.requests[0].form
        assert form is not None
        assert (form["code"], form["code_verifier"], form["redirect_uri"]) == ("co-1", "v-1", REDIRECT)

    @pytest.mark.parametrize(
        ("query", "answer", "reason"),
        [
            ({"error": "access_denied"}, {}, "not_allowed"),
            ({}, {}, "not_allowed"),
            ({"code": "co-1"}, no(400, "invalid_grant"), "bad_request"),
            ({"code": "co-1"}, no(401, "invalid_client"), "bad_request"),
            ({"code": "co-1"}, {"token_type": "Bearer"}, "network_down"),
        ],
    )
    def test_no_token(self, query: dict[str, str], answer: Any, reason: str) -> None:
        with pytest.raises(Refusal) as caught:
            self.finish(query, answer)
        assert caught.value.reason == reason


class TestChecking:
    def check(self, answers: dict[str, Any]) -> Any:
        return Script({VERIFY: ME, INSTANCE_2: INSTANCE, **answers}).run(network.check(ACCOUNT))

    def test_who_it_is(self) -> None:
        checked = self.check({})
        assert (checked.external_id, checked.name) == (ACME, "Acme")
        assert checked.handle == "acme@mastodon.example"
        assert checked.missing == ()

    @pytest.mark.parametrize(
        ("scopes", "lacking"),
        [
            (list(SCOPES), ()),
            (["read", "write"], ()),
            (["read", "write:statuses", "write:media"], ("write:favourites",)),
            (["follow"], SCOPES),
            (None, ()),
        ],
    )
    def test_what_the_token_may_not(self, scopes: Any, lacking: tuple[str, ...]) -> None:
        assert missing(scopes) == lacking
        app = {"GET /api/v1/apps/verify_credentials": {"name": "Heed", "scopes": scopes}}
        assert self.check(app).missing == lacking

    def test_the_posts_left(self) -> None:
        def written(number: int, ago: timedelta) -> dict[str, Any]:
            at = iso(clock.now() - ago)
            return {"id": str(number), "created_at": at, "account": {"id": ACME, "acct": "acme"}}

        def listed(request: Request) -> Response:
            page = 1 if "max_id" not in request.params else 2
            ago = timedelta(hours=2 if page == 1 else 4)
            return Response(200, {}, orjson.dumps([written(90 - page, ago) for _ in range(40)]))

        own = {f"GET /api/v1/accounts/{ACME}/statuses": listed}
        assert self.check(own).quotas == (Quota("posts in 3 hours", 260, 300),)
        assert self.check({f"GET /api/v1/accounts/{ACME}/statuses": []}).quotas[0].left == 300

    def test_the_requests_left(self) -> None:
        reset = clock.now().replace(microsecond=0) + timedelta(minutes=3)
        headers = {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": "287",
            "x-ratelimit-reset": iso(reset),
        }
        checked = self.check({VERIFY: Response(200, headers, b'{"id":"1","acct":"acme"}')})
        assert checked.quotas == (Quota("requests in 5 minutes", 287, 300, reset),)

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (no(401), "sign_in_again"),
            (Response(400, {}, b"bad token"), "sign_in_again"),
            (no(403), "not_allowed"),
            (no(500), "network_down"),
            (Response(200, {}, b"<html>a web page"), "not_configured"),
        ],
    )
    def test_no_account(self, answer: Any, reason: str) -> None:
        with pytest.raises(Refusal) as caught:
            self.check({VERIFY: answer})
        assert caught.value.reason == reason

    def test_an_old_server_is_asked_the_old_way(self) -> None:
        old = {"uri": "old.example", "version": "2.7.2 (compatible; Pleroma 2.6)", "max_toot_chars": 5000}
        checked = self.check({INSTANCE_2: no(404), "GET /api/v1/instance": old})
        assert checked.facts == {
            "domain": "old.example",
            "version": "2.7.2 (compatible; Pleroma 2.6)",
            "max_characters": 5000,
        }
        assert checked.handle == "acme@old.example"

    def test_a_server_that_says_nothing_of_itself(self) -> None:
        assert self.check({INSTANCE_2: no(404)}).facts == {}


class TestAbilities:
    def test_what_the_server_says(self) -> None:
        can = network.able(facts_in(INSTANCE, ACCOUNT))
        assert can.public is not None
        assert can.public.limits == (Limit("chars", 1500 - 32),)
        files = can.public.files
        assert files is not None
        assert (files.types, files.count) == (("image/png", "video/mp4"), 6)
        assert (files.most_bytes["image/"], files.most_bytes["video/"]) == (1000, 9000)
        assert can.quote

    def test_nothing_known(self) -> None:
        assert network.able({}) == network.capabilities
        assert not network.capabilities.quote
        assert "4.5" in str(network.capabilities.why_no_quote)

    @pytest.mark.parametrize(
        ("version", "quotes"),
        [
            ("4.5.0", True),
            ("4.10.1+glitch", True),
            ("5.0.0-beta", True),
            ("4.4.9", False),
            ("2.7.2 (compatible; Pleroma 6.1)", False),
            ("0.18.0+git-1", False),
            ("", False),
            ("new", False),
        ],
    )
    def test_quotes_need_a_new_server(self, version: str, quotes: bool) -> None:
        assert can_quote({"version": version}) is quotes

    @pytest.mark.parametrize(
        ("named", "address"),
        [
            ("wss://stream.example", "https://stream.example"),
            ("wss://mastodon.example", "https://mastodon.example"),
            ("wss://stream.example/mastodon/", "https://stream.example/mastodon"),
            ("", ""),
            (7, ""),
        ],
    )
    def test_where_events_stream(self, named: Any, address: str) -> None:
        told = {"configuration": {"urls": {"streaming": named}}}
        assert facts_in(told, ACCOUNT).get("streaming", "") == address

    @pytest.mark.parametrize(
        "odd", [{}, {"configuration": 7}, {"configuration": {"statuses": {"max_characters": "x"}}}]
    )
    def test_odd_answers(self, odd: dict[str, Any]) -> None:
        assert facts_in(odd, ACCOUNT) == {"domain": "mastodon.example"}


def test_the_door_is_shut() -> None:
    assert network.admit(Hook("POST", {}, {}, b"{}"), ACCOUNT) == Admission(
        404, body=b"Mastodon sends nothing here: Heed asks it for news."
    )
