"""The worker process: runs the jobs, and takes back those whose worker died.

Answers have threads of their own, and so has what follows by itself from a message: however slowly files are
fetched or networks polled, neither an answer nor a rule ever stands behind them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.periodic import PeriodicRegistry

from heed.inbox import ears
from heed.lib import clock

log = logging.getLogger("heed.worker")

ANSWERS = "send"
"""The queue of answers and of what agents do with messages."""

AT_HOME = ("reactions", "routing", "words")
"""The queues of what the desk does with its own database alone."""

CONCURRENCY = 6
"""Jobs at once, of answers and of all the rest each."""

_AT_HOME_AT_ONCE = 3
"""Few: what waits is done together."""

_STALLED_AFTER = 30


def run_worker(stop: threading.Event) -> None:
    """Work until told to stop; jobs under way are finished."""
    over = threading.Event()
    listening = threading.Thread(target=ears.keep_open, args=(over,), name="ears", daemon=True)
    listening.start()
    try:
        asyncio.run(_run(stop))
    finally:
        over.set()
        listening.join(10)


async def _run(stop: threading.Event) -> None:
    # Python's own pool may have fewer threads than there are jobs at once: six on two cores.
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(2 * CONCURRENCY + _AT_HOME_AT_ONCE + 4)
    )
    # Procrastinate's own would hold four connections open, used or not.
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=4, max_idle=5)
    working = app.with_connector(connector)
    answering, following = app.with_connector(connector), app.with_connector(connector)
    for other in (answering, following):  # one of them keeps the clock
        other.periodic_registry = PeriodicRegistry()  # type: ignore[no-untyped-call]
    async with working.open_async():
        workers = [
            asyncio.create_task(_worker(answering, [ANSWERS], CONCURRENCY)),
            asyncio.create_task(_worker(following, [*AT_HOME], _AT_HOME_AT_ONCE)),
            asyncio.create_task(_worker(working, _other_queues(working), CONCURRENCY)),
        ]
        rescuer = asyncio.create_task(_take_back_stalled(working))
        while not stop.is_set() and not any(task.done() for task in (rescuer, *workers)):
            await asyncio.sleep(0.2)
        for task in (rescuer, *workers):
            task.cancel()
        await asyncio.gather(*workers, rescuer, return_exceptions=True)


def _worker(working: App, queues: list[str], at_once: int) -> Coroutine[Any, Any, None]:
    return working.run_worker_async(
        queues=queues,
        name=queues[0],
        concurrency=at_once,
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=2.0,
        stalled_worker_timeout=_STALLED_AFTER,
    )


def _other_queues(working: App) -> list[str]:
    return sorted({task.queue for task in working.tasks.values()} - {ANSWERS, *AT_HOME})


async def _take_back_stalled(working: App) -> None:
    """A worker that was killed leaves its jobs *doing*: put them back. Every job may run twice."""
    while True:
        try:
            for job in await working.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_AFTER):
                await _take_back(working, job)
        except ConnectorException as error:
            log.warning("jobs of killed workers were not looked for: %s", error)
        await asyncio.sleep(10)


async def _take_back(working: App, job: Job) -> None:
    try:
        await working.job_manager.retry_job(job, retry_at=clock.now())
    except UniqueViolation:  # the same job already waits: this one is not needed
        await working.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
    except ConnectorException as error:
        log.info("job %s is no longer ours to take back: %s", job.id, error)
