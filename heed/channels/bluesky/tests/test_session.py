"""Signing in, renewing, and what the server's errors mean."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import AccountRecord, Refusal, SessionExpired
from heed.channels.bluesky import xrpc
from heed.channels.bluesky.adapter import network
from heed.channels.bluesky.tests.desk import Desk
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, drive
from heed.sandbox.frame import Simulator

ACCOUNT = AccountRecord(
    "did:plc:acme", "Acme", {"identifier": "@acme.test", "app_password": "abcd"}, "https://bsky.social"
)


def token(expires: float, issued: float | None = None) -> str:
    claims = {"exp": expires} if issued is None else {"exp": expires, "iat": issued}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


def signed_in(record: AccountRecord = ACCOUNT, **more: str) -> AccountRecord:
    later = str(clock.now().timestamp() + 3600)
    kept = {"access_jwt": "access", "refresh_jwt": "refresh", "did": "did:plc:acme", "renew_at": later}
    return replace(record, session={**kept, **more})


def answer(status: int, headers: dict[str, str] | None = None, **body: Any) -> Response:
    return Response(status, headers or {}, json.dumps(body).encode())


def run(steps: Steps[Any], *answers: Response) -> tuple[Any, list[Request]]:
    """The result of the steps and what they asked, when the server gives these answers in turn."""
    asked: list[Request] = []
    waiting = iter(answers)

    def send(request: Request) -> Response:
        asked.append(request)
        return next(waiting)

    return drive(steps, send), asked


def new_session(**more: Any) -> Response:
    now = clock.now().timestamp()
    session = {
        "accessJwt": token(now + 7200, now),
        "refreshJwt": "next",
        "did": "did:plc:acme",
        "handle": "acme.test",
    }
    return answer(200, **{**session, **more})


def test_the_first_session_comes_by_the_app_password() -> None:
    session, [asked] = run(network.renew(ACCOUNT), new_session())
    assert asked.url == "https://bsky.social/xrpc/com.atproto.server.createSession"
    assert asked.json == {"identifier": "acme.test", "password": "abcd"}
    assert (session["did"], session["refresh_jwt"]) == ("did:plc:acme", "next")
    left = float(session["renew_at"]) - clock.now().timestamp()
    assert 6290 < left <= 6301  # 15 minutes before the end of two hours


def test_the_next_one_comes_by_the_refresh_token() -> None:
    _, [asked] = run(network.renew(signed_in()), new_session())
    assert asked.url.endswith("com.atproto.server.refreshSession")
    assert asked.headers["authorization"] == "Bearer refresh"
    assert asked.json is None


@pytest.mark.parametrize("error", ["ExpiredToken", "InvalidToken", "AccountNotFound"])
def test_a_dead_refresh_token_falls_back_to_the_password(error: str) -> None:
    session, asked = run(network.renew(signed_in()), answer(400, error=error), new_session())
    assert [each.url.rpartition(".")[2] for each in asked] == ["refreshSession", "createSession"]
    assert session["refresh_jwt"] == "next"


def test_a_password_no_longer_taken() -> None:
    with pytest.raises(Refusal) as caught:
        run(network.renew(ACCOUNT), answer(401, error="AuthenticationRequired"))
    assert (caught.value.reason, caught.value.retry) == ("sign_in_again", False)


def test_a_server_that_is_down_costs_no_sign_in() -> None:
    with pytest.raises(Refusal) as caught:
        run(network.renew(signed_in()), answer(502, error="UpstreamFailure"))
    assert (caught.value.reason, caught.value.retry) == ("network_down", True)


def test_too_many_sign_ins() -> None:
    reset = int(clock.now().timestamp()) + 120
    with pytest.raises(Refusal) as caught:
        run(network.renew(ACCOUNT), answer(429, {"ratelimit-reset": str(reset)}, error="RateLimitExceeded"))
    assert (caught.value.reason, caught.value.retry) == ("slow_down", True)
    assert caught.value.after is not None
    assert 110 < caught.value.after <= 120


def test_the_public_entrance_sends_on_to_the_account_s_own_server() -> None:
    document = {"service": [{"id": "#atproto_pds", "serviceEndpoint": "https://amanita.host.bsky.network"}]}
    session, _ = run(network.renew(ACCOUNT), new_session(didDoc=document))
    assert session["service"] == "https://amanita.host.bsky.network"


def test_calls_go_to_the_account_s_own_server() -> None:
    record = signed_in(service="https://amanita.host.bsky.network")
    _, [asked] = run(xrpc.query(record, "x.y"), answer(200))
    assert asked.url == "https://amanita.host.bsky.network/xrpc/x.y"
    _, [asked] = run(xrpc.query(replace(record, base_url="http://127.0.0.1:9"), "x.y"), answer(200))
    assert asked.url == "http://127.0.0.1:9/xrpc/x.y"


@pytest.mark.parametrize("document", [None, 7, {"service": 7}, {"service": [{"id": "#atproto_pds"}]}])
def test_a_strange_document_keeps_the_entrance(document: Any) -> None:
    session, _ = run(network.renew(ACCOUNT), new_session(didDoc=document))
    assert session["service"] == ""


@pytest.mark.parametrize("broken", ["", "a.b.c", "only", token(0)[:-10]])
def test_a_token_that_cannot_be_read_is_used_for_a_while(broken: str) -> None:
    session, _ = run(network.renew(ACCOUNT), new_session(accessJwt=broken))
    assert float(session["renew_at"]) > clock.now().timestamp()


def test_a_session_is_renewed_before_it_ends() -> None:
    session, _ = run(network.renew(ACCOUNT), new_session())
    record = replace(ACCOUNT, session=session)
    assert xrpc.session_of(record).did == "did:plc:acme"
    with clock.moved(timedelta(minutes=106)), pytest.raises(SessionExpired):
        xrpc.session_of(record)


def test_an_expired_token_asks_for_a_new_session() -> None:
    with pytest.raises(SessionExpired):
        run(xrpc.query(signed_in(), "x.y"), answer(400, error="ExpiredToken", message="Token has expired"))


@pytest.mark.parametrize(
    ("status", "error", "message", "reason", "retry"),
    [
        (400, "InvalidToken", "Token could not be verified", "sign_in_again", False),
        (401, "AuthenticationRequired", "", "sign_in_again", False),
        (400, "InvalidToken", "Bad token method", "not_allowed", False),
        (401, "InvalidToken", "Bad token scope", "not_allowed", False),
        (401, "AccountTakedown", "Account has been taken down", "account_blocked", False),
        (400, "AccountTakedown", "Account has been suspended", "unreachable", False),  # someone else's
        (401, "AccountDeactivated", "", "account_blocked", False),
        (
            400,
            "InvalidRequest",
            "grapheme too big (maximum 300, got 301) at $.record.text",
            "too_long",
            False,
        ),
        (400, "InvalidRequest", "Invalid record", "bad_request", False),
        (400, "RecordNotFound", "Could not locate record", "gone", False),
        (400, "InvalidRequest", "recipient has disabled incoming messages", "unreachable", False),
        (400, "BlockedSubject", "", "unreachable", False),
        (400, "ConvoLocked", "", "unreachable", False),
        (403, "Forbidden", "", "not_allowed", False),
        (429, "RateLimitExceeded", "", "slow_down", True),
        (500, "InternalServerError", "", "network_down", True),
        (502, "UpstreamFailure", "", "network_down", True),
        (501, "MethodNotImplemented", "", "not_configured", False),
        (302, "", "", "network_down", True),
    ],
)
def test_errors(status: int, error: str, message: str, reason: str, retry: bool) -> None:
    with pytest.raises(Refusal) as caught:
        run(xrpc.query(signed_in(), "x.y"), answer(status, error=error, message=message))
    assert (caught.value.reason, caught.value.retry) == (reason, retry)
    assert caught.value.code == (error or str(status))
    assert caught.value.whole_account == (reason == "slow_down")


@pytest.mark.parametrize("lost", [answer(500), answer(502), answer(200), Response(200, {}, b"<html>")])
def test_a_decisive_call_without_a_clear_answer_is_lost(lost: Response) -> None:
    with pytest.raises(AnswerLost):
        run(xrpc.call(signed_in(), "x.y", {}, needs=("uri",), decisive=True), lost)


def test_a_server_that_did_not_begin_is_tried_again() -> None:
    with pytest.raises(Refusal) as caught:
        run(xrpc.call(signed_in(), "x.y", {}, decisive=True), answer(503))
    assert (caught.value.reason, caught.value.retry) == ("network_down", True)


class TestAgainstTheSimulator:
    def test_one_sign_in_serves_for_long(self, bluesky: Simulator, desk: Desk) -> None:
        for _ in range(5):
            desk.poll()
        assert desk.renewals == 1
        for hours in range(2, 20, 2):
            bluesky.clock.move(7200)
            with clock.moved(timedelta(hours=hours)):
                desk.poll()
        assert desk.calls_of("createSession") == 1
        assert desk.calls_of("refreshSession") == 9

    def test_tokens_that_died_early(self, bluesky: Simulator, desk: Desk) -> None:
        desk.poll()
        bluesky.do("expire_token")
        bluesky.do("mention", person="lea", text="ena")
        assert len(desk.poll()) == 2
        assert desk.calls_of("createSession") == 2

    def test_the_account_is_checked(self, desk: Desk, bluesky: Simulator) -> None:
        checked = desk.run(network.check)
        account = bluesky.accounts()[0]
        assert (checked.external_id, checked.name) == (account.external_id, "Acme")
        assert checked.handle == account.credentials["identifier"]
