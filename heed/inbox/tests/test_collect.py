"""Polling: nothing skipped, nobody asked too often, one poller at a time."""

from __future__ import annotations

import pytest

from heed.channels.base import Collected
from heed.channels.models import Account
from heed.inbox import collect
from heed.inbox.models import Delivery
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _polling(rubber: Rubber) -> None:
    rubber.polls = True


def test_pages_are_stored_with_their_cursor(account: Account, rubber: Rubber) -> None:
    rubber.pages = [Collected((b"1", b"2"), {"at": 2}, more=True), Collected((b"3",), {"at": 3})]
    assert collect.collect(account.pk) == 3
    account.refresh_from_db()
    assert account.cursor == {"at": 3}
    assert rubber.cursors == [{}, {"at": 2}]
    assert [bytes(each.body) for each in Delivery.objects.order_by("id")] == [b"1", b"2", b"3"]


def test_a_page_that_fails_keeps_the_one_before(account: Account, rubber: Rubber) -> None:
    rubber.pages = [Collected((b"1",), {"at": 1}, more=True), RuntimeError("broken")]
    with pytest.raises(RuntimeError):
        collect.collect(account.pk)
    account.refresh_from_db()
    assert (account.cursor, Delivery.objects.count()) == ({"at": 1}, 1)
    rubber.pages = [Collected((), {"at": 1})]
    assert collect.collect(account.pk) == 0  # nobody holds the account any more


def test_who_is_due(account: Account) -> None:
    assert collect.due() == [account.pk]
    Account.objects.update(collected_at=clock.now())
    assert collect.due() == []
    Account.objects.update(collected_at=None, problem="sign_in_again")
    assert collect.due() == []
