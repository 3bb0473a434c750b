"""LINE as its simulator is, connected to a door that keeps what comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.tests.contract import NETWORKS, Desk
from heed.sandbox import Sandbox
from heed.sandbox.networks.line import LineSimulator
from heed.sandbox.tests.receiver import Receiver


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(NETWORKS["line"], sandbox, receiver)
        desk.connect()
        yield desk


@pytest.fixture
def line(desk: Desk) -> LineSimulator:
    assert isinstance(desk.simulator, LineSimulator)
    return desk.simulator
