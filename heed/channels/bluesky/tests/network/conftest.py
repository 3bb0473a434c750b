"""A real Bluesky network for the tests of this folder, only where they are asked for: `-m networks`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from heed.channels.base import AccountRecord
from heed.channels.bluesky.tests.desk import Desk
from heed.channels.bluesky.tests.network.bridge import ChatService, RealBluesky
from heed.channels.bluesky.tests.network.heed import Heed
from heed.channels.bluesky.tests.network.install import CannotInstall, installed
from heed.channels.bluesky.tests.network.real import Customer, RealNetwork
from heed.sandbox import Sandbox
from heed.sandbox.cast import CUSTOMERS, OUTSIDER
from heed.tests.processes import processes

_HERE = Path(__file__).parent
_numbers = count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out this folder unless it is asked for, and what the contract suite asks of other networks."""
    wanted = "networks" in (config.getoption("-m") or "")
    here = [item for item in items if _HERE in item.path.parents]
    left_out = [item for item in here if not wanted or not _is_about_bluesky(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_about_bluesky(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return True
    network = item.callspec.params.get("network")
    return network is None or getattr(network, "name", "") == "bluesky"


@pytest.fixture(scope="session")
def real() -> Iterator[RealNetwork]:
    try:
        where = installed()
    except CannotInstall as error:
        pytest.fail(str(error), pytrace=False)
    with RealNetwork(where) as network:
        yield network


@pytest.fixture(scope="session")
def people(real: RealNetwork) -> dict[str, Customer]:
    """The customers, each with an account of their own."""
    return {each.key: real.person(f"{each.handle.replace('.', '-')}.test") for each in (*CUSTOMERS, OUTSIDER)}


@pytest.fixture
def lea(people: dict[str, Customer]) -> Customer:
    return people["lea"]


@pytest.fixture(scope="session")
def chat_service() -> Iterator[ChatService]:
    with ChatService() as service:
        yield service


@contextmanager
def _with_a_company(
    real: RealNetwork, people: dict[str, Customer], chat_service: ChatService
) -> Iterator[Sandbox]:
    """A sandbox whose Bluesky is the real one, with a company account of its own."""
    company = real.person(f"acme-shoes-{next(_numbers)}.test")
    with Sandbox(seed=1) as sandbox:
        sandbox.simulators["bluesky"] = RealBluesky(sandbox, real, chat_service, company, people)
        yield sandbox


@pytest.fixture
def sandbox(real: RealNetwork, people: dict[str, Customer], chat_service: ChatService) -> Iterator[Sandbox]:
    with _with_a_company(real, people, chat_service) as sandbox:
        yield sandbox


@pytest.fixture
def bluesky(sandbox: Sandbox) -> RealBluesky:
    return _real(sandbox)


@pytest.fixture
def desk(bluesky: RealBluesky) -> Desk:
    """The company's desk: it speaks to the real server directly."""
    account = bluesky.accounts()[0]
    desk = Desk(
        AccountRecord(
            account.external_id,
            account.name,
            account.credentials,
            bluesky.network.url,
            settings={"chat_proxy": bluesky._chat_service.proxy},
        )
    )
    desk.poll()
    return desk


@pytest.fixture(scope="module")
def acme(real: RealNetwork, people: dict[str, Customer], chat_service: ChatService) -> Iterator[RealBluesky]:
    """The real network with one company account for all tests of a file."""
    with _with_a_company(real, people, chat_service) as sandbox:
        yield _real(sandbox)


@pytest.fixture(scope="module")
def heed(
    django_db_setup: None,
    acme: RealBluesky,
    chat_service: ChatService,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Heed]:
    """A running Heed with that company's account connected: web, intake and worker as at home."""
    with processes(tmp_path_factory.mktemp("heed"), "heed_bluesky") as running:
        heed = Heed(running)
        heed.connect(acme, chat_service)
        yield heed


def _real(sandbox: Sandbox) -> RealBluesky:
    found = sandbox["bluesky"]
    assert isinstance(found, RealBluesky)
    return found
