"""Signatures, the door, the calls to one's own app and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from heed.channels.base import (
    Answer,
    CannotTell,
    NotThere,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
)
from heed.channels.site.adapter import network
from heed.channels.site.signing import is_signed, public_key, signature
from heed.channels.site.tests.sample import ACCOUNT, SECRET, payload, signed
from heed.lib.http import AnswerLost, Request, Response, Steps, drive

T = TypeVar("T")
BODY = b'{"events":[]}'
GOLDEN = "sha256=3107d1beab95160301573f677985fea832aa576b0106536e71cec42b4819a856"
"""`printf %s '{"events":[]}' | openssl dgst -sha256 -hmac 'a-secret-for-the-acme-shop-2026'`"""


class App:
    """An app that answers what the test says, one after the other."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return Response(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())

    def run(self, steps: Steps[T]) -> T:
        return drive(steps, self.send)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.content or b"") for request in self.requests]


def answer(person: str = "c1042", files: Iterable[OutgoingFile] = ()) -> Answer:
    to = Target("m1", "private", "message", "", {})
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    return Answer("key-1", "private", "Že na poti.", person, to, tuple(files), created=now)


# -------------------------------------------------------------------------- signatures


def test_the_golden_signature() -> None:
    assert signature(SECRET, BODY) == GOLDEN
    assert is_signed(SECRET, BODY, GOLDEN)


@pytest.mark.parametrize(
    ("secret", "body", "given"),
    [
        (SECRET, BODY + b" ", GOLDEN),
        (SECRET + "x", BODY, GOLDEN),
        ("", BODY, signature("", BODY)),
        (SECRET, BODY, GOLDEN.removeprefix("sha256=")),
        (SECRET, BODY, GOLDEN[:-1]),
        (SECRET, BODY, GOLDEN.upper()),
        (SECRET, BODY, "sha1=" + GOLDEN[7:]),
        (SECRET, BODY, ""),
        (SECRET, BODY, "sha256=ž"),
    ],
)
def test_wrong_signatures(secret: str, body: bytes, given: str) -> None:
    assert not is_signed(secret, body, given)


def test_the_public_key_says_nothing_of_the_secret() -> None:
    assert public_key(SECRET) == public_key(SECRET) != public_key(SECRET + "x")
    assert public_key(SECRET) not in signature(SECRET, BODY)


def test_the_door() -> None:
    good = signed(payload("message"))
    assert network.admit(good, ACCOUNT).keep
    assert network.admit(replace(good, method="GET"), ACCOUNT).status == 405
    assert network.admit(signed(payload("message"), "another-secret-altogether"), ACCOUNT).status == 403
    assert network.admit(good, replace(ACCOUNT, credentials={})).status == 403


# ---------------------------------------------------------------------------- connecting


def test_an_app_is_told_where_to_send_its_events() -> None:
    app = App((200, {}))
    checked = app.run(network.check(ACCOUNT))
    assert (checked.external_id, checked.facts) == ("acme-shop", {"callback": True})
    assert app.events[0]["type"] == "hello"
    assert app.events[0]["hook_url"] == ACCOUNT.hook_url
    (request,) = app.requests
    assert is_signed(SECRET, request.content or b"", request.headers["X-Heed-Signature"])


def test_without_an_app_nobody_is_asked() -> None:
    account = replace(ACCOUNT, credentials={"secret": SECRET}, external_id="")
    assert App().run(network.check(account)).external_id == public_key(SECRET)


def test_a_new_secret_keeps_the_public_key() -> None:
    account = replace(ACCOUNT, credentials={"secret": SECRET[::-1]}, external_id=public_key(SECRET))
    assert App().run(network.check(account)).external_id == public_key(SECRET)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secret": "short"}, "sign_in_again"),
        ({"callback_url": "ftp://shop.example"}, "not_configured"),
    ],
)
def test_what_cannot_be_connected(change: dict[str, str], reason: str) -> None:
    account = replace(ACCOUNT, credentials={**ACCOUNT.credentials, **change})
    with pytest.raises(Refusal) as caught:
        App().run(network.check(account))
    assert caught.value.reason == reason


def test_a_public_key_that_fits_in_no_address() -> None:
    with pytest.raises(Refusal) as caught:
        App().run(network.check(replace(ACCOUNT, external_id="acme/../shop")))
    assert (caught.value.reason, caught.value.field) == ("not_configured", "external_id")


