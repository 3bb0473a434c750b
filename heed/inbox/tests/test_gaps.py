"""What was missed is read afterwards: nothing twice, nothing skipped, and what cannot be had is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels import health, missed, verbs
from heed.channels.base import AccountChanged, AccountRecord, AccountStale, Collected, Refusal
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.inbox import gaps, intake, jobs, ledger, news
from heed.inbox.models import Delivery, Gap, Heartbeat, Message
from heed.inbox.tests.deliveries import private
from heed.inbox.tests.rubber import Rubber, body
from heed.lib import clock
from heed.lib.http import Steps, Unreachable

pytestmark = pytest.mark.django_db

MISSED = [private("1"), private("2", 1), private("3", 2)]


@pytest.fixture
def pages(rubber: Rubber, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the network answers when asked for what was missed, page by page; asked is kept in `cursors`."""
    answers: list[Any] = []

    def backfill(self: Rubber, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        yield from ()
        self.cursors.append(dict(cursor))
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        found: Collected = answer
        return found

    monkeypatch.setattr(Rubber, "backfill", backfill, raising=False)
    return answers


def three_pages() -> list[Any]:
    return [
        Collected((body(MISSED[0]),), {"page": 1}, more=True),
        Collected((body(MISSED[1]),), {"page": 2}, more=True),
        Collected((body(MISSED[2]),), {"page": 3}),
    ]


def waiting(name: str) -> list[dict[str, Any]]:
    rows = ProcrastinateJob.objects.filter(task_name=name, status="todo").order_by("id")
    return [dict(row.args) for row in rows]


def opened(account: Account) -> Gap:
    gap = gaps.open_gap(account.pk, clock.now() - timedelta(hours=1))
    assert gap is not None
    return gap


def read_in() -> list[str]:
    """Have all deliveries read; gives back what is in the inbox."""
    while intake.take_batch():
        pass
    return sorted(Message.objects.values_list("external_id", flat=True))


def test_every_page_is_read_once(account: Account, rubber: Rubber, pages: list[Any]) -> None:
    gap = opened(account)
    pages += three_pages()
    assert gaps.fill(gap.pk) == 3
    gap.refresh_from_db()
    assert (gap.state, gap.found, gap.cursor) == ("filled", 3, {"page": 3})
    assert rubber.cursors[1:] == [{"page": 1}, {"page": 2}]
    assert rubber.cursors[0]["since"] < gap.since.isoformat()  # a little earlier: clocks differ
    assert read_in() == ["1", "2", "3"]
    assert gaps.fill(gap.pk) == 3  # filled: nobody is asked again
    assert len(rubber.cursors) == 3


def test_what_was_known_already_changes_nothing(account: Account, pages: list[Any]) -> None:
    ledger.append(account.pk, [body(MISSED[0])])
    assert read_in() == ["1"]
    pages += three_pages()
    gaps.fill(opened(account).pk)
    assert read_in() == ["1", "2", "3"]


@pytest.mark.parametrize("error", [Unreachable("no route"), Refusal("slow_down", retry=True)])
def test_after_a_crash_in_the_middle_it_reads_on(
    account: Account, rubber: Rubber, pages: list[Any], error: Exception
) -> None:
    gap = opened(account)
    first, *others = three_pages()
    pages += [first, error, *others]
    jobs.fill_gap(gap=gap.pk)
    gap.refresh_from_db()
    assert (gap.state, gap.found, Delivery.objects.count()) == ("filling", 1, 1)
    jobs.fill_gaps(0)
    assert waiting("heed.inbox.jobs.fill_gap") == [{"gap": gap.pk}]
    jobs.fill_gap(gap=gap.pk)
    gap.refresh_from_db()
    assert (gap.state, gap.found) == ("filled", 3)
    assert rubber.cursors[1:] == [{"page": 1}, {"page": 1}, {"page": 2}]
    assert Delivery.objects.count() == 3
    assert read_in() == ["1", "2", "3"]


def test_a_page_and_its_cursor_are_kept_together(
    account: Account, pages: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = opened(account)
    pages += three_pages()

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append", full)
        with pytest.raises(OSError, match="disk"):
            gaps.fill(gap.pk)
    gap.refresh_from_db()
    assert (gap.found, "since" in gap.cursor) == (0, True)


def test_of_two_who_read_the_same_page_one_keeps_it(
    account: Account, rubber: Rubber, pages: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = opened(account)
    pages += three_pages()
    theirs = Rubber.backfill

    def meanwhile(self: Rubber, record: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        monkeypatch.setattr(Rubber, "backfill", theirs)
        gaps.fill(gap.pk)
        yield from ()
        return Collected((body(MISSED[0]),), {"page": 1}, more=True)

    monkeypatch.setattr(Rubber, "backfill", meanwhile)
    gaps.fill(gap.pk)
    gap.refresh_from_db()
    assert (gap.state, gap.found, Delivery.objects.count()) == ("filled", 3, 3)


def test_a_long_gap_is_gone_on_with_later(
    account: Account, pages: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = opened(account)
    pages += three_pages()
    monkeypatch.setattr(gaps, "_MOST_PAGES", 2)
    jobs.fill_gap(gap=gap.pk)
    assert gaps.unfilled() == [gap.pk]
    jobs.fill_gap(gap=gap.pk)
    assert gaps.unfilled() == []
    assert read_in() == ["1", "2", "3"]


def test_what_is_not_to_be_had_yet_is_asked_for_later(
    account: Account, rubber: Rubber, pages: list[Any]
) -> None:
    gap = opened(account)
    first, second, last = three_pages()
    pages += [first, Collected((), {"page": 1}, more=True), second, last]
    assert gaps.fill(gap.pk) == 1
    assert (gaps.unfilled(), len(rubber.cursors)) == ([gap.pk], 2)
    assert gaps.fill(gap.pk) == 3
    assert gaps.unfilled() == []


def test_a_broken_account_waits_until_it_works(account: Account, pages: list[Any]) -> None:
    gap = opened(account)
    Account.objects.update(problem="sign_in_again")
    assert gaps.unfilled() == []
    Account.objects.update(problem="")
    assert gaps.unfilled() == [gap.pk]


def test_what_is_too_old_is_given_up(account: Account, pages: list[Any]) -> None:
    gap = opened(account)
    with clock.moved(gaps.TOO_OLD - timedelta(minutes=1)):
        assert gaps.unfilled() == [gap.pk]
    with clock.moved(gaps.TOO_OLD + timedelta(minutes=1)):
        assert gaps.unfilled() == []
    gap.refresh_from_db()
    assert gap.state == "lost"


def test_what_the_network_holds_back_is_said_beside_what_it_gave(account: Account, pages: list[Any]) -> None:
    gap = opened(account)
    since, until = clock.now() - timedelta(days=9), clock.now() - timedelta(days=7)
    pages += [Collected((body(MISSED[0]),), {}, lost=((since, until),))]
    gaps.fill(gap.pk)
    assert [(each.state, each.since) for each in gaps.latest(account)] == [
        ("filled", gap.since),
        ("lost", since),
    ]


def test_what_the_network_turned_off_is_read_from_then_on(account: Account) -> None:
    news.apply(account, AccountChanged(problem="sign_in_again"))
    account.refresh_from_db()
    since = account.broken_at
    assert since is not None
    with clock.moved(timedelta(hours=1)):
        news.apply(account, AccountChanged(problem="account_blocked"))
    account.refresh_from_db()
    assert account.broken_at == since  # it has not worked since the first


class TestWhatTheNetworkSays:
    """Of our account: in order of its own time, and once."""

    BLOCKED = AccountChanged(problem="account_blocked", detail="spam", at=clock.now() - timedelta(hours=2))
    HOUR_AGO = clock.now() - timedelta(hours=1)
    OVER = AccountChanged(at=HOUR_AGO)

    @pytest.fixture(autouse=True)
    def _signed_in(self, account: Account) -> None:
        account.credentials = {"token": "t"}
        account.save()

    def now(self, account: Account, *found: AccountChanged) -> tuple[str, str]:
        for each in found:
            news.apply(account, each)
        account.refresh_from_db()
        return account.problem, account.problem_detail

    def test_that_it_is_over_has_the_account_checked(self, account: Account) -> None:
        assert self.now(account, self.BLOCKED) == ("account_blocked", "spam")
        assert self.now(account, AccountChanged(detail="a remark")) == ("account_blocked", "spam")
        assert waiting(missed.CHECK) == []
        self.now(account, self.OVER)
        assert waiting(missed.CHECK) == [{"account_id": account.pk}]
        check_account(account.pk)
        assert self.now(account) == ("", "")

    @pytest.mark.parametrize("first", [(BLOCKED, OVER), (OVER,)])
    def test_what_it_said_earlier_does_not_come_back(self, account: Account, first: Any) -> None:
        self.now(account, *first)
        check_account(account.pk)
        assert self.now(account, self.BLOCKED) == ("", "")

    def test_what_is_to_be_asked_after_is_added_whenever_it_was_said(self, account: Account) -> None:
        """Two of one batch lose nothing of each other, and what comes late takes nothing back."""
        Account.objects.update(facts={"level": "a", "open": ["1"]})
        for minutes, each in ((3, "3"), (2, "2"), (3, "3")):
            said = AccountChanged(at=self.HOUR_AGO + timedelta(minutes=minutes), facts={"open": [each]})
            ledger.append(account.pk, [body(said)])
        intake.take_batch()
        self.now(account)
        assert account.facts == {"level": "a", "open": ["1", "3", "2"]}  # as they came in

    def test_of_many_accounts_it_is_written_last_and_in_order(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Account.objects.create(network=account.network, name="Other", external_id="other")
        told: list[object] = []
        monkeypatch.setattr(news, "apply", lambda who, said: told.append((who.pk, type(said))))
        for each, said in [(other, AccountChanged()), (account, AccountChanged()), (account, AccountStale())]:
            ledger.append(each.pk, [body(said)])
        intake.take_batch()
        assert told == [
            (account.pk, AccountStale),
            (account.pk, AccountChanged),
            (other.pk, AccountChanged),
        ]

    def test_nor_after_a_person_saw_to_it(self, account: Account) -> None:
        self.now(account, self.BLOCKED)
        verbs.check_again(account)
        assert self.now(account, self.BLOCKED) == ("", "")

    @pytest.mark.parametrize("problem", ["", "network_down"])
    def test_a_remark_is_warned_of_past_the_next_check_until_a_person_saw_to_it(
        self, account: Account, problem: str
    ) -> None:
        Account.objects.update(problem=problem)
        self.now(account, AccountChanged(detail="quality is red", at=self.HOUR_AGO))
        check_account(account.pk)
        account.refresh_from_db()
        (warning,) = health.warnings(account)
        assert (warning.kind, warning.detail) == ("remark", "quality is red")
        verbs.check_again(account)
        check_account(account.pk)
        account.refresh_from_db()
        assert health.warnings(account) == []


def test_what_came_while_it_was_disconnected_is_read(account: Account, pages: list[Any]) -> None:
    verbs.disconnect(account)
    with clock.moved(timedelta(hours=1)):
        verbs.reconnect(account, {})
        check_account(account.pk)
        (minded,) = waiting("heed.mind_gap")
        jobs.mind_gap(**minded)
        pages += three_pages()
        jobs.fill_gap(**waiting("heed.inbox.jobs.fill_gap")[0])
        assert read_in() == ["1", "2", "3"]


class TestOpening:
    def test_the_time_is_noted_and_read(self, account: Account, pages: list[Any]) -> None:
        since = clock.now() - timedelta(hours=1)
        jobs.mind_gap(account=account.pk, since=since.isoformat())
        jobs.mind_gap(account=account.pk, since=since.isoformat())  # the same job, run twice
        gap = Gap.objects.get()
        assert (gap.since, gap.state) == (since, "filling")
        assert gap.until > since
        assert waiting("heed.inbox.jobs.fill_gap") == [{"gap": gap.pk}]
        assert gaps.latest(account) == [gap]

    def test_a_network_that_cannot_be_asked(self, account: Account, rubber: Rubber) -> None:
        assert not gaps.can_fill(rubber)
        jobs.mind_gap(account=account.pk, since=clock.now().isoformat())
        assert Gap.objects.get().state == "lost"
        assert waiting("heed.inbox.jobs.fill_gap") == []

    def test_a_polled_network_goes_on_by_itself(
        self, account: Account, rubber: Rubber, pages: list[Any]
    ) -> None:
        rubber.polls = True
        jobs.mind_gap(account=account.pk, since=clock.now().isoformat())
        assert not Gap.objects.exists()

    @pytest.mark.parametrize("webhooks", [True, False])
    def test_x_is_read_back_where_it_has_a_webhook(self, account: Account, webhooks: bool) -> None:
        Account.objects.update(network="x", facts={"webhooks": webhooks})
        jobs.mind_gap(account=account.pk, since=clock.now().isoformat())
        assert [each.state for each in Gap.objects.all()] == ["filling"] * webhooks
        assert len(waiting("heed.inbox.jobs.fill_gap")) == webhooks

    @pytest.mark.parametrize("facts", [{"external_id": ""}, None])
    def test_an_account_that_never_worked_or_is_gone(
        self, account: Account, pages: list[Any], facts: dict[str, Any] | None
    ) -> None:
        number = account.pk
        if facts is None:
            account.delete()
        else:
            Account.objects.update(**facts)
        jobs.mind_gap(account=number, since=clock.now().isoformat())
        assert not Gap.objects.exists()


class TestTheDoorWasShut:
    """What the door notes when it opens again (see heed/door) is seen to once, for every account."""

    @pytest.fixture(autouse=True)
    def _signed_in(self, account: Account) -> None:
        account.credentials = {"token": "t"}
        account.save()

    def shut(self, since: datetime | None) -> None:
        Heartbeat.objects.update_or_create(name="door", defaults={"at": clock.now(), "silent_since": since})

    def minded(self) -> list[dict[str, Any]]:
        jobs.mind_silence(0)
        return waiting("heed.mind_gap")

    def test_a_door_that_never_was_or_never_shut(self) -> None:
        assert self.minded() == []
        self.shut(None)
        assert self.minded() == []

    def test_every_account_is_asked_once(self, account: Account) -> None:
        since = clock.now() - timedelta(hours=1)
        self.shut(since)
        found = self.minded()
        assert [(each["account"], clock.from_iso(each["since"])) for each in found] == [(account.pk, since)]
        assert waiting(missed.CHECK) == [
            {"account_id": account.pk}
        ]  # the network may have given up telling us
        assert self.minded() == found

    def test_what_breaks_off_is_noticed_again(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*given: object) -> None:
            raise OperationalError("the database is away")

        self.shut(clock.now() - timedelta(hours=1))
        with monkeypatch.context() as patch:
            patch.setattr(missed, "check_soon", broken)
            with pytest.raises(OperationalError):
                jobs.mind_silence(0)
        assert [each["account"] for each in self.minded()] == [account.pk]

    def test_a_disconnected_account_misses_nothing(self, account: Account) -> None:
        Account.objects.update(locked_credentials=b"")
        self.shut(clock.now() - timedelta(hours=1))
        assert self.minded() == []
