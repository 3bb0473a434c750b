"""What Meta says of a business account or one of its numbers, and which accounts hear it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heed.channels.base import AccountChanged, AccountStale, Inbound
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.tests.sample import ACCOUNT

BUSINESS = ACCOUNT.credentials["business_account_id"]


def of_the_account(field: str, **value: Any) -> list[Inbound]:
    change = {"field": field, "value": value}
    entry = {"id": BUSINESS, "time": 1, "changes": [change]}
    told = {"object": "whatsapp_business_account", "entry": [entry]}
    return network.read(json.dumps(told).encode(), ACCOUNT)


@pytest.mark.parametrize(
    ("field", "value", "problem", "detail"),
    [
        (
            "phone_number_quality_update",
            {"event": "FLAGGED", "current_limit": "TIER_2K"},
            "",
            "FLAGGED TIER_2K",
        ),
        ("account_alerts", {"alert_info": {"alert_type": "OBA_REJECTED"}}, "", "OBA_REJECTED"),
        ("account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"type": "SPAM"}}, "", "SPAM"),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["SCHEDULE_FOR_DISABLE"]}},
            "",
            "SCHEDULE_FOR_DISABLE",
        ),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["DISABLE"]}},
            "account_blocked",
            "DISABLE",
        ),
        ("account_update", {"event": "ACCOUNT_DELETED"}, "account_blocked", "ACCOUNT_DELETED"),
    ],
)
def test_what_is_said_of_the_number(field: str, value: Any, problem: str, detail: str) -> None:
    (told,) = of_the_account(field, display_phone_number="38640123456", **value)
    assert isinstance(told, AccountChanged)
    assert (told.problem, told.at) == (problem, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    assert detail in told.detail
    (of_all,) = of_the_account(field, **value)
    assert of_all == replace(told, owner=BUSINESS)


def test_what_was_said_against_the_number_is_over() -> None:
    lifted = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["REINSTATE"]}}
    (told,) = of_the_account("account_update", **lifted)
    assert isinstance(told, AccountChanged)
    assert (told.problem, told.detail) == ("", "")
    assert of_the_account("account_update", event="VERIFIED_ACCOUNT") == [AccountStale(owner=BUSINESS)]


def test_who_hears_what_is_said_of_a_business_account() -> None:
    """All its numbers, or the one that is named; the numbers of other business accounts do not."""
    ours = replace(ACCOUNT, handle="+386 40 123 456")
    (of_all,) = of_the_account("account_update", event="ACCOUNT_DELETED")
    (of_one,) = of_the_account("account_update", event="ACCOUNT_DELETED", phone_number="38640123456")
    elsewhere = replace(ours, credentials={**ours.credentials, "business_account_id": "1"})
    for account, hears in (
        (ours, [True, True]),
        (replace(ours, handle="+386 40 999 999"), [True, False]),
        (elsewhere, [False, False]),
    ):
        assert [each.owner in network.known_as(account) for each in (of_all, of_one)] == hears
