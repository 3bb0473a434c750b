"""Who may deliver here; the rules that all of Meta's networks share are tried in `channels/meta`."""

from __future__ import annotations

from heed.channels.base import ADMITTED, REFUSED, Hook
from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, signed_samples
from heed.channels.meta.tests.sample import GOLDEN, signed


def test_samples_are_admitted() -> None:
    assert all(network.admit(hook, account) == ADMITTED for hook, account in signed_samples())


def test_what_is_signed_by_the_app_and_nothing_else() -> None:
    assert network.admit(signed(GOLDEN), ACCOUNT) == ADMITTED
    assert network.admit(signed(GOLDEN, "another"), ACCOUNT) == REFUSED


def test_handshake() -> None:
    words = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "shoes"}
    admission = network.admit(Hook("GET", words, {}, b""), ACCOUNT)
    assert (admission.status, admission.keep, admission.body) == (200, False, b"1158201444")
