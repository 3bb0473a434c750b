"""The worker process: runs the jobs, and takes back those whose worker died."""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module

from procrastinate import App
from procrastinate.contrib.django import app

from heed.lib import clock

CONCURRENCY = 8
_STALLED_AFTER = 30


def run_worker(stop: threading.Event) -> None:
    """Work until told to stop; jobs under way are finished."""
    import_module("heed.wiring")
    asyncio.run(_run(stop))


async def _run(stop: threading.Event) -> None:
    connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    working = app.with_connector(connector)
    async with working.open_async():
        worker = asyncio.create_task(
            working.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                delete_jobs="successful",
                fetch_job_polling_interval=2.0,
                stalled_worker_timeout=_STALLED_AFTER,
            )
        )
        rescuer = asyncio.create_task(_take_back_stalled(working))
        while not stop.is_set() and not worker.done():
            await asyncio.sleep(0.2)
        rescuer.cancel()
        worker.cancel()
        await asyncio.gather(worker, rescuer, return_exceptions=True)


async def _take_back_stalled(working: App) -> None:
    """A worker that was killed leaves its jobs *doing*: put them back. Every job may run twice."""
    while True:
        for job in await working.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_AFTER):
            await working.job_manager.retry_job(job, retry_at=clock.now())
        await asyncio.sleep(10)
