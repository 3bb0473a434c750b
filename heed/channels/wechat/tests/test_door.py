"""Signatures and encryption, by vectors computed elsewhere."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from heed.channels.base import AccountRecord, Hook, Malformed, MessageReceived
from heed.channels.wechat.adapter import network
from heed.channels.wechat.envelope import fields_of, opened, signature
from heed.channels.wechat.tests.sample import (
    ACCOUNT,
    AES_KEY,
    ENCRYPTED,
    SAFE,
    SEAL,
    SIGNATURE,
    STAMP,
    payload,
    sealed,
    signed,
)

APP = ACCOUNT.credentials["app_id"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("wx-token-demo", "1409735669", "1320562132"), SIGNATURE),
        (("1320562132", "wx-token-demo", "1409735669"), SIGNATURE),
        (("wx-token-demo", "1409735669", "1320562132", ENCRYPTED), SEAL),
        (("test", "123456", "test", "rust"), "d6056f2bb3ad3e30f4afa5ef90cc9ddcdc7b7b27"),
    ],
)
def test_signatures(words: tuple[str, ...], expected: str) -> None:
    assert signature(*words) == expected


def test_decryption() -> None:
    xml = opened(ENCRYPTED, AES_KEY, APP)
    assert len(xml) == 251
    assert fields_of(xml)["Content"] == "Здраво"


def test_decryption_by_a_vector_of_others() -> None:
    key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
    assert opened("9s4gMv99m88kKTh/H8IdkNiFGeG9pd7vNWl50fGRWXY=", key, "rust") == b"test"


@pytest.mark.parametrize(
    ("encrypted", "key", "app"),
    [
        (ENCRYPTED, AES_KEY, "wx0000000000000002"),
        (ENCRYPTED, AES_KEY, ""),
        (ENCRYPTED, "b" + AES_KEY[1:], APP),
        (ENCRYPTED, AES_KEY[:-1], APP),
        (ENCRYPTED, "č" * 43, APP),
        (ENCRYPTED[:-4], AES_KEY, APP),
        (ENCRYPTED[:64], AES_KEY, APP),
        ("g" + ENCRYPTED[1:], AES_KEY, APP),
        ("", AES_KEY, APP),
        ("not base 64!", AES_KEY, APP),
        (base64.b64encode(b"x" * 64).decode(), AES_KEY, APP),
    ],
)
def test_what_does_not_fit_is_malformed(encrypted: str, key: str, app: str) -> None:
    with pytest.raises(Malformed):
        opened(encrypted, key, app)


class TestHandshake:
    def test_the_echo_comes_back_as_it_is(self) -> None:
        query = {**STAMP, "signature": SIGNATURE, "echostr": "5838479218127813673"}
        admission = network.admit(Hook("GET", query, {}, b""), ACCOUNT)
        assert (admission.status, admission.body, admission.keep) == (200, b"5838479218127813673", False)
        assert admission.content_type.startswith("text/plain")

    @pytest.mark.parametrize("change", [{"signature": "0" * 40}, {"nonce": "1"}, {"timestamp": "1"}])
    def test_a_wrong_one_is_refused(self, change: dict[str, str]) -> None:
        query = {**STAMP, "signature": SIGNATURE, "echostr": "1", **change}
        assert network.admit(Hook("GET", query, {}, b""), ACCOUNT).status == 403

    def test_other_methods(self) -> None:
        query = {**STAMP, "signature": SIGNATURE}
        assert network.admit(Hook("DELETE", query, {}, b""), ACCOUNT).status == 405


class TestDeliveries:
    def test_wechat_wants_the_word_success(self) -> None:
        admission = network.admit(signed(payload("text")), ACCOUNT)
        assert (admission.status, admission.keep, admission.body) == (200, True, b"success")

    def test_a_wrong_signature(self) -> None:
        assert network.admit(signed(payload("text"), "0" * 40), ACCOUNT).status == 403

    def test_safe_mode(self) -> None:
        assert network.admit(sealed(), SAFE).keep
        (message,) = network.read(sealed().body, SAFE)
        assert isinstance(message, MessageReceived)
        assert (message.text, message.external_id) == ("Здраво", "1234567890123456")

    @pytest.mark.parametrize(
        "hook",
        [
            sealed(seal=SIGNATURE),
            sealed(seal=""),
            sealed(ENCRYPTED[:-5] + "A+s="),
            sealed(""),
            signed(payload("text")),
            replace(sealed(), body=b"<xml>"),
            replace(sealed(), query={**sealed().query, "signature": SEAL}),
        ],
    )
    def test_an_account_with_a_key_takes_nothing_that_is_not_sealed(self, hook: Hook) -> None:
        assert network.admit(hook, SAFE).status == 403

    def test_both_forms_at_once(self) -> None:
        """In compatibility mode the encrypted form is believed, for it is proven."""
        plain = payload("text").replace(b"</xml>", b"")
        body = plain + f"<Encrypt>{ENCRYPTED}</Encrypt></xml>".encode()
        assert network.admit(replace(sealed(), body=body), SAFE).keep
        for account, words in ((SAFE, "Здраво"), (ACCOUNT, "Сайн байна уу, хүргэлт хэзээ ирэх вэ? 👟")):
            assert [each.text for each in messages(body, account)] == [words]

    def test_without_the_key_it_waits_for_the_key(self) -> None:
        assert network.admit(sealed(), ACCOUNT).keep
        with pytest.raises(Malformed, match="EncodingAESKey"):
            network.read(sealed().body, ACCOUNT)


def messages(body: bytes, account: AccountRecord) -> list[MessageReceived]:
    return [each for each in network.read(body, account) if isinstance(each, MessageReceived)]
