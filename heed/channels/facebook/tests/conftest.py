"""A desk connected to the sandbox's Facebook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.facebook.adapter import network
from heed.channels.tests.contract import Desk
from heed.sandbox import Sandbox
from heed.sandbox.networks.facebook import Facebook
from heed.sandbox.tests.receiver import Receiver


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk


@pytest.fixture
def facebook(desk: Desk) -> Facebook:
    simulator = desk.simulator
    assert isinstance(simulator, Facebook)
    return simulator
