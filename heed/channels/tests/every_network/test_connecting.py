"""Connecting an account of each network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import Network, Refusal
from heed.channels.tests.contract import Desk
from heed.lib.http import Unreachable


class TestConnecting:
    def test_the_account_is_who_it_says(self, network: Network, desk: Desk) -> None:
        checked = desk.run(network.check)
        assert checked.external_id == desk.simulator.accounts()[0].external_id

    def test_wrong_credentials(self, network: Network, desk: Desk) -> None:
        secret = {field.name for field in network.fields if field.secret}
        wrong = {name: "wrong" if name in secret else it for name, it in desk.record.credentials.items()}
        desk.record = replace(desk.record, credentials=wrong)
        with pytest.raises(Refusal) as caught:
            desk.run(network.check)
        assert caught.value.reason == "sign_in_again"

    def test_nobody_there(self, network: Network, desk: Desk) -> None:
        desk.close_the_network()
        with pytest.raises(Unreachable):
            desk.run(network.check)
