"""Who may deliver: the handshake and the signature over the raw bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from heed.channels.base import AccountRecord, Hook
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import ACCOUNT, BY_FACEBOOK, SECRET, signed, signed_samples
from heed.channels.meta import webhook

GOLDEN = (
    rb'{"object":"page","entry":[{"id":"111","time":1700000000000,"messaging":[{"sender":{"id":"222"},'
    rb'"recipient":{"id":"111"},"timestamp":1700000000000,"message":{"mid":"m_1",'
    rb'"text":"caf\u00e9 \ud83d\ude00 http:\/\/a.b"}}]}]}'
)
RIGHT = "2b4df453b5ba204fe900992bea178aa866c36b34ba2aafb40c0f5b8dcc010e0f"
WRONG = "21047a7c9c03e8e460c44c6c78f6fda7624946fbc77e7274a2125beac0b25103"
HELLO = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "shoes"}


def post(signature: str, body: bytes = GOLDEN) -> Hook:
    return Hook("POST", {}, {"x-hub-signature-256": signature}, body)


def test_golden_signature() -> None:
    assert len(GOLDEN) == 219
    admission = network.admit(post(f"sha256={RIGHT}"), ACCOUNT)
    assert (admission.status, admission.keep) == (200, True)


def test_signature_of_rewritten_json_is_refused() -> None:
    """The digest a receiver gets that parses first and signs what it wrote itself."""
    body = json.dumps(json.loads(GOLDEN), ensure_ascii=False, separators=(",", ":")).encode()
    assert network.admit(post(f"sha256={WRONG}", body), ACCOUNT).status == 200
    assert network.admit(post(f"sha256={WRONG}"), ACCOUNT).status == 403
    assert network.admit(post(f"sha256={RIGHT}", body), ACCOUNT).status == 403


@pytest.mark.parametrize(
    "signature", ["", RIGHT, f"sha1={RIGHT}", f"sha256={RIGHT[:-1]}", f"sha256={RIGHT}0", "sha256=ž"]
)
def test_odd_signatures_are_refused(signature: str) -> None:
    admission = network.admit(post(signature), ACCOUNT)
    assert (admission.status, admission.keep) == (403, False)


def test_missing_signature_is_refused() -> None:
    assert network.admit(Hook("POST", {}, {}, GOLDEN), ACCOUNT).status == 403


@pytest.mark.parametrize("secrets", [f"new {SECRET}", f"new,{SECRET}", f" {SECRET}\nold", f"new, {SECRET} ,"])
def test_several_secrets(secrets: str) -> None:
    account = replace(ACCOUNT, credentials={"app_secret": secrets})
    assert network.admit(post(f"sha256={RIGHT}"), account).status == 200


@pytest.mark.parametrize("secret", ["", " , "])
def test_no_secret_admits_nobody(secret: str) -> None:
    account = replace(ACCOUNT, credentials={"app_secret": secret})
    assert network.admit(signed(GOLDEN, ""), account).status == 403


def test_samples_are_admitted() -> None:
    assert all(network.admit(hook, account).keep for hook, account in signed_samples())


def test_handshake() -> None:
    admission = network.admit(Hook("GET", HELLO, {}, b""), ACCOUNT)
    assert (admission.status, admission.keep) == (200, False)
    assert admission.body == b"1158201444"
    assert admission.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "change", [{"hub.verify_token": "boots"}, {"hub.verify_token": ""}, {"hub.mode": "x"}, {"hub.mode": ""}]
)
def test_wrong_handshake(change: dict[str, str]) -> None:
    assert network.admit(Hook("GET", {**HELLO, **change}, {}, b""), ACCOUNT).status == 403


def test_handshake_without_a_verify_token_of_ours() -> None:
    account = replace(ACCOUNT, credentials={"verify_token": ""})
    assert network.admit(Hook("GET", {**HELLO, "hub.verify_token": ""}, {}, b""), account).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "PATCH"])
def test_other_methods(method: str) -> None:
    assert network.admit(replace(post(f"sha256={RIGHT}"), method=method), ACCOUNT).status == 405


@pytest.mark.parametrize("account", [ACCOUNT, BY_FACEBOOK])
def test_either_login_signs_alike(account: AccountRecord) -> None:
    assert network.admit(post(f"sha256={RIGHT}"), account).status == 200


def test_golden_proof() -> None:
    expected = "a6024693394a23e652049c7c3571712892f80c08425a659c3fdb161563eefa4f"
    assert webhook.proof(SECRET, "EAAB-test-token") == expected
