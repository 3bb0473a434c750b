"""Polling: nothing skipped, nobody asked too often, one poller at a time."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

import pytest

from heed.channels.base import Collected, Refusal
from heed.channels.models import Account
from heed.inbox import collect, gaps, jobs
from heed.inbox.models import Delivery
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AnswerLost, Unreachable

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


def test_what_the_network_no_longer_gives_out_is_said(account: Account, rubber: Rubber) -> None:
    since, until = clock.now() - timedelta(days=9), clock.now() - timedelta(days=7)
    for _ in range(2):  # once, however often it is found
        rubber.pages = [Collected((), {}, lost=((since, until),))]
        collect.collect(account.pk)
    (gap,) = gaps.latest(account)
    assert (gap.since, gap.until, gap.state) == (since, until, "lost")


def test_who_is_due(account: Account) -> None:
    assert collect.due() == [account.pk]
    Account.objects.update(collected_at=clock.now())
    assert collect.due() == []
    Account.objects.update(collected_at=None, problem="sign_in_again")
    assert collect.due() == []


class TestAfterANo:
    """Whoever refused or did not answer is left alone: as long as they ask for, and longer each time."""

    def rests(self, account: Account, rubber: Rubber, *answers: BaseException) -> list[int]:
        """For how many seconds nobody is asked after each of these answers."""
        rubber.pages = [*answers]
        waits: list[int] = []
        for _ in answers:
            with clock.moved(timedelta(seconds=sum(waits))):
                jobs.collect_account(account=account.pk)
                account.refresh_from_db()
                assert account.collect_at is not None
                waits.append(ceil((account.collect_at - clock.now()).total_seconds()))
                assert collect.due() == []
        return waits

    def test_that_names_no_time(self, account: Account, rubber: Rubber) -> None:
        collect.collect(account.pk)
        waits = self.rests(account, rubber, *[Refusal("network_down", retry=True)] * 10)
        assert waits == sorted(waits)
        assert (waits[0], waits[-1]) == (2, collect.LONGEST_REST.total_seconds())

    @pytest.mark.parametrize("no", [Unreachable("no route"), AnswerLost("reset"), Refusal("bad_request")])
    def test_of_every_kind(self, account: Account, rubber: Rubber, no: Exception) -> None:
        Account.objects.update(created_at=clock.now() - timedelta(hours=1))  # it never worked
        assert self.rests(account, rubber, no, no) == [2, 300]

    def test_that_names_a_time(self, account: Account, rubber: Rubber) -> None:
        assert self.rests(account, rubber, Refusal("slow_down", retry=True, after=600)) == [600]

    def test_a_nudge_does_not_wake_it(self, account: Account, rubber: Rubber) -> None:
        rubber.pages = [Refusal("slow_down", retry=True, after=600)]
        jobs.collect_account(account=account.pk)
        jobs.collect_account(account=account.pk)
        assert len(rubber.cursors) == 1

    def test_a_dead_sign_in_is_not_tried_again(self, account: Account, rubber: Rubber) -> None:
        self.rests(account, rubber, Refusal("sign_in_again"))
        with clock.moved(timedelta(days=2)):
            assert collect.due() == []

    def test_when_it_answers_all_is_as_before(self, account: Account, rubber: Rubber) -> None:
        waits = self.rests(account, rubber, Unreachable("no route"))
        with clock.moved(timedelta(seconds=sum(waits) + 1)):
            assert collect.due() == [account.pk]
            collect.collect(account.pk)
        account.refresh_from_db()
        assert (account.collect_at, len(rubber.cursors)) == (None, 2)
