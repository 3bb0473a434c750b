"""The door, and calls against scripted answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    Checked,
    Hook,
    IdentitySeen,
    MediaSource,
    Person,
    Quota,
    Refusal,
    SessionExpired,
    Wanted,
)
from heed.channels.line.adapter import network
from heed.channels.line.tests.sample import ACCOUNT, payload, signed
from heed.channels.line.tests.script import API, LEA, answer, no, target
from heed.channels.line.writing import next_month
from heed.channels.tests.script import Script
from heed.lib import clock
from heed.lib.http import Response

GOLDEN_BODY = b'{"destination":"U00000000000000000000000000000000","events":[]}'
GOLDEN = "KhN4IWDVWbIcmTch4Tx1DT6dorVXOEyCelbdQ0Vv4c8="


class TestDoor:
    def test_the_golden_vector(self) -> None:
        hook = Hook("POST", {}, {"x-line-signature": GOLDEN}, GOLDEN_BODY)
        assert network.admit(hook, ACCOUNT) == ADMITTED

    @pytest.mark.parametrize(
        "signature", ["", GOLDEN[:-1], GOLDEN.lower(), "0" * 44, f"sha256={GOLDEN}", "é", GOLDEN + "="]
    )
    def test_a_wrong_signature(self, signature: str) -> None:
        hook = Hook("POST", {}, {"x-line-signature": signature}, GOLDEN_BODY)
        assert network.admit(hook, ACCOUNT) == REFUSED

    def test_the_same_news_written_another_way(self) -> None:
        hook = signed(payload("text"))
        rewritten = orjson.dumps(orjson.loads(hook.body))
        assert network.admit(replace(hook, body=rewritten), ACCOUNT) == REFUSED

    def test_an_account_without_a_secret_admits_nothing(self) -> None:
        bare = replace(ACCOUNT, credentials={"channel_id": "1"})
        assert network.admit(signed(GOLDEN_BODY, ""), bare) == REFUSED

    def test_only_post(self) -> None:
        assert network.admit(Hook("GET", {}, {}, b""), ACCOUNT) == WRONG_METHOD


class TestToken:
    def test_a_new_one(self) -> None:
        script = Script({"token_type": "Bearer", "access_token": "t-1", "expires_in": 899})
        session = script.run(network.renew(ACCOUNT))
        assert session["token"] == "t-1"
        assert 800 < float(session["renew_at"]) - clock.now().timestamp() <= 839
        (request,) = script.requests
        assert (request.method, request.url) == ("POST", f"{API}/oauth2/v3/token")
        assert request.form == {
            "grant_type": "client_credentials",
            "client_id": "2001234567",
            "client_secret": "channel-secret-demo",
        }

    @pytest.mark.parametrize(
        ("status", "reason", "retry"),
        [
            (400, "sign_in_again", False),
            (401, "sign_in_again", False),
            (429, "slow_down", True),
            (500, "network_down", True),
            (503, "network_down", True),
            (200, "network_down", True),
        ],
    )
    def test_none_is_given(self, status: int, reason: str, retry: bool) -> None:
        with pytest.raises(Refusal) as caught:
            Script(Response(status, {}, b'{"error":"invalid_client"}')).run(network.renew(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == (reason, retry)

    @pytest.mark.parametrize("session", [{}, {"token": "t-1"}, {"token": "t-1", "renew_at": "1"}])
    def test_without_a_fresh_one_nothing_leaves(self, session: dict[str, str]) -> None:
        script = Script()
        with pytest.raises(SessionExpired):
            script.run(network.send(replace(ACCOUNT, session=session), answer()))
        assert script.requests == []

    def test_line_no_longer_takes_it(self) -> None:
        with pytest.raises(SessionExpired):
            Script(no(401, "Authentication failed.")).run(network.send(ACCOUNT, answer()))


class TestConnecting:
    BOT = {"userId": "U9", "basicId": "@216ru", "displayName": "Acme", "chatMode": "chat"}
    OURS = {"endpoint": "https://desk.example.org/hooks/here", "active": True}
    WELL = {"success": True, "statusCode": 200, "reason": "OK", "detail": "200"}
    FREE = {"type": "none"}

    def test_a_fresh_account(self) -> None:
        quota, used = {"type": "limited", "value": 200}, {"totalUsage": 30}
        script = Script(self.BOT, no(404), {}, self.OURS, self.WELL, quota, used)
        assert script.run(network.check(ACCOUNT)) == Checked(
            "U9",
            "Acme",
            "@216ru",
            quotas=(Quota("messages this month", 170, 200),),
            facts={"webhook": True},
            again_at=next_month(clock.now()),
        )
        put, test = script.requests[2], script.requests[4]
        assert (put.method, put.url) == ("PUT", f"{API}/v2/bot/channel/webhook/endpoint")
        assert put.json == test.json == {"endpoint": ACCOUNT.hook_url}
        assert test.url == f"{API}/v2/bot/channel/webhook/test"

    @pytest.mark.parametrize(
        ("now", "turns"),
        [
            ("2026-11-30T14:59:00+00:00", "2026-11-30T15:05:00+00:00"),
            ("2026-11-30T15:06:00+00:00", "2026-12-31T15:05:00+00:00"),
            ("2026-12-31T20:00:00+00:00", "2027-01-31T15:05:00+00:00"),
        ],
    )
    def test_its_month_turns_at_midnight_in_japan(self, now: str, turns: str) -> None:
        assert next_month(clock.from_iso(now)) == clock.from_iso(turns)

    def test_again_it_only_looks(self) -> None:
        script = Script({**self.BOT, "premiumId": "@acme"}, self.OURS, self.WELL, self.FREE)
        checked = script.run(network.check(ACCOUNT))
        assert (checked.handle, checked.missing, checked.quotas) == ("@acme", (), ())
        assert checked.again_at is None
        assert "PUT" not in [request.method for request in script.requests]

    def test_another_program_took_the_webhook(self) -> None:
        theirs = {"endpoint": "https://other.example.org/", "active": True}
        script = Script(self.BOT, theirs, {}, self.OURS, self.WELL, self.FREE)
        script.run(network.check(ACCOUNT))
        assert script.requests[2].method == "PUT"

    @pytest.mark.parametrize(("there", "lost"), [("https://other.example/hook", ("webhook",)), ("", ())])
    def test_a_webhook_that_became_another_s_is_told(self, there: str, lost: tuple[str, ...]) -> None:
        known = replace(ACCOUNT, facts={"webhook": True})
        others = [{"endpoint": there, "active": True}, {}] if there else []
        script = Script(self.BOT, *others, self.OURS, self.WELL, {"type": "none"})
        assert script.run(network.check(known)).lost == lost

    def test_the_webhook_is_switched_off(self) -> None:
        script = Script(self.BOT, {**self.OURS, "active": False}, self.WELL, self.FREE)
        assert script.run(network.check(ACCOUNT)).missing == ("Use webhook",)
        assert "Use webhook" in [each.name for each in network.guide.permissions]

    @pytest.mark.parametrize(
        ("status", "reason", "retry"),
        [(403, "sign_in_again", False), (502, "not_configured", True), (0, "not_configured", True)],
    )
    def test_line_cannot_reach_us(self, status: int, reason: str, retry: bool) -> None:
        tried = {"success": False, "statusCode": status, "reason": "COULD_NOT_CONNECT", "detail": "TLS"}
        with pytest.raises(Refusal) as caught:
            Script(self.BOT, self.OURS, tried).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == (reason, retry)
        assert "COULD_NOT_CONNECT" in caught.value.detail

    def test_line_does_not_say_who_we_are(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script({}).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)


class TestLookingUp:
    def look_up(self, *answers: Any, what: Any = "person") -> Any:
        return Script(*answers).run(network.look_up(ACCOUNT, Wanted(what, LEA)))

    def test_a_person(self) -> None:
        shown = {"userId": LEA, "displayName": "Lea Marn", "language": "sl", "pictureUrl": "https://p/1"}
        person = Person(LEA, name="Lea Marn", language="sl", avatar_url="https://p/1")
        assert self.look_up(shown) == [IdentitySeen(person=person)]

    @pytest.mark.parametrize("response", [no(404, "Not found"), no(400), {}, {"userId": 7}])
    def test_nobody_is_shown(self, response: Any) -> None:
        assert self.look_up(response) == []

    def test_trouble_is_no_answer(self) -> None:
        with pytest.raises(Refusal):
            self.look_up(no(503))

    def test_nothing_else_can_be_asked_for(self) -> None:
        assert self.look_up(what="message") == []

    def test_an_id_stays_one_word_of_the_address(self) -> None:
        script = Script(no(404))
        script.run(network.look_up(ACCOUNT, Wanted("person", "../info?x")))
        assert script.requests[0].url == f"{API}/v2/bot/profile/..%2Finfo%3Fx"


class TestMedia:
    def test_a_file_of_a_customer(self) -> None:
        assert Script().run(network.media(ACCOUNT, "media:4445")) == MediaSource(
            "https://api-data.line.me/v2/bot/message/4445/content",
            {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.demo"},
        )

    def test_another_server_keeps_files_itself(self) -> None:
        account = replace(ACCOUNT, base_url="http://127.0.0.1:8/line")
        source = Script().run(network.media(account, "media:4445"))
        assert source.url == "http://127.0.0.1:8/line/v2/bot/message/4445/content"

    def test_a_face_lies_open(self) -> None:
        url = "https://profile.line-scdn.net/0h1"
        assert Script().run(network.media(ACCOUNT, url)) == MediaSource(url)


class TestActing:
    def act(self, action: Any, script: Script, **refs: Any) -> Any:
        return script.run(network.act(ACCOUNT, action, target(**refs), LEA))

    def test_typing(self) -> None:
        script = Script(Response(202, {}, b"{}"))
        assert self.act("typing", script) == {}
        assert script.requests[0].url == f"{API}/v2/bot/chat/loading/start"
        assert script.requests[0].json == {"chatId": LEA, "loadingSeconds": 20}

    def test_seen(self) -> None:
        script = Script({})
        self.act("seen", script, read="r-1")
        assert script.requests[0].url == f"{API}/v2/bot/chat/markAsRead"
        assert script.requests[0].json == {"markAsReadToken": "r-1"}

    def test_seen_where_there_is_nothing_to_mark(self) -> None:
        script = Script()
        assert self.act("seen", script) == {}
        assert script.requests == []

    @pytest.mark.parametrize("action", ["like", "delete", "edit", "react"])
    def test_what_line_has_not(self, action: str) -> None:
        with pytest.raises(Refusal) as caught:
            self.act(action, Script())
        assert caught.value.reason == "not_allowed"
