"""An account whose network is at another address now: as new there, with its history."""

from __future__ import annotations

import pytest

from heed.channels import sessions, verbs
from heed.channels.models import Account
from heed.channels.tests.pigeon import GOOD, Wire, acme, jobs_waiting
from heed.channels.verbs import CannotConnect, asking

pytestmark = [pytest.mark.usefixtures("pigeon"), pytest.mark.django_db]

THERE = "https://other.pigeon.example"


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()
    monkeypatch.setattr(asking, "client", lambda: found)
    monkeypatch.setattr(sessions, "client", lambda: found)
    return found


def test_it_goes_on_at_its_new_address() -> None:
    account = acme()
    Account.objects.update(state="broken", problem="private_address", problem_detail="no")
    account.refresh_from_db()
    waiting = jobs_waiting()
    verbs.move(account, f"{THERE}/", dict(GOOD))
    account.refresh_from_db()
    assert (account.base_url, account.state, account.problem) == (THERE, "connecting", "")
    assert account.credentials == GOOD
    assert jobs_waiting() != waiting


def test_no_secret_goes_there_that_was_not_entered_again() -> None:
    account = acme()
    with pytest.raises(CannotConnect, match="Enter again"):
        verbs.move(account, THERE, {"colour": "grey"})
    account.refresh_from_db()
    assert account.base_url != THERE


def test_where_it_is_connected_already_it_does_not_go() -> None:
    account, other = acme(), acme(external_id="8")
    Account.objects.filter(pk=account.pk).update(external_id="p1", base_url=THERE)
    Account.objects.filter(pk=other.pk).update(external_id="p1", base_url="https://older.pigeon.example")
    other.refresh_from_db()
    with pytest.raises(CannotConnect, match="already connected"):
        verbs.move(other, THERE, dict(GOOD))
