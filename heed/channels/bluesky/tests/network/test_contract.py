"""The contract suite that the simulator passes, against the real network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.base import Network
from heed.channels.tests.contract import Desk
from heed.channels.tests.every_network.conftest import connected, pytest_generate_tests
from heed.channels.tests.every_network.test_answering import TestAnswering
from heed.channels.tests.every_network.test_connecting import TestConnecting
from heed.sandbox import Sandbox
from heed.sandbox.tests.receiver import Receiver

__all__ = ["TestAnswering", "TestConnecting", "connected", "pytest_generate_tests"]

pytestmark = pytest.mark.networks


@pytest.fixture
def desk(network: Network, sandbox: Sandbox) -> Iterator[Desk]:
    with Receiver() as receiver:
        yield Desk(network, sandbox, receiver)
