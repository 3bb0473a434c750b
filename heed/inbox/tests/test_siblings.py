"""News that is about several accounts of one app: each of them hears it, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heed.channels.models import Account
from heed.inbox.models import Delivery
from heed.inbox.tests.deliveries import deliver

pytestmark = pytest.mark.django_db


def number(phone: str, business: str) -> Account:
    account = Account(network="whatsapp", name=phone, external_id=f"n{phone}", handle=f"+{phone}")
    account.credentials = {"business_account_id": business, "app_secret": "s"}
    account.save()
    return account


def banned(business: str, **value: str) -> bytes:
    told = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["DISABLE"]}, **value}
    change: dict[str, Any] = {"field": "account_update", "value": told}
    entry = {"id": business, "time": 1, "changes": [change]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


@pytest.mark.parametrize(
    ("body", "stopped"),
    [
        (banned("10"), ["1", "2"]),
        (banned("10", phone_number="2"), ["2"]),
        (banned("20"), ["3"]),
        (banned("20", display_phone_number="+3"), ["3"]),
        (banned("20", phone_number="1"), []),
        (banned("30"), []),
    ],
    ids=["all of ours", "one of ours", "all of the other", "one of the other", "nobody's", "unknown"],
)
def test_what_is_said_of_a_business_account_stops_its_numbers(body: bytes, stopped: list[str]) -> None:
    called = number("1", "10")
    numbers = [called, number("2", "10"), number("3", "20")]
    deliver(called, body)
    for each in numbers:
        each.refresh_from_db()
    assert [each.name for each in numbers if each.problem == "account_blocked"] == stopped
    delivery = Delivery.objects.get()
    assert delivery.state == ("done" if stopped else "not_understood")
    heard = [each.pk for each in numbers if each.name in stopped]
    assert delivery.owners == (heard if heard not in ([], [called.pk]) else None)