# ------------------------------------------------------------------------------- sending


def test_a_visitor_reads_it_from_heed() -> None:
    app = App()
    assert app.run(network.send(ACCOUNT, answer("~Zt4qK1"))) == Sent(external_id="key-1")
    assert app.requests == []


def test_an_app_gets_it_signed() -> None:
    app = App((200, {"id": "a1"}))
    file = OutgoingFile("racun.pdf", "application/pdf", b"%PDF", "https://desk.example/media/x")
    assert app.run(network.send(ACCOUNT, answer(files=[file]))) == Sent(external_id="a1")
    (request,), (event,) = app.requests, app.events
    assert request.url == "https://shop.example/heed"
    assert request.decisive
    assert is_signed(SECRET, request.content or b"", request.headers["X-Heed-Signature"])
    assert {**event, "at": ""} == {
        "type": "answer",
        "key": "key-1",
        "at": "",
        "person": "c1042",
        "text": "Že na poti.",
        "reply_to": None,
        "files": [
            {
                "name": "racun.pdf",
                "mime": "application/pdf",
                "size": 4,
                "url": "https://desk.example/media/x",
            }
        ],
    }


@pytest.mark.parametrize("said", [{}, {"id": 7}, {"id": None}, [], b"ok"])
def test_an_app_that_gives_no_id(said: Any) -> None:
    assert App((200, said)).run(network.send(ACCOUNT, answer())) == Sent(external_id="key-1")


@pytest.mark.parametrize(
    ("status", "reason", "retry"),
    [
        (400, "bad_request", False),
        (401, "sign_in_again", False),
        (403, "sign_in_again", False),
        (404, "unreachable", False),
        (410, "unreachable", False),
        (413, "too_long", False),
        (415, "file_refused", False),
        (429, "slow_down", True),
        (503, "network_down", True),
    ],
)
def test_what_an_app_refuses(status: int, reason: str, retry: bool) -> None:
    with pytest.raises(Refusal) as caught:
        App((status, {"error": "because"})).run(network.send(ACCOUNT, answer()))
    assert (caught.value.reason, caught.value.retry) == (reason, retry)


@pytest.mark.parametrize("status", [500, 502, 301])
def test_an_answer_that_says_nothing(status: int) -> None:
    with pytest.raises(AnswerLost):
        App((status, b"<html>")).run(network.send(ACCOUNT, answer()))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ((200, {"found": True, "id": "a1"}), Sent(external_id="a1")),
        ((200, {"found": True}), Sent(external_id="key-1")),
        ((200, {"found": False}), NotThere()),
        ((200, {}), NotThere()),
        ((400, {}), NotThere()),
        ((404, {}), NotThere()),
        ((503, {}), CannotTell(20.0)),
        ((500, b""), CannotTell(20.0)),
    ],
)
def test_what_became_of_it(said: tuple[int, Any], found: object) -> None:
    app = App(said)
    assert app.run(network.find(ACCOUNT, answer())) == found
    assert app.events[0]["type"] == "lookup"
    assert not app.requests[0].decisive


def test_what_a_visitor_reads_is_never_lost() -> None:
    assert App().run(network.find(ACCOUNT, answer("~x"))) == NotThere()


# -------------------------------------------------------------------------------- actions


def test_an_app_is_told_of_edits() -> None:
    app = App((200, {}))
    ours = Target("a1", "private", "message", "", {}, ours=True)
    app.run(network.act(ACCOUNT, "edit", ours, "c1042", "Danes."))
    assert {**app.events[0], "at": ""} == {
        "type": "edit",
        "at": "",
        "person": "c1042",
        "id": "a1",
        "text": "Danes.",
    }


def test_a_visitors_page_reads_edits_from_heed() -> None:
    ours = Target("key-1", "private", "message", "", {}, ours=True)
    assert App().run(network.act(ACCOUNT, "delete", ours, "~x")) == {}


def test_what_the_site_has_not() -> None:
    with pytest.raises(Refusal) as caught:
        App().run(network.act(ACCOUNT, "like", Target("m1", "private", "message", "", {}), "c1042"))
    assert caught.value.reason == "not_allowed"


def test_uploads_are_not_fetched() -> None:
    with pytest.raises(Refusal):
        App().run(network.media(ACCOUNT, "media:upload:7"))
    source = App().run(network.media(ACCOUNT, "https://shop.example/1.png"))
    assert source.url == "https://shop.example/1.png"
