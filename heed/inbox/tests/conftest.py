from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.models import Account
from heed.inbox.tests.rubber import Rubber, installed


@pytest.fixture
def rubber() -> Iterator[Rubber]:
    with installed() as network:
        yield network


@pytest.fixture
def account(rubber: Rubber, db: None) -> Account:
    return Account.objects.create(
        network="rubber", name="Acme", external_id="page", base_url="http://127.0.0.1:1", state="connected"
    )


@pytest.fixture
def ana(db: None) -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def ivo(db: None) -> User:
    return ensure_person("ivo@acme.example", "Ivo Horvat")


@pytest.fixture
def maja(db: None) -> User:
    return ensure_person("owner@acme.example", "Maja Zupan", role="owner")
