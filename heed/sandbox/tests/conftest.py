"""Where networks deliver to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.sandbox.tests.receiver import Receiver, Taken


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """It gives back the challenge by which Meta's networks try an address."""
    with Receiver() as receiver:
        receiver.answer = _give_back_the_challenge
        yield receiver


def _give_back_the_challenge(hook: Taken) -> tuple[int, bytes]:
    return 200, hook.query.get("hub.challenge", "").encode()
