"""One suite for every network: what each test needs, and what it runs against."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from heed.channels.base import Network
from heed.channels.tests.contract import NETWORKS, Desk, writings
from heed.sandbox import Sandbox
from heed.sandbox.frame import simulators
from heed.sandbox.tests.receiver import Receiver

PLAYED = simulators()
NEEDS: dict[str, Callable[[Network], bool]] = {
    "desk": lambda network: network.name in PLAYED,
    "called": lambda network: not network.polls,
    "told_of_receipts": lambda network: "delivered" in network.capabilities.receipts,
    "liking": lambda network: "like" in network.capabilities.on_theirs,
    "reacting": lambda network: "react" in network.capabilities.on_private,
    "quoting": lambda network: network.able({}).quote,
    "hiding": lambda network: "hide" in network.capabilities.on_theirs,
    "deleting": lambda network: "delete" in network.capabilities.on_ours,
    "replying_privately": lambda network: network.capabilities.private_reply,
    "choosing": lambda network: bool(network.capabilities.private and network.capabilities.private.choices),
    "told_of_edits": lambda network: "edit" in PLAYED[network.name].offers,
}
"""What a network must have for a test that asks for this fixture."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test for the networks that have what it needs, and for each of their ways to write."""
    needs = [NEEDS[name] for name in NEEDS if name in metafunc.fixturenames]
    fitting = [network for network in NETWORKS.values() if all(need(network) for need in needs)]
    if "visibility" not in metafunc.fixturenames:
        metafunc.parametrize("network", fitting, ids=[network.name for network in fitting])
        return
    ways = [(network, visibility) for network in fitting for visibility, _ in writings(network)]
    ids = [f"{network.name}-{visibility}" for network, visibility in ways]
    metafunc.parametrize(("network", "visibility"), ways, ids=ids)


@pytest.fixture
def desk(network: Network) -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield Desk(network, sandbox, receiver)


@pytest.fixture
def connected(desk: Desk) -> Desk:
    desk.connect()
    return desk


@pytest.fixture
def called(connected: Desk) -> Desk:
    """A connected desk of a network that has what the name says, whichever of the names it is."""
    return connected


told_of_receipts = liking = reacting = quoting = hiding = deleting = called
choosing = replying_privately = told_of_edits = called
