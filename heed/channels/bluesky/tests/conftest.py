"""The sandbox's Bluesky, and an account there as Heed uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels.base import AccountRecord
from heed.channels.bluesky.tests.desk import Desk
from heed.sandbox import Sandbox
from heed.sandbox.frame import Simulator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def bluesky(sandbox: Sandbox) -> Simulator:
    return sandbox["bluesky"]


@pytest.fixture
def desk(bluesky: Simulator) -> Desk:
    account = bluesky.accounts()[0]
    return Desk(AccountRecord(account.external_id, account.name, account.credentials, bluesky.url))
