"""The contract suite that the simulator passes, against the real network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.base import Network
from heed.channels.tests.contract import Desk
from heed.channels.tests.test_contract import TestAnswering, TestConnecting, connected, pytest_generate_tests
from heed.sandbox import Sandbox
from heed.sandbox.tests.receiver import Receiver

__all__ = ["TestAnswering", "TestConnecting", "connected", "pytest_generate_tests"]

pytestmark = pytest.mark.networks


@pytest.fixture
def desk(network: Network, sandbox: Sandbox) -> Iterator[Desk]:
    with Receiver() as receiver:
        yield Desk(network, sandbox, receiver)
