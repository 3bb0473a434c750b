"""What a check says of the past: since when news may have been missed, and what it cannot know is over."""

from __future__ import annotations

from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels import jobs, missed, sessions, verbs
from heed.channels.base import Checked, Refusal
from heed.channels.models import Account
from heed.channels.tests.pigeon import GOOD, Pigeon, Wire, ago, changed, put_on_wire
from heed.lib import clock
from heed.lib.http import Request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeon")]


def test_what_the_network_had_stopped_telling_is_read_since_all_was_well(
    account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_: object) -> Any:
        yield Request("GET", "https://pigeon.example/me")
        return Checked("9", lost=("feed",))

    put_on_wire(monkeypatch, Wire())
    jobs.check_account(account.pk)
    account.refresh_from_db()
    well = account.well_at
    assert well is not None
    assert not ProcrastinateJob.objects.filter(task_name=missed.MIND_GAP).exists()
    changed(account, problem="network_down", checked_at=clock.now(), broken_at=clock.now())
    monkeypatch.setattr(pigeon, "check", check)
    jobs.check_account(account.pk)
    (minded,) = ProcrastinateJob.objects.filter(task_name=missed.MIND_GAP)
    assert minded.args == {"account": account.pk, "since": well.isoformat()}


def test_where_reading_it_could_not_be_ordered_it_is_still_missing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    put_on_wire(monkeypatch, Wire())
    changed(account, state="broken", problem="network_down", broken_at=ago(hours=2))
    monkeypatch.setattr(jobs, "mind_gap", killed)
    with pytest.raises(SystemExit):
        jobs.check_account(account.pk)
    monkeypatch.undo()
    account.refresh_from_db()
    assert account.broken_at is not None


def test_before_a_good_check_was_noted_the_last_one_counts(
    account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_: object) -> Any:
        yield from ()
        return Checked("9", lost=("feed",))

    changed(account, connected_at=ago(days=300))
    monkeypatch.setattr(pigeon, "check", check)
    jobs.check_account(account.pk)
    (minded,) = ProcrastinateJob.objects.filter(task_name=missed.MIND_GAP)
    assert account.checked_at is not None
    assert minded.args["since"] == account.checked_at.isoformat()


def test_what_is_told_while_the_network_is_asked_stays_to_be_asked_after(
    account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_: object) -> Any:
        yield from ()
        changed(Account.objects.get(pk=account.pk), facts={"open": ["1", "2", "3"]})
        return Checked("9", facts={"open": ["2"]})

    changed(account, facts={"open": ["1", "2"]})
    monkeypatch.setattr(pigeon, "check", check)
    jobs.check_account(account.pk)
    account.refresh_from_db()
    assert account.facts == {"open": ["2", "3"]}


class TestWhatTheNetworkTold:
    """A check proves the sign-in, not that what the network said against the account is over."""

    def said(self, account: Account) -> tuple[str, str]:
        jobs.check_account(account.pk)
        account.refresh_from_db()
        return account.state, account.problem

    @pytest.fixture(autouse=True)
    def _well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        put_on_wire(monkeypatch, Wire())

    @pytest.fixture
    def told(self, account: Account) -> Account:
        at = clock.now().isoformat()
        told = {"at": at, "problem": "account_blocked", "detail": "suspended"}
        return changed(account, state="broken", problem="account_blocked", told=told, broken_at=ago(hours=1))

    def test_a_check_does_not_clear_it(self, told: Account) -> None:
        changed(told, problem="network_down", problem_detail="no route")
        assert self.said(told) == ("broken", "account_blocked")
        assert told.problem_detail == "suspended"
        assert told.broken_at is not None
        assert not ProcrastinateJob.objects.filter(task_name=missed.MIND_GAP).exists()

    @pytest.mark.parametrize("seen_to", [verbs.check_again, lambda account: verbs.reconnect(account, GOOD)])
    def test_a_person_does(self, told: Account, seen_to: Any) -> None:
        seen_to(told)
        assert self.said(told) == ("connected", "")
        assert ProcrastinateJob.objects.filter(task_name=missed.MIND_GAP).exists()

    def test_a_refusal_to_send_is_believed_for_a_day(self, account: Account) -> None:
        def refusing(_: object) -> Any:
            yield Request("POST", "https://pigeon.example/say")
            raise Refusal("account_blocked", code="usage-capped")

        with pytest.raises(Refusal):
            sessions.with_session(account, refusing)
        assert self.said(account) == ("broken", "account_blocked")
        with clock.moved(sessions.BLOCK_HOLDS):
            assert self.said(account) == ("connected", "")
