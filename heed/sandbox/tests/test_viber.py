"""The Viber simulator by what its sheet says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox import Sandbox
from heed.sandbox.cast import person_named
from heed.sandbox.networks.viber import Viber
from heed.sandbox.tests.receiver import Receiver

client = httpx.Client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def viber(receiver: Receiver) -> Iterator[Viber]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["viber"]
        assert isinstance(simulator, Viber)
        assert call(simulator, "set_webhook", url=receiver.url)["status"] == 0
        receiver.hooks.clear()
        yield simulator


def call(viber: Viber, method: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"{viber.url}/pa/{method}", json=fields, headers={"X-Viber-Auth-Token": viber.token})
    assert answer.status_code == 200
    parsed: dict[str, Any] = answer.json()
    return parsed


def say(viber: Viber, text: str = "Pozdravljeni", person: str = "lea", **fields: Any) -> dict[str, Any]:
    message = {"receiver": viber.user_id(person_named(person)), "sender": {"name": "Acme"}}
    return call(viber, "send_message", **{**message, "type": "text", "text": text, **fields})


def events(viber: Viber, receiver: Receiver) -> list[dict[str, Any]]:
    viber.sandbox.settle()
    return [json.loads(hook.body) for hook in receiver.hooks]


def test_the_webhook_is_tried_while_it_is_set(viber: Viber, receiver: Receiver) -> None:
    assert call(viber, "set_webhook", url=receiver.url)["status_message"] == "ok"
    (hook,) = receiver.hooks
    assert json.loads(hook.body)["event"] == "webhook"
    assert hook.headers["x-viber-content-signature"] == hmac_sha256_hex(viber.token, hook.body)


def test_a_webhook_that_does_not_answer_200_is_not_taken(viber: Viber, receiver: Receiver) -> None:
    receiver.status = 403
    assert call(viber, "set_webhook", url=receiver.url)["status"] == 1
    assert viber.hook_url == receiver.url


def test_the_first_message_subscribes_without_saying_so(viber: Viber, receiver: Receiver) -> None:
    assert say(viber)["status"] == 6
    viber.do("message", person="lea", text="Kje je paket?")
    (event,) = events(viber, receiver)
    assert (event["event"], event["message"]["text"], event["sender"]["name"]) == (
        "message",
        "Kje je paket?",
        "Lea Marn",
    )
    assert event["message_token"] > 2**53
    assert say(viber)["status"] == 0


def test_hooks_are_signed_over_the_raw_bytes(viber: Viber, receiver: Receiver) -> None:
    viber.do("message", person="omar", text="أين طلبي؟ https://acme.example/1")
    (hook,) = receiver.wait(1)
    assert b"\\/" in hook.body
    assert hook.headers["x-viber-content-signature"] == hmac_sha256_hex(viber.token, hook.body)


def test_delivered_comes_later_and_seen_when_read(viber: Viber, receiver: Receiver) -> None:
    viber.do("message", person="lea", text="hej")
    token = say(viber, "Pozdravljeni")["message_token"]
    assert [event["event"] for event in events(viber, receiver)] == ["message", "delivered"]
    viber.do("read", person="lea")
    seen = events(viber, receiver)[-1]
    assert (seen["event"], seen["message_token"]) == ("seen", token)
    assert [(line.text, line.state) for line in viber.scene("lea").lines() if line.ours] == [
        ("Pozdravljeni", "seen")
    ]


def test_delivered_may_come_before_the_answer(viber: Viber, receiver: Receiver) -> None:
    viber.do("message", person="lea", text="hej")
    receiver.wait(1)
    viber.do("hurry")
    token = say(viber)["message_token"]
    assert json.loads(receiver.hooks[-1].body)["message_token"] == token


def test_a_message_that_fails_afterwards(viber: Viber, receiver: Receiver) -> None:
    viber.do("message", person="lea", text="hej")
    viber.do("fail", reason="Keyboard is not valid")
    assert say(viber)["status"] == 0
    assert events(viber, receiver)[-1]["desc"] == "Keyboard is not valid"


def test_a_file_is_fetched_from_its_address(viber: Viber, receiver: Receiver) -> None:
    viber.do("message", person="lea", text="hej")
    url = viber.keep(b"\x89PNG picture", "image/png", "boot.png")
    token = say(viber, "Tukaj.", type="picture", media=url)["message_token"]
    assert (events(viber, receiver)[-1]["event"], events(viber, receiver)[-1]["message_token"]) == (
        "delivered",
        token,
    )
    (line,) = [line for line in viber.scene("lea").lines() if line.ours]
    assert line.picture != url
    assert httpx.get(line.picture).content == b"\x89PNG picture"


def test_a_file_that_cannot_be_fetched_fails_afterwards(viber: Viber, receiver: Receiver) -> None:
    viber.do("message", person="lea", text="hej")
    assert say(viber, "Tukaj.", type="picture", media="http://127.0.0.1:9/y.jpg")["status"] == 0
    assert events(viber, receiver)[-1]["event"] == "failed"


def test_a_hundred_without_an_answer(viber: Viber) -> None:
    viber.do("message", person="lea", text="hej")
    assert {say(viber, str(number))["status"] for number in range(100)} == {0}
    assert say(viber)["status"] == 12
    viber.do("message", person="lea", text="nehajte")
    assert say(viber)["status"] == 0
    for _ in range(99):
        say(viber)
    assert say(viber)["status"] == 12
    viber.clock.move(3601)
    assert say(viber)["status"] == 0


def test_subscribing_and_leaving(viber: Viber, receiver: Receiver) -> None:
    viber.do("open", person="nadia", context="web")
    viber.do("join", person="nadia")
    viber.do("leave", person="nadia")
    assert say(viber, person="nadia")["status"] == 6
    found = events(viber, receiver)
    assert [event["event"] for event in found] == ["conversation_started", "subscribed", "unsubscribed"]
    assert found[2]["user_id"] == viber.user_id(person_named("nadia"))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"sender": {}}, 4),
        ({"type": ""}, 4),
        ({"sender": {"name": "A" * 29}}, 3),
        ({"text": "a" * 7001}, 3),
        ({"text": ""}, 3),
        ({"receiver": "nobody"}, 5),
        ({"min_api_version": 99}, 13),
        ({"type": "picture", "media": "x"}, 3),
        ({"type": "picture", "media": "http://127.0.0.1:9/y.jpg", "text": "a" * 513}, 3),
        ({"type": "picture", "media": "http://127.0.0.1:9/y.jpg", "text": "a"}, 0),
        ({"type": "video", "media": "http://127.0.0.1:9/y.mp4"}, 3),
        ({"type": "file", "media": "http://127.0.0.1:9/y.pdf", "size": 5}, 3),
        ({"type": "file", "media": "http://127.0.0.1:9/y.pdf", "size": 5, "file_name": "y.pdf"}, 0),
        ({"tracking_data": "a" * 4001}, 3),
        ({"keyboard": "a" * 31000}, 3),
    ],
)
def test_what_a_message_must_be(viber: Viber, change: dict[str, Any], status: int) -> None:
    viber.do("message", person="lea", text="hej")
    assert say(viber, **change)["status"] == status


def test_a_dead_token(viber: Viber) -> None:
    viber.do("revoke")
    assert call(viber, "get_account_info")["status"] == 2


def test_people_and_account(viber: Viber) -> None:
    lea = viber.user_id(person_named("lea"))
    assert call(viber, "get_user_details", id=lea)["user"]["name"] == "Lea Marn"
    assert call(viber, "get_user_details", id="x")["status"] == 5
    assert call(viber, "get_account_info")["id"] == viber.accounts()[0].external_id
    assert call(viber, "get_online", ids=[lea, "x"])["users"][1]["online_status"] == 3


def test_a_restart_keeps_people_and_subscriptions(viber: Viber, receiver: Receiver) -> None:
    with Sandbox(seed=2) as later:
        again = later["viber"]
        assert isinstance(again, Viber)
        assert (again.token, again.user_id(person_named("lea"))) == (
            viber.token,
            viber.user_id(person_named("lea")),
        )
        again.restore(again.accounts()[0].external_id, receiver.url)
        assert say(again)["status"] == 0
