"""Jobs that fail come back without standing in each other's way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels.base import PostSeen, Refusal
from heed.channels.models import Account
from heed.channels.reasons import UNTIL_A_PERSON_ACTS
from heed.inbox import fetch, jobs
from heed.inbox.models import Attachment, Message, Post
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import news, private
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AddressRefused, Unreachable
from heed.lib.jobs import defer_each_once, defer_once

pytestmark = pytest.mark.django_db


def waiting(name: str) -> list[dict[str, object]]:
    rows = ProcrastinateJob.objects.filter(task_name=f"heed.inbox.jobs.{name}", status="todo")
    return [dict(row.args) for row in rows]


@pytest.fixture
def file(account: Account, rubber: Rubber) -> Attachment:
    news(account, private("1"))
    return Attachment.objects.create(message=Message.objects.get(), kind="image", url="http://x/a.png")


def test_a_file_is_tried_again_and_given_up(file: Attachment, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(message: int) -> None:
        raise fetch.TryAgain("not now")

    monkeypatch.setattr(fetch, "files_of", gone)
    number = file.message_id or 0
    jobs.fetch_files(message=number)
    jobs.fetch_files(message=number)  # the same again while one waits: still one
    assert waiting("fetch_files") == [{"message": number, "attempt": 2}]
    jobs.fetch_files(message=number, attempt=jobs.MOST_TRIES)
    file.refresh_from_db()
    assert file.state == "waiting"  # an outage of some minutes is no reason to give up
    jobs.fetch_files(message=number, attempt=28)
    file.refresh_from_db()
    assert file.state == "failed"


@pytest.mark.parametrize(
    ("error", "count"),
    [(Unreachable("x"), 1), (Refusal("slow_down", retry=True), 1), (Refusal("gone"), 0)],
)
def test_a_look_up_comes_back_when_it_may_help(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch, error: Exception, count: int
) -> None:
    def fails(*_: object) -> object:
        raise error

    monkeypatch.setattr(rubber, "look_up", fails)
    for _ in range(2):
        jobs.look_up(account=account.pk, what="post", external_id="post", refs={})
    assert len(waiting("look_up")) == count


def _rests() -> float:
    job = ProcrastinateJob.objects.get(task_name=jobs.look_up.name, status="todo")
    assert job.scheduled_at is not None
    return float((job.scheduled_at - clock.now()).total_seconds())


def test_a_network_that_wants_an_hour_gets_it(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise Refusal("slow_down", retry=True, after=3600)

    monkeypatch.setattr(rubber, "look_up", fails)
    jobs.look_up(account=account.pk, what="message", external_id="1", refs={})
    assert _rests() > 3500


@pytest.mark.parametrize("problem", UNTIL_A_PERSON_ACTS)
def test_what_a_message_says_is_asked_for_until_the_account_works_again(
    account: Account, rubber: Rubber, problem: str
) -> None:
    Account.objects.update(problem=problem)
    jobs.look_up(account=account.pk, what="person", external_id="lea", refs={})
    jobs.look_up(account=account.pk, what="message", external_id="1", refs={}, attempt=20)
    assert _rests() > 3500
    assert waiting("look_up")[0]["external_id"] == "1"
    ProcrastinateJob.objects.all().delete()
    jobs.look_up(account=account.pk, what="message", external_id="1", refs={}, attempt=76)
    assert waiting("look_up") == []


@pytest.mark.parametrize(("what", "count"), [("message", 1), ("person", 0)])
def test_whoever_finds_out_that_the_sign_in_ended_asks_again_too(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch, what: str, count: int
) -> None:
    def fails(*_: object) -> object:
        raise Refusal("sign_in_again")

    monkeypatch.setattr(rubber, "look_up", fails)
    jobs.look_up(account=account.pk, what=what, external_id="1", refs={})
    assert len(waiting("look_up")) == count


def test_a_look_up_that_breaks_is_not_lost(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wanted the same while it was being done left it to that job."""
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "apply_news", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.look_up(account=account.pk, what="post", external_id="post", refs={})
    (again,) = waiting("look_up")
    rubber.news = [PostSeen(external_id="post", text="New boots")]
    jobs.look_up(**again)  # type: ignore[arg-type]
    assert Post.objects.get().text == "New boots"


