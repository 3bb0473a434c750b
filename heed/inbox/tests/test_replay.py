"""Reading everything again, in whatever order and however often, changes nothing: all that networks send."""

from __future__ import annotations

import inspect
import random
from pathlib import Path

import pytest
from django.db import connection

from heed.channels import base, registry
from heed.channels.models import Account
from heed.channels.tests.contract import sample_of
from heed.inbox import intake, ledger
from heed.inbox.models import Delivery, Message
from heed.inbox.statements import run

pytestmark = pytest.mark.django_db

NETWORKS = list(registry.networks().values())
SOME = 8
COUNTS = ["done_at", "tries"]
"""What may differ: how often, and when last, a delivery was read."""


def all_rows() -> set[str]:
    """Everything that is stored of what came in."""
    names = {name for name in connection.introspection.table_names() if name.startswith("inbox_")}
    return {f"{name} {row}" for name in names | {"channels_account"} for row in rows(name)}


def rows(table: str) -> list[str]:
    return [row for (row,) in run(f"SELECT (to_jsonb(t) - %s::text[])::text FROM {table} AS t", COUNTS)]  # noqa: S608


def payloads(network: base.Network) -> list[bytes]:
    """Everything that the network's own tests read."""
    files = sorted(Path(inspect.getfile(type(network))).parent.glob("tests/payloads/*"))
    return [*sample_of(network).bodies(), *(path.read_bytes() for path in files)]


def read_again(numbers: list[int]) -> None:
    """These deliveries as an admin would have them read again."""
    Delivery.objects.filter(pk__in=numbers).update(state="pending", problems=[], done_at=None)
    intake.take_batch()


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_everything_stays_as_it_was(network: base.Network) -> None:
    record = sample_of(network).ACCOUNT
    account = Account(
        network=network.name, name=record.name, external_id=record.external_id, base_url=record.base_url
    )
    account.credentials, account.facts = dict(record.credentials), dict(record.facts)
    account.save()
    ledger.append(account.pk, payloads(network))
    while intake.take_batch():
        pass
    before = all_rows()
    numbers = list(Delivery.objects.order_by("id").values_list("pk", flat=True))
    assert Message.objects.exists()
    read_again(numbers)
    assert sorted(all_rows() ^ before) == []
    random.Random(network.name).shuffle(numbers)
    for first in range(0, len(numbers), SOME):
        read_again(numbers[first : first + SOME])
    assert sorted(all_rows() ^ before) == []
