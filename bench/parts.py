"""What is measured. Each part gives figures by name, with their target."""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

import httpx

from bench.desk import ROOT, Desk, comment, percentile, signature
from bench.figure import Figure
from bench.networks import each_network

ROWS = 20_000


def floor(desk: Desk) -> list[Figure]:
    """What the machine gives: one durable insert after the other, and a hundred to a statement."""
    import psycopg

    from heed.lib.postgres import conninfo

    body = comment(1, 10, 10)
    account = desk.account("floor").pk
    row = (
        "INSERT INTO inbox_delivery (account_id, at, headers, body, state, problems, tries) "
        "SELECT %s, now(), '{}', %s, 'done', '[]', 0 FROM generate_series(1, %s)"
    )
    with psycopg.connect(conninfo(_database()), autocommit=True) as connection:
        single = _rate(lambda: connection.execute(row, [account, body, 1]), 1500)
        batched = _rate(lambda: connection.execute(row, [account, body, 100]), 100) * 100
    return [
        Figure("bare insert, one by one", single, "rows/s"),
        Figure("bare insert, 100 a statement", batched, "rows/s"),
    ]


def door(desk: Desk) -> list[Figure]:
    """Signed deliveries per second that are on disk when acknowledged."""
    account = desk.account("door")
    desk.web()
    command = [sys.executable, "-m", "bench.load", str(desk.port), f"/hooks/{account.hook_token}"]
    subprocess.run([*command, "2000", "64"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([*command, str(ROWS), "128"], cwd=ROOT, check=True, capture_output=True)
    desk.end_processes()
    result = json.loads(done.stdout)
    from heed.inbox.models import Delivery

    kept = Delivery.objects.filter(account=account).count()
    if kept != ROWS + 2000:
        raise RuntimeError(f"{ROWS + 2000} were acknowledged, {kept} were kept")
    Delivery.objects.filter(account=account).delete()
    rate = ROWS / result["seconds"]
    return [
        Figure("door", rate, "deliveries/s", "≥ 5,000", rate >= 5000),
        Figure("door, p99", result["p99"] * 1000, "ms"),
    ]


def intake(desk: Desk) -> list[Figure]:
    """Messages per second from the ledger to visible tickets, in one process."""
    from heed.inbox import intake as inbox_intake
    from heed.inbox import ledger
    from heed.inbox.models import Message
    from heed.lib.collector import calm_collector

    account = desk.account("448")
    ledger.append(account.pk, [comment(number, 5000, 200) for number in range(ROWS)])
    inbox_intake.take_batch(1)
    calm_collector()
    began = time.perf_counter()
    while inbox_intake.take_batch():
        pass
    seconds = time.perf_counter() - began
    stored = Message.objects.filter(account=account).count()
    if stored != ROWS:
        raise RuntimeError(f"{ROWS} deliveries gave {stored} messages")
    rate = (ROWS - 1) / seconds
    return [Figure("intake", rate, "messages/s", "≥ 3,000", rate >= 3000)]


def blink(desk: Desk) -> list[Figure]:
    """From sending a delivery until the list a nudged page fetched shows its ticket; 100 a second.

    The first second is not counted: every process then does each thing for its first time. A ticket that the
    page never showed, as more than its 30 rows came between two fetches, counts as one that came at the end.
    """
    account = desk.account("777")
    desk.web()
    desk.start("intake")
    desk.start("worker")
    browser = desk.browser()
    time.sleep(3)
    shown: dict[str, float] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(desk, browser, shown, stop), daemon=True)
    watcher.start()
    time.sleep(1)
    sent = _send_in_time(f"{desk.url}/hooks/{account.hook_token}", 1100)
    time.sleep(3)
    stop.set()
    ended = time.perf_counter()
    desk.end_processes()
    counted = list(sent)[100:]
    delays = [shown.get(number, ended) - sent[number] for number in counted]
    share = sum(number in shown for number in counted) / len(counted)
    p95 = percentile(delays, 0.95) * 1000
    return [
        Figure("webhook to browser, p50", percentile(delays, 0.5) * 1000, "ms"),
        Figure("webhook to browser, p95", p95, "ms", "≤ 300", p95 <= 300),
        Figure("seen by the page", share * 100, "%"),
    ]


def _send_in_time(hook: str, count: int) -> dict[str, float]:
    """Deliver so many comments, 100 a second, each of another person; when each was sent, in seconds."""
    sent: dict[str, float] = {}
    with httpx.Client(trust_env=False) as client:
        began = time.perf_counter()
        for number in range(count):
            body = comment(1_000_000 + number, 1_000_000, 50, "777").replace(b"Lea Marn", b"Blink")
            time.sleep(max(0.0, began + number / 100 - time.perf_counter()))
            sent[str(number)] = time.perf_counter()
            client.post(
                hook, content=body, headers={"x-hub-signature-256": signature(body)}
            ).raise_for_status()
    return sent


def _watch(desk: Desk, browser: httpx.Client, shown: dict[str, float], stop: threading.Event) -> None:
    """Do as the page does: on a nudge, fetch the list again."""
    with contextlib.suppress(httpx.HTTPError), browser.stream("GET", "/live", timeout=None) as stream:
        for line in stream.iter_lines():
            if stop.is_set():
                return
            if not line.startswith("data:") or "topics" not in line:
                continue
            html = browser.get("/inbox/news/?queue=1&view=unanswered&rows=30", headers=_AS_THE_PAGE).text
            now = time.perf_counter()
            for number in re.findall(r">\s*Blink (\d+)\s*<", html):
                shown.setdefault(number, now)


_AS_THE_PAGE = {"hx-request": "true"}


def pages(desk: Desk) -> list[Figure]:
    """Inbox and ticket page with 100,000 tickets, one client, in the server's own time."""
    from bench.many import many_tickets

    many_tickets(desk.account("many"), 100_000)
    desk.web()
    browser = desk.browser()
    from heed.inbox.models import Ticket

    numbers = list(Ticket.objects.order_by("?").values_list("pk", flat=True)[:200])
    inbox = [f"/inbox/{view}/" for view in ("unanswered", "unassigned", "open", "all", "mine")] * 40
    figures = []
    tickets = [f"/inbox/all/{number}/" for number in numbers]
    for name, paths, headers in (
        ("inbox page", inbox, {}),
        ("ticket page", tickets, _AS_THE_PAGE),
        ("ticket page with its list", tickets, {}),
    ):
        times = [_timed(browser, path, headers) for path in [*paths[:10], *paths]][10:]
        p95 = percentile(times, 0.95) * 1000
        figures.append(Figure(f"{name}, p50", statistics.median(times) * 1000, "ms"))
        figures.append(Figure(f"{name}, p95", p95, "ms", "≤ 60", p95 <= 60))
    desk.end_processes()
    return figures


def memory(desk: Desk) -> list[Figure]:
    """Everything `bin/run` starts, a minute after it is ready, as proportional set size; and how long a later
    start takes."""
    import psutil

    run, _first = _whole(desk)
    time.sleep(60)
    everything = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    total = sum(_pss(process) for process in everything) / 1e6
    _end(run)
    run, later = _whole(desk)
    _end(run)
    return [
        Figure("memory, idle, all processes", total, "MB", "≤ 500", total <= 500),
        Figure("a later start", later, "s", "≤ 8", later <= 8),
    ]


def _whole(desk: Desk) -> tuple[subprocess.Popen[str], float]:
    """All of Heed in a folder of its own, and the seconds until it was ready."""
    words = ["run", "--port", str(desk.port), "--data", str(desk.folder / "whole")]
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEED_")}
    began = time.perf_counter()
    run = subprocess.Popen(
        [sys.executable, "-m", "heed", *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    if not any("is ready" in line for line in run.stdout):
        raise RuntimeError("Heed did not start")
    return run, time.perf_counter() - began


def _end(run: subprocess.Popen[str]) -> None:
    run.terminate()
    run.wait(30)


def _pss(process: Any) -> int:
    try:
        info = process.memory_full_info()
        return int(getattr(info, "pss", info.rss))
    except Exception:  # a process may end while we look
        return 0


def _timed(browser: httpx.Client, path: str, headers: dict[str, str]) -> float:
    began = time.perf_counter()
    answer = browser.get(path, headers=headers)
    answer.raise_for_status()
    return time.perf_counter() - began


def _rate(work: Any, times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - began)


def _database() -> dict[str, Any]:
    from django.conf import settings

    return dict(settings.DATABASES["default"])


PARTS = {
    "floor": floor,
    "door": door,
    "intake": intake,
    "blink": blink,
    "pages": pages,
    "memory": memory,
    "networks": each_network,
}