def test_where_a_network_is_away_one_look_up_finds_out(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise Unreachable("x")

    monkeypatch.setattr(rubber, "look_up", fails)
    for number in range(3):
        asked: dict[str, Any] = {
            "account": account.pk,
            "what": "post",
            "external_id": f"{number}",
            "refs": {},
        }
        defer_once(jobs.look_up, f"{number}", **asked)
    defer_once(jobs.look_up, "another", account=account.pk + 1, what="post", external_id="x", refs={})
    jobs.look_up(account=account.pk, what="post", external_id="first", refs={})
    now = ProcrastinateJob.objects.filter(task_name=jobs.look_up.name, scheduled_at=None)
    assert [each.queueing_lock for each in now] == ["another"]
    assert ProcrastinateJob.objects.filter(scheduled_at__gt=clock.now()).count() == 4


def test_what_was_never_tried_waits_a_minute_at_most(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise Unreachable("x")

    monkeypatch.setattr(rubber, "look_up", fails)
    asked: dict[str, Any] = {"account": account.pk, "what": "post", "external_id": "1", "refs": {}}
    defer_once(jobs.look_up, "waits", **asked)
    jobs.look_up(account=account.pk, what="post", external_id="first", refs={}, attempt=5)
    put_off = ProcrastinateJob.objects.get(queueing_lock="waits").scheduled_at
    assert put_off is not None
    assert put_off - clock.now() < timedelta(seconds=70)


def test_an_address_that_is_refused_says_nothing_of_the_others(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise AddressRefused("x")

    monkeypatch.setattr(rubber, "look_up", fails)
    asked: dict[str, Any] = {"account": account.pk, "what": "post", "external_id": "1", "refs": {}}
    defer_once(jobs.look_up, "waits", **asked)
    jobs.look_up(account=account.pk, what="post", external_id="first", refs={})
    assert ProcrastinateJob.objects.get(queueing_lock="waits").scheduled_at is None


def test_what_is_being_looked_up_is_not_asked_for_again(account: Account, rubber: Rubber) -> None:
    wanted = {"first": {"post": 1}, "second": {"post": 2}}
    defer_each_once(jobs.fetch_picture, wanted)
    run(
        "WITH me AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id) "
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = me.id FROM me "
        "WHERE queueing_lock = 'first'"
    )
    defer_each_once(jobs.fetch_picture, wanted, unless_doing=True)
    assert waiting("fetch_picture") == [{"post": 2}]
    defer_each_once(jobs.fetch_picture, wanted)
    assert len(waiting("fetch_picture")) == 2


def test_an_unknown_account_is_let_be(db: None) -> None:
    jobs.look_up(account=10**9, what="post", external_id="x", refs={})


def test_many_jobs_are_deferred_at_once_and_each_once(
    db: None, django_assert_max_num_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    defer_once(jobs.fetch_picture, "picture:3", post=3)
    wanted = {f"picture:{post}": {"post": post} for post in range(30)}
    with django_assert_max_num_queries(4):
        defer_each_once(jobs.fetch_picture, wanted)
    defer_each_once(jobs.fetch_picture, wanted)
    assert sorted(each["post"] for each in waiting("fetch_picture")) == [*range(30)]  # type: ignore[type-var]


def test_what_somebody_else_defers_meanwhile_is_left_to_them(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    defer_once(jobs.fetch_picture, "picture:1", post=1)
    monkeypatch.setattr(jobs, "run", lambda _sql, *_columns: [])
    defer_each_once(jobs.fetch_picture, {f"picture:{post}": {"post": post} for post in (1, 2)})
    monkeypatch.undo()
    assert [each["post"] for each in waiting("fetch_picture")] == [1, 2]
