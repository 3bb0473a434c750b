"""Who may deliver here; the rules that all of Meta's networks share are tried in `channels/meta`."""

from __future__ import annotations

import pytest

from heed.channels.base import ADMITTED, REFUSED, AccountRecord, Hook
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import ACCOUNT, BY_FACEBOOK, signed_samples
from heed.channels.meta.tests.sample import GOLDEN, signed


def test_samples_are_admitted() -> None:
    assert all(network.admit(hook, account) == ADMITTED for hook, account in signed_samples())


@pytest.mark.parametrize("account", [ACCOUNT, BY_FACEBOOK])
def test_either_login_signs_alike(account: AccountRecord) -> None:
    assert network.admit(signed(GOLDEN), account) == ADMITTED
    assert network.admit(signed(GOLDEN, "another"), account) == REFUSED


def test_handshake() -> None:
    words = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "shoes"}
    admission = network.admit(Hook("GET", words, {}, b""), ACCOUNT)
    assert (admission.status, admission.keep, admission.body) == (200, False, b"1158201444")
