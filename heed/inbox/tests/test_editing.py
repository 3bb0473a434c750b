"""Changing what we said: how long it may be, when it is tried again, and which of two changes stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.channels.base import AccountRecord, Action, Limit, Refusal, Target
from heed.channels.models import Account
from heed.channels.telegram.adapter import Telegram
from heed.inbox import jobs, verbs
from heed.inbox.models import Event, Message, Revision, Ticket
from heed.inbox.possible_actions import actions
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import PLAIN, can
from heed.lib import clock
from heed.lib.http import Steps, Unreachable

pytestmark = pytest.mark.django_db

CAPTION = replace(PLAIN, caption=Limit("chars", 10))


@pytest.fixture
def ticket(account: Account, rubber: Rubber) -> Ticket:
    can(rubber, CAPTION, on_private_ours=frozenset({"edit"}))
    news(account, private("1"))
    return Ticket.objects.get()


def said(ticket: Ticket, text: str, **facts: Any) -> Message:
    known = {"account_id": ticket.account_id, "visibility": "private", "external_id": "o", "state": "sent"}
    return Message.objects.create(ticket=ticket, direction="out", text=text, **{**known, **facts})


@pytest.mark.parametrize(
    ("text", "file", "was", "most"),
    [
        ("short", False, "", 100),
        ("short", True, "", 10),
        ("", True, "", 10),
        ("much too long for that", True, "", 100),
        ("short now", True, "much too long for that", 100),
        ("shorter", True, "short", 10),
    ],
)
def test_under_a_file_a_text_stays_short(ticket: Ticket, text: str, file: bool, was: str, most: int) -> None:
    message = said(ticket, text)
    if file:
        message.attachments.create(kind="image", name="a.png")
    if was:
        now = message.edited_at = clock.now()
        for at, each in ((now, text), (now - timedelta(minutes=1), was)):
            Revision.objects.create(message=message, at=at, text=each)
    (offered,) = actions(message)
    assert [limit.most for limit in offered.limits] == [most]


def test_telegram_says_how_much_stands_under_a_file() -> None:
    writing = Telegram.capabilities.private
    assert writing is not None
    assert writing.caption == Limit("utf16", 1024)


def tried(attempts: int) -> Any:
    """The job at this try."""
    return SimpleNamespace(job=SimpleNamespace(attempts=attempts))


def waits(error: Exception, attempts: int = 0) -> int | None:
    """For how many seconds a job that failed like this rests."""
    strategy = jobs.act_on_network.retry_strategy
    assert strategy is not None
    found = strategy.get_retry_decision(exception=error, job=tried(attempts).job)
    return round((found.retry_at - clock.now()).total_seconds()) if found and found.retry_at else None


def test_an_action_comes_back_when_the_network_asks_for_it() -> None:
    slower = Refusal("slow_down", retry=True, after=900)
    assert (waits(slower), waits(slower, 50), waits(slower, jobs.MOST_SLOWED)) == (900, 900, None)
    assert [waits(Unreachable("x"), each) for each in (0, 1, jobs.MOST_TRIES)] == [4, 16, None]
    assert [waits(Refusal("slow_down", retry=True, after=0), each) for each in (0, 1, 50)] == [4, 16, 64]
    assert waits(Refusal("gone")) is None
    assert waits(ValueError("ours"), jobs.MOST_TRIES) is None


class TestOfTheWholeAccount:
    @pytest.fixture
    def message(self, ticket: Ticket) -> Message:
        return said(ticket, "helo")

    def does(self, rubber: Rubber, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        def act(
            account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
        ) -> Steps[Mapping[str, Any]]:
            yield from ()
            rubber.done.append((action, target))
            raise error

        monkeypatch.setattr(rubber, "act", act)

    def test_one_that_is_slowed_down_lets_the_others_rest(
        self, message: Message, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.does(rubber, monkeypatch, Refusal("slow_down", retry=True, after=900, whole_account=True))
        for _time in range(2):
            with pytest.raises(Refusal) as put_off:
                jobs.act_on_network.func(tried(60), message.pk, "edit", ana.pk, "hello")
            assert put_off.value.after == pytest.approx(900, abs=5)
        assert len(rubber.done) == 1
        assert not Event.objects.filter(kind="action_failed").exists()

    def test_it_is_not_put_off_for_ever(
        self, message: Message, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.does(rubber, monkeypatch, Refusal("slow_down", retry=True))
        jobs.act_on_network.func(tried(jobs.MOST_SLOWED), message.pk, "edit", ana.pk, "hello")
        assert Event.objects.get(kind="action_failed").facts["reason"] == "slow_down"


def test_of_two_edits_the_later_waits_for_the_first(ticket: Ticket, ana: User) -> None:
    """Also while the first has to be tried again, and not for those of another message."""
    first, other = said(ticket, "helo"), said(ticket, "helo", external_id="o2")
    ProcrastinateJob.objects.all().delete()
    for message, text in ((first, "hello"), (first, "hello!"), (other, "good day")):
        verbs.act(message, ana, "edit", text)
    one = ProcrastinateJob.objects.order_by("id")[0].pk
    run(
        "UPDATE procrastinate_jobs SET attempts = 1, scheduled_at = now() + interval '1 hour' WHERE id = %s",
        one,
    )
    assert [each["value"] for each in fetched()] == ["good day"]
    run("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE id = %s", one)
    assert [each["value"] for each in fetched()] == ["hello", "hello!"]


def fetched() -> list[dict[str, Any]]:
    """What a worker does now, one after the other."""
    found = []
    while rows := run(_NEXT_JOB):
        ((job, args),) = rows
        found.append(orjson.loads(args))
        run("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", job)
    return found


_NEXT_JOB = """
SELECT id, args FROM procrastinate_fetch_job_v2(NULL::varchar[], NULL::bigint) WHERE id IS NOT NULL
"""
