"""The shop's own app: what it signs, what it takes, and the page with the chat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.networks.site import Site
from heed.sandbox.tests.receiver import Receiver


class App:
    """The app, called as Heed calls it."""

    def __init__(self, sandbox: Sandbox, receiver: Receiver) -> None:
        self.sandbox = sandbox
        self.receiver = receiver
        self.simulator = sandbox["site"]
        account = self.simulator.accounts()[0]
        self.secret, self.url = account.credentials["secret"], account.credentials["callback_url"]
        self.call({"type": "hello", "hook_url": receiver.url})
        self.lea = self.told("message", person="lea", text="Kje je?")["person"]["id"]

    def call(self, event: dict[str, Any], secret: str = "") -> tuple[int, Any]:
        body = json.dumps(event).encode()
        headers = {"X-Heed-Signature": "sha256=" + hmac_sha256_hex(secret or self.secret, body)}
        answer = httpx.post(self.url, content=body, headers=headers, trust_env=False)
        return answer.status_code, answer.json()

    def told(self, verb: str, **facts: Any) -> dict[str, Any]:
        """The event that Heed is told when somebody acts."""
        self.simulator.do(verb, **facts)
        return self.events()[-1]

    def events(self) -> list[dict[str, Any]]:
        self.sandbox.settle()
        found = []
        for hook in self.receiver.hooks:
            signed = "sha256=" + hmac_sha256_hex(self.secret, hook.body)
            assert hook.headers["x-heed-signature"] == signed
            found += json.loads(hook.body)["events"]
        return found

    def answer(self, text: str, key: str = "key-1", **more: Any) -> tuple[int, Any]:
        event = {"type": "answer", "key": key, "person": self.lea, "text": text, "files": []}
        return self.call({**event, **more})

    def lines(self) -> list[tuple[str, bool]]:
        return [(line.text, line.ours) for line in self.simulator.scene("lea").lines() if not line.removed]


@pytest.fixture
def app() -> Iterator[App]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield App(sandbox, receiver)


def test_an_answer_is_shown_once(app: App) -> None:
    first, second = app.answer("Že na poti."), app.answer("Že na poti.")
    assert first == second
    assert first[0] == 200
    assert app.lines() == [("Kje je?", False), ("Že na poti.", True)]
    receipts = [each for each in app.events() if each["type"] == "delivered"]
    assert [each["ids"] for each in receipts] == [[first[1]["id"]]]


def test_it_says_what_became_of_an_answer(app: App) -> None:
    assert app.call({"type": "lookup", "key": "key-1"}) == (200, {"found": False})
    number = app.answer("Že na poti.")[1]["id"]
    assert app.call({"type": "lookup", "key": "key-1"}) == (200, {"found": True, "id": number})
    app.simulator.do("forget_lookups")
    assert app.call({"type": "lookup", "key": "key-1"})[0] == 400


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"type": "answer", "key": "k", "person": "nobody", "text": "x"}, 404),
        ({"type": "moon_landing"}, 400),
        ([], 400),
    ],
)
def test_what_it_refuses(app: App, event: Any, status: int) -> None:
    assert app.call(event)[0] == status


def test_too_long_and_wrongly_signed(app: App) -> None:
    assert app.answer("x" * 8001)[0] == 413
    assert app.call({"type": "hello"}, secret="another")[0] == 401
    app.simulator.do("revoke")
    assert app.answer("x")[0] == 401


def test_edits_and_deletions_of_ours(app: App) -> None:
    number = app.answer("Jutri.")[1]["id"]
    app.call({"type": "edit", "person": app.lea, "id": number, "text": "Danes."})
    assert ("Danes.", True) in app.lines()
    app.call({"type": "delete", "person": app.lea, "id": number})
    assert app.lines() == [("Kje je?", False)]
    assert app.call({"type": "edit", "person": app.lea, "id": "of-yesterday", "text": "x"})[0] == 200


def test_seen_and_typing(app: App) -> None:
    app.call({"type": "seen", "person": app.lea})
    assert [line.state for line in app.simulator.scene("lea").lines()] == ["seen"]
    app.call({"type": "typing", "person": app.lea})
    simulator = app.simulator
    assert isinstance(simulator, Site)
    assert simulator.shown_typing == {app.lea}


def test_what_customers_do_is_told(app: App) -> None:
    number = str(app.answer("Že na poti.")[1]["id"])
    own = app.simulator.do("message", person="lea", text="Hvala", picture="boot")["id"]
    written = next(each for each in app.events() if each.get("id") == own)
    assert written["attachments"][0]["url"].startswith(app.simulator.url)
    assert app.told("edit", person="lea", id=own, text="Hvala!")["text"] == "Hvala!"
    assert app.told("react", person="lea", id=number)["reaction"] == "like"
    assert app.told("read", person="lea")["person"] == app.lea
    assert app.told("remove", person="lea", id=own)["type"] == "remove"
    assert app.told("answer_elsewhere", person="lea", text="V trgovini.")["type"] == "answer"


def test_what_customers_cannot_do(app: App) -> None:
    number = app.answer("Že na poti.")[1]["id"]
    for verb, facts in (
        ("message", {"text": " "}),
        ("edit", {"id": number, "text": "x"}),
        ("remove", {"id": "nothing"}),
    ):
        with pytest.raises(PlayError):
            app.simulator.do(verb, person="lea", **facts)


def test_a_badly_signed_event(app: App) -> None:
    app.sandbox.fault("site", Fault("hook", hook="bad_signature"))
    app.simulator.do("message", person="lea", text="Halo?")
    app.sandbox.settle()
    hook = app.receiver.hooks[-1]
    assert hook.headers["x-heed-signature"] != "sha256=" + hmac_sha256_hex(app.secret, hook.body)


def test_people_are_the_same_after_a_restart(app: App) -> None:
    with Sandbox(seed=2) as again:
        assert again["site"].accounts()[0].credentials["secret"] == app.secret
        again["site"].do("message", person="lea", text="x")
        simulator = again["site"]
        assert isinstance(simulator, Site)
        assert simulator.user_id("lea") == app.lea


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("sl", "ltr"), ("ar", "rtl"), ("mn", "ltr")]
)
def test_the_shop_has_one_script_tag(app: App, language: str, direction: str) -> None:
    page = httpx.get(f"{app.simulator.url}/shop?lang={language}", trust_env=False)
    desk = app.receiver.url.removesuffix("/hooks/here")
    assert f'<html lang="{language}" dir="{direction}">' in page.text
    assert page.text.count("<script") == 1
    assert f'src="{desk}/widget/acme-shop.js"' in page.text
    assert f"script-src {desk};" in page.headers["Content-Security-Policy"]
    assert app.secret not in page.text


def test_the_shop_vouches_for_who_signed_in(app: App) -> None:
    page = httpx.get(f"{app.simulator.url}/shop?person=lea", trust_env=False)
    signature = hmac_sha256_hex(app.secret, app.lea.encode())
    assert f'data-user-id="{app.lea}"' in page.text
    assert f'data-signature="{signature}"' in page.text
    nobody = httpx.get(f"{app.simulator.url}/shop", trust_env=False)
    assert "data-signature" not in nobody.text


def test_without_heed_there_is_no_chat() -> None:
    with Sandbox(seed=1) as sandbox:
        page = httpx.get(f"{sandbox['site'].url}/shop", trust_env=False)
        assert page.status_code == 200
        assert "<script" not in page.text
