"""What the simulators of Meta's networks share, tried with each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.meta.app import SIGNATURE, MetaApp
from heed.sandbox.meta.calls import as_meta_writes
from heed.sandbox.meta.errors import Refused
from heed.sandbox.meta.fields import asked
from heed.sandbox.tests.graph import as_app, call
from heed.sandbox.tests.receiver import Receiver, Taken


@pytest.fixture(params=["facebook", "instagram", "whatsapp"])
def simulator(request: pytest.FixtureRequest) -> Iterator[MetaApp]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox[request.param]
        assert isinstance(simulator, MetaApp)
        yield simulator


def callback(simulator: MetaApp, url: str, **changes: str) -> dict[str, str]:
    """What the app enters as its webhook."""
    plain = {"object": simulator.about, "fields": min(simulator.fields), "verify_token": "v"}
    return {**plain, "callback_url": url, **changes}


def refusal(simulator: MetaApp, wanted: dict[str, str], token: str | None = None) -> int:
    path = f"{simulator.app}/subscriptions"
    code: int = call(simulator, "POST", path, wanted, token=token or as_app(simulator))["error"]["code"]
    return code


def test_spelling_of_the_golden_vector() -> None:
    item = {
        "sender": {"id": "222"},
        "recipient": {"id": "111"},
        "timestamp": 1700000000000,
        "message": {"mid": "m_1", "text": "café 😀 http://a.b"},
    }
    entry = {"id": "111", "time": 1700000000000, "messaging": [item]}
    body = as_meta_writes({"object": "page", "entry": [entry]})
    assert hmac_sha256_hex("0123456789abcdef0123456789abcdef", body) == (
        "2b4df453b5ba204fe900992bea178aa866c36b34ba2aafb40c0f5b8dcc010e0f"
    )


def test_the_webhook_is_set_by_the_app_alone(simulator: MetaApp, receiver: Receiver) -> None:
    wanted = callback(simulator, receiver.url)
    assert refusal(simulator, wanted, simulator.token) == 15
    assert refusal(simulator, {**wanted, "object": "moon"}) == 100
    assert refusal(simulator, {**wanted, "fields": "moon_phase"}) == 100
    assert refusal(simulator, {**wanted, "fields": ""}) == 100
    assert simulator.hook_url == ""
    path = f"{simulator.app}/subscriptions"
    assert call(simulator, "POST", path, wanted, token=as_app(simulator)) == {"success": True}
    assert simulator.hook_url == receiver.url
    assert receiver.hooks[-1].query["hub.verify_token"] == "v"


@pytest.mark.parametrize("answer", [(403, b""), (500, b""), (200, b""), (200, b'"1"')])
def test_an_address_that_does_not_answer_the_challenge(
    simulator: MetaApp, receiver: Receiver, answer: tuple[int, bytes]
) -> None:
    simulator.do("callback", url=receiver.url)

    def other(hook: Taken) -> tuple[int, bytes]:
        return answer

    receiver.answer = other
    assert refusal(simulator, callback(simulator, f"{receiver.url}/other")) == 2200
    with pytest.raises(PlayError):
        simulator.do("callback", url=f"{receiver.url}/other")
    assert simulator.hook_url == receiver.url


def test_what_is_delivered_is_signed_over_its_bytes(simulator: MetaApp, receiver: Receiver) -> None:
    simulator.do("callback", url=receiver.url)
    simulator.do("deliver", body={"object": simulator.about, "entry": [{"id": "é/"}]})
    simulator.sandbox.fault(simulator.name, Fault("hook", hook="bad_signature"))
    simulator.do("deliver", body={})
    simulator.sandbox.settle()
    _handshake, right, wrong = receiver.hooks
    assert b"\\u00e9\\/" in right.body
    signatures = [hook.headers[SIGNATURE.lower()].removeprefix("sha256=") for hook in (right, wrong)]
    assert signatures[0] == hmac_sha256_hex(simulator.secret, right.body)
    assert signatures[1] != hmac_sha256_hex(simulator.secret, wrong.body)


def test_who_may_call(simulator: MetaApp) -> None:
    def code(**query: str) -> int:
        return int(call(simulator, "GET", simulator.owner, **query)["error"]["code"])

    assert code(token="nobody") == 190
    assert code(appsecret_proof="wrong") == 100
    simulator.do("throttle", code=4)
    assert code() == 4
    simulator.do("revoke")
    assert code() == 190


@pytest.mark.parametrize("text", ["", "id,", "id{", "messages{id", "a(b)"])
def test_fields_that_cannot_be_read(text: str) -> None:
    with pytest.raises(Refused):
        asked(text)


def test_fields_within_fields() -> None:
    wanted = asked("id,likes.summary(true).limit(0),messages{id,from{name}}")
    assert list(wanted) == ["id", "likes", "messages"]
    assert wanted["likes"].arguments == {"summary": "true", "limit": "0"}
    assert list(wanted["messages"].inner["from"].inner) == ["name"]


def test_who_takes_nothing_for_an_hour_is_told_nothing_more(
    simulator: MetaApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(simulator, "_end_subscription", lambda: ended.append(True))
    for taken, wait in ((False, 3540), (False, 60), (True, 3600), (False, 3540)):
        simulator._count_failing(taken)
        simulator.clock.move(wait)
    simulator._count_failing(False)
    assert ended == []
    simulator.clock.move(61)
    simulator._count_failing(False)
    assert bool(ended) == (simulator.name != "whatsapp")
