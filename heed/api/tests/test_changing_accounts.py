"""Changing an account over the API while the network is asked."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection

from heed.accounts.models import Brand
from heed.api.tests.conftest import Caller, Pigeon
from heed.channels.base import AccountRecord, Checked, Refusal
from heed.channels.models import Account
from heed.lib import clock
from heed.lib.http import Steps
from heed.lib.postgres import conninfo

pytestmark = pytest.mark.django_db(transaction=True)

CHANGE = {
    "name": "Acme shoes",
    "brand": "Acme",
    "after_solved": "new",
    "credentials": {"page_token": "fresh"},
}


@pytest.fixture
def works(account: Account) -> Account:
    """An account that was connected, so the network is asked before what is entered counts."""
    Brand.objects.create(name="Acme")
    account.connected_at = clock.now()
    account.save(update_fields=["connected_at"])
    return account


def test_the_door_counts_while_the_network_is_asked(
    call: Caller, works: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the account is held for as long as a network takes to answer: the door writes to its row."""

    def check(record: AccountRecord) -> Steps[Checked]:
        yield from ()
        with psycopg.connect(conninfo(connection.settings_dict)) as door:
            door.execute("SELECT FROM channels_account WHERE id = %s FOR NO KEY UPDATE NOWAIT", [works.pk])
        return Checked(works.external_id, works.name, "@acme")

    monkeypatch.setattr(pigeon, "opens", lambda credentials: "", raising=False)
    monkeypatch.setattr(pigeon, "check", check, raising=False)
    answer = call("PATCH", f"accounts/{works.pk}", CHANGE)
    assert answer.status == 200
    works.refresh_from_db()
    assert (works.name, works.after_solved, str(works.brand)) == ("Acme shoes", "new", "Acme")
    assert works.credentials["page_token"] == "fresh"


@pytest.mark.parametrize("more", [{}, {"brand": "Nobody"}])
def test_what_is_refused_changes_nothing(
    call: Caller, works: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    """Neither what the network refuses, nor what is wrong with the rest: then it is not asked."""
    asked: list[str] = []

    def check(record: AccountRecord) -> Steps[Checked]:
        yield from ()
        asked.append(record.credentials["page_token"])
        raise Refusal("sign_in_again")

    monkeypatch.setattr(pigeon, "check", check, raising=False)
    monkeypatch.setattr(pigeon, "when_down", None, raising=False)
    assert call("PATCH", f"accounts/{works.pk}", CHANGE | more).status == 422
    assert asked == ([] if more else ["fresh"])
    works.refresh_from_db()
    assert (works.name, works.after_solved, works.brand) == ("Acme", "reopen", None)
    assert works.credentials["page_token"] != "fresh"
