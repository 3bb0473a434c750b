"""A desk connected to the sandbox's WhatsApp."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.tests.contract import Desk
from heed.channels.whatsapp.adapter import network
from heed.sandbox import Sandbox
from heed.sandbox.tests.receiver import Receiver


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk
