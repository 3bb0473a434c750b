"""A desk connected to the sandbox's Instagram, by either login."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from heed.channels.instagram.adapter import network
from heed.channels.tests.contract import Desk
from heed.sandbox import Sandbox
from heed.sandbox.networks.instagram import Instagram
from heed.sandbox.tests.receiver import Receiver


@pytest.fixture(params=["instagram", "facebook"])
def login(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(login: str) -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        if login == "facebook":
            desk.record = replace(desk.record, credentials=simulator_of(desk).by_facebook().credentials)
        desk.connect()
        yield desk


@pytest.fixture
def instagram(desk: Desk) -> Instagram:
    return simulator_of(desk)


def simulator_of(desk: Desk) -> Instagram:
    simulator = desk.simulator
    assert isinstance(simulator, Instagram)
    return simulator
