from __future__ import annotations

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels import registry
from heed.channels.models import Account
from heed.channels.tests.pigeon import Pigeon, acme, ago, changed


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> Pigeon:
    network = Pigeon()
    monkeypatch.setitem(registry.networks(), "pigeon", network)
    return network


@pytest.fixture
def account(db: None, pigeon: Pigeon) -> Account:
    """Connected an hour ago, and all is well."""
    made = acme()
    ProcrastinateJob.objects.all().delete()
    return changed(made, state="connected", checked_at=ago(hours=1))
