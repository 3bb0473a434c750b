"""The door: only who knows the secret comes in."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from heed.channels.base import ADMITTED, REFUSED, WRONG_METHOD, Hook
from heed.channels.telegram.adapter import network, secret_of
from heed.channels.telegram.tests.sample import ACCOUNT, SECRET, TOKEN, payload, signed


class TestDoor:
    def test_the_golden_secret(self) -> None:
        assert secret_of(ACCOUNT) == SECRET
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", SECRET)
        assert network.admit(signed(payload("text")), ACCOUNT) == ADMITTED

    @pytest.mark.parametrize("secret", ["", "0" * 64, SECRET.upper(), SECRET + "0", SECRET[:-1], TOKEN, "é"])
    def test_a_wrong_secret(self, secret: str) -> None:
        assert network.admit(signed(payload("text"), secret), ACCOUNT) == REFUSED

    def test_no_secret_at_all(self) -> None:
        assert network.admit(Hook("POST", {}, {}, payload("text")), ACCOUNT) == REFUSED

    def test_an_account_without_a_token_admits_nothing(self) -> None:
        bare = replace(ACCOUNT, credentials={})
        assert network.admit(signed(b"{}", secret_of(bare)), bare) == REFUSED
        assert network.admit(signed(b"{}", ""), bare) == REFUSED

    def test_only_post(self) -> None:
        assert network.admit(Hook("GET", {}, {}, b""), ACCOUNT) == WRONG_METHOD
