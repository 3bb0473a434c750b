"""X, with and without a webhook that is told of everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.sandbox import Sandbox
from heed.sandbox.networks.x import EVENTS, X
from heed.sandbox.tests.receiver import Receiver
from heed.sandbox.tests.x.calls import call, prove, subscribe


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def x() -> Iterator[X]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["x"]
        assert isinstance(simulator, X)
        yield simulator


@pytest.fixture
def told(x: X, receiver: Receiver) -> X:
    """A simulator with a webhook and all subscriptions."""
    receiver.answer = lambda hook: prove(x, hook)
    webhook = call(x, "POST", "/2/webhooks", {"url": receiver.url}, app=True)["data"]
    for kind in EVENTS:
        subscribe(x, kind, webhook["id"])
    return x
