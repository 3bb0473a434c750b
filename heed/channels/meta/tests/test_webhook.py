"""Who may deliver: the handshake and the signature over the raw bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Hook,
    MessageReceived,
    Person,
)
from heed.channels.meta import webhook
from heed.channels.meta.messages import Postback
from heed.channels.meta.tests.sample import GOLDEN, RIGHT, SECRET, WRONG, as_meta_writes, signed
from heed.channels.meta.tests.script import PROOF
from heed.lib import clock

ACCOUNT = AccountRecord(
    external_id="111",
    name="Acme",
    credentials={"app_secret": SECRET, "verify_token": "shoes"},
    base_url="https://graph.facebook.com",
)
HELLO = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "shoes"}


def post(signature: str, body: bytes = GOLDEN) -> Hook:
    return Hook("POST", {}, {"x-hub-signature-256": signature}, body)


def hello(**change: str) -> Hook:
    return Hook("GET", {**HELLO, **change}, {}, b"")


def with_secret(secret: str) -> AccountRecord:
    return replace(ACCOUNT, credentials={"app_secret": secret})


def test_golden_signature() -> None:
    assert len(GOLDEN) == 219
    assert webhook.admit(post(f"sha256={RIGHT}"), ACCOUNT) == ADMITTED


def test_signature_of_rewritten_json_is_refused() -> None:
    body = json.dumps(json.loads(GOLDEN), ensure_ascii=False, separators=(",", ":")).encode()
    assert webhook.admit(post(f"sha256={WRONG}", body), ACCOUNT) == ADMITTED
    assert webhook.admit(post(f"sha256={WRONG}"), ACCOUNT) == REFUSED
    assert webhook.admit(post(f"sha256={RIGHT}", body), ACCOUNT) == REFUSED


def test_the_signature_is_over_the_bytes_and_not_over_what_they_say() -> None:
    plain = '{"text":"é"}'.encode()
    hook = signed(as_meta_writes(plain))
    assert webhook.admit(hook, ACCOUNT) == ADMITTED
    assert webhook.admit(replace(hook, body=plain), ACCOUNT) == REFUSED


@pytest.mark.parametrize(
    "signature",
    [
        "",
        RIGHT,
        f"sha1={RIGHT}",
        f"sha256={RIGHT[:-1]}",
        f"sha256={RIGHT}0",
        f"sha256={RIGHT.upper()}",
        "sha256=ž",
    ],
)
def test_odd_signatures_are_refused(signature: str) -> None:
    assert webhook.admit(post(signature), ACCOUNT) == REFUSED


def test_missing_signature_is_refused() -> None:
    assert webhook.admit(Hook("POST", {}, {}, GOLDEN), ACCOUNT) == REFUSED


@pytest.mark.parametrize("secrets", [f"new {SECRET}", f"new,{SECRET}", f" {SECRET}\nold", f"new, {SECRET} ,"])
def test_several_secrets(secrets: str) -> None:
    assert webhook.admit(post(f"sha256={RIGHT}"), with_secret(secrets)) == ADMITTED
    assert webhook.admit(signed(GOLDEN, "another"), with_secret(secrets)) == REFUSED


@pytest.mark.parametrize("secret", ["", " , "])
def test_no_secret_admits_nobody(secret: str) -> None:
    assert webhook.admit(signed(GOLDEN, ""), with_secret(secret)) == REFUSED


def test_an_account_without_credentials_admits_nobody() -> None:
    assert webhook.admit(signed(GOLDEN, ""), replace(ACCOUNT, credentials={})) == REFUSED


def test_handshake() -> None:
    admission = webhook.admit(hello(), ACCOUNT)
    assert (admission.status, admission.keep, admission.body) == (200, False, b"1158201444")
    assert admission.content_type == "text/plain"


@pytest.mark.parametrize(
    "change", [{"hub.verify_token": "boots"}, {"hub.verify_token": ""}, {"hub.mode": "x"}, {"hub.mode": ""}]
)
def test_wrong_handshake(change: dict[str, str]) -> None:
    assert webhook.admit(hello(**change), ACCOUNT).status == 403


@pytest.mark.parametrize("credentials", [{}, {"verify_token": ""}])
def test_handshake_without_a_verify_token_of_ours(credentials: dict[str, str]) -> None:
    account = replace(ACCOUNT, credentials=credentials)
    assert webhook.admit(hello(**{"hub.verify_token": ""}), account).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "PATCH"])
def test_other_methods(method: str) -> None:
    assert webhook.admit(replace(post(f"sha256={RIGHT}"), method=method), ACCOUNT) == WRONG_METHOD


def test_golden_proof() -> None:
    assert webhook.proof(SECRET, "EAAB-test-token") == PROOF


def test_a_button_without_a_title_has_no_words() -> None:
    """What its program calls it is not what the customer saw."""
    pressed = Postback(mid="m_1", payload="OPENING_HOURS").news(Person("222"), "111", clock.now())
    assert isinstance(pressed, MessageReceived)
    assert (pressed.text, pressed.refs) == ("", {"payload": "OPENING_HOURS"})
