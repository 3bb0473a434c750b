"""Deferring jobs: once each, within the transaction that causes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

AGAIN = RetryStrategy(max_attempts=8, wait=5)
"""For jobs that nobody would defer again: the database may be away, or have let somebody else go first."""


@dataclass(frozen=True)
class Named:
    """A job known by its name alone: those who defer it may stand below those who do it."""

    name: str
    queue: str

    def configure(self, **more: Any) -> Any:
        return app.configure_task(self.name, queue=self.queue, allow_unknown=True, **more)

    def defer(self, **arguments: Any) -> None:
        self.configure().defer(**arguments)


def defer_once(job: object, lock: str, wait: int = 0, *, alone: bool = False, **arguments: Any) -> None:
    """Defer a job, after `wait` seconds, unless the same one already waits; with `alone` it waits for another
    that is being done, too."""
    how: dict[str, Any] = {"schedule_in": {"seconds": wait}} if wait else {}
    if alone:
        how["lock"] = lock
    try:
        with transaction.atomic():
            job.configure(queueing_lock=lock, **how).defer(**arguments)  # type: ignore[attr-defined]
    except AlreadyEnqueued:
        return


def defer_each_once(
    job: object, wanted: Mapping[str, Mapping[str, Any]], *, unless_doing: bool = False
) -> None:
    """Defer a job with each of these arguments, by their locks, unless the same one already waits (with
    `unless_doing` also where it is being done): all of them together, unless somebody else defers one of them
    just now."""
    known = _locks(_WAITING, wanted) if wanted else set()
    if unless_doing and wanted:
        known |= _locks(_DOING, wanted)
    new = {lock: arguments for lock, arguments in wanted.items() if lock not in known}
    if not new:
        return
    each = [
        job.configure(queueing_lock=lock).make_new_job(**arguments)  # type: ignore[attr-defined]
        for lock, arguments in new.items()
    ]
    try:
        with transaction.atomic():
            app.job_manager.batch_defer_jobs(each)
    except AlreadyEnqueued:
        for lock, arguments in new.items():
            defer_once(job, lock, **arguments)


_WAITING = "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%s)"
_DOING = """
SELECT queueing_lock FROM procrastinate_jobs
WHERE status = 'doing' AND worker_id IS NOT NULL AND queueing_lock = ANY(%s)
"""


def _locks(asked: str, wanted: Mapping[str, object]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(asked, [[*wanted]])
        return {lock for (lock,) in cursor.fetchall()}
