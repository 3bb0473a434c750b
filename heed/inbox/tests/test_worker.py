"""The worker: answers go out whatever else is under way, and nothing is done twice by the clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException
from procrastinate.periodic import PeriodicRegistry

from heed.inbox import fetch, jobs, outbox, reactions, worker

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 120  # seconds after which a test gives up


@contextmanager
def working() -> Iterator[None]:
    """A worker at work in a thread, stopped in order."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_worker, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        asyncio.run(sync_to_async(connections.close_all)())  # the one its clock used


@pytest.fixture(autouse=True)
def no_job_stays(transactional_db: None) -> Iterator[None]:
    """What a worker that stopped left undone is of no test after it."""
    yield
    ProcrastinateJob.objects.all().delete()


def test_slow_files_never_hold_up_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    many, answered, let_go = threading.Semaphore(0), threading.Event(), threading.Event()

    def slow(message: int) -> None:
        many.release()
        let_go.wait(2 * PATIENCE)

    def at_once(ticket: int) -> None:
        answered.set()

    monkeypatch.setattr(fetch, "files_of", slow)
    monkeypatch.setattr(outbox, "send_next", at_once)
    for number in range(40):
        jobs.fetch_files.defer(message=number)
    with working():
        try:
            for _ in range(worker.CONCURRENCY):
                assert many.acquire(timeout=PATIENCE)
            jobs.send_answers.defer(ticket=1)
            assert answered.wait(PATIENCE)
        finally:
            let_go.set()


def test_slow_networks_never_hold_up_what_follows_from_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    many, followed, let_go = threading.Semaphore(0), threading.Event(), threading.Event()

    def slow(message: int) -> None:
        many.release()
        let_go.wait(2 * PATIENCE)

    monkeypatch.setattr(fetch, "files_of", slow)
    monkeypatch.setattr(reactions, "react", lambda events: followed.set())
    for number in range(worker.CONCURRENCY):
        jobs.fetch_files.defer(message=number)
    with working():
        try:
            for _ in range(worker.CONCURRENCY):
                assert many.acquire(timeout=PATIENCE)
            reactions.react_to_waiting.defer(events=[1])
            assert followed.wait(PATIENCE)
        finally:
            let_go.set()


def test_jobs_under_way_are_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, let_go = threading.Event(), threading.Event()
    done: list[int] = []

    def slow(message: int) -> None:
        begun.set()
        let_go.wait(PATIENCE)
        done.append(message)

    monkeypatch.setattr(fetch, "files_of", slow)
    jobs.fetch_files.defer(message=7)
    with working():
        assert begun.wait(PATIENCE)
        threading.Timer(0.5, let_go.set).start()
    assert done == [7]
    assert not ProcrastinateJob.objects.filter(task_name=jobs.fetch_files.name).exists()


def test_every_queue_is_worked_and_one_worker_keeps_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    queues: list[str] = []
    clocks: list[PeriodicRegistry] = []

    async def run(self: Any, **options: Any) -> None:
        queues.extend(options["queues"])
        clocks.append(self.periodic_registry)

    monkeypatch.setattr("procrastinate.App.run_worker_async", run)
    worker.run_worker(threading.Event())
    assert sorted(queues) == sorted({task.queue for task in app.tasks.values()})
    assert [bool(clock.periodic_tasks) for clock in clocks].count(True) == 1


class Manager:
    """Stands in for procrastinate's: two jobs of a killed worker, of which another process took one back."""

    def __init__(self) -> None:
        self.asked = 0
        self.taken: list[str] = []

    async def get_stalled_jobs(self, **_: object) -> list[SimpleNamespace]:
        self.asked += 1
        if self.asked == 1:
            raise ConnectorException("the database is away")
        if self.asked > 2:
            raise asyncio.CancelledError
        return [SimpleNamespace(id="of another process"), SimpleNamespace(id="ours")]

    async def retry_job(self, job: Any, **_: object) -> None:
        if job.id == "of another process":
            raise ConnectorException("invalid status to retry")
        self.taken.append(job.id)


def test_taking_jobs_back_goes_on_whoever_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: float) -> None:
        pass

    manager = Manager()
    monkeypatch.setattr(asyncio, "sleep", at_once)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(worker._take_back_stalled(SimpleNamespace(job_manager=manager)))  # type: ignore[arg-type]
    assert manager.taken == ["ours"]
