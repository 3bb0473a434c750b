"""A desk and the sandbox's X."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.tests.contract import NETWORKS, Desk
from heed.channels.x.tests.desk import learn
from heed.sandbox import Sandbox
from heed.sandbox.networks.x import X
from heed.sandbox.tests.receiver import Receiver

network = NETWORKS["x"]


@pytest.fixture
def bare() -> Iterator[Desk]:
    """A desk that is not connected yet."""
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield Desk(network, sandbox, receiver)


@pytest.fixture
def desk(bare: Desk) -> Desk:
    """A desk that knows what its check learned, so it is told and asks for nothing."""
    learn(bare)
    return bare


@pytest.fixture
def x(bare: Desk) -> X:
    assert isinstance(bare.simulator, X)
    return bare.simulator


@pytest.fixture
def polled(bare: Desk, x: X) -> Desk:
    """A desk whose app may have no webhooks; own words count as settled at once."""
    x.most_webhooks = 0
    learn(bare)
    return bare
