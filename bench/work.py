"""A desk at work: a click in a browser, thousands of open pages, and a thousand messages a second."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.desk import OWNER, PASSWORD, Desk, comment, percentile
from bench.figure import Figure


def clicks(desk: Desk) -> list[Figure]:
    """From a click on a ticket in the list until it is painted, in a real browser."""
    with _chromium() as browser:
        page = browser.new_page(base_url=desk.url)
        page.goto("/sign-in/")
        page.fill("[name=login]", OWNER)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/inbox/**")
        page.goto("/inbox/open/")
        page.wait_for_selector(_ROW)
        page.wait_for_timeout(1000)
        times = [float(page.evaluate(_CLICK, number)) for number in range(1, 30)]
    p95 = percentile(times[4:], 0.95)
    return [
        Figure("click to painted ticket, p50", statistics.median(times[4:]), "ms"),
        Figure("click to painted ticket, p95", p95, "ms", "≤ 150", p95 <= 150),
    ]


_ROW = "#tickets a.name"
_CLICK = """async number => {
  const link = document.querySelectorAll("#tickets a.name")[number];
  const wanted = link.getAttribute("href").match(/(\\d+)\\/?$/)[1];
  const began = performance.now();
  link.click();
  for (;;) {
    await new Promise(requestAnimationFrame);
    if (document.querySelector(`#composer[data-ticket="${wanted}"]`)) break;
    if (performance.now() - began > 5000) break;
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


@contextmanager
def _chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = os.environ.get("HEED_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


LISTENERS = 2000


async def listeners(desk: Desk) -> list[Figure]:
    """2,000 open pages on one web process: how long until the last of a nudge's pages has heard."""
    import resource

    import psutil

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    client = desk.browser()
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    heard: dict[int, float] = {}
    opened = 0

    async def listen(number: int) -> None:
        nonlocal opened
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        try:
            while line := await reader.readline():
                if line.startswith(b"event: hello"):
                    opened += 1
                if b'"topics"' in line and b'"ticket:' in line:
                    heard.setdefault(number, time.perf_counter())
        finally:
            writer.close()

    tasks = []
    for number in range(LISTENERS):
        tasks.append(asyncio.create_task(listen(number)))
        if number % 50 == 49:
            await asyncio.sleep(0.1)
    for _wait in range(300):
        if opened >= LISTENERS:
            break
        await asyncio.sleep(0.1)
    delays: list[float] = []
    for _round in range(5):
        await asyncio.sleep(2.5)
        heard.clear()
        began = time.perf_counter()
        await asyncio.to_thread(_nudge)
        for _wait in range(50):
            await asyncio.sleep(0.1)
            if len(heard) >= opened:
                break
        delays += [at - began for at in heard.values()]
    memory = sum(_rss(psutil.Process(each.pid)) for each in desk.processes)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    p95 = percentile(delays, 0.95) * 1000 if delays else float("inf")
    told = len(delays) / (5 * LISTENERS) * 100
    return [
        Figure("live pages open", opened, "", f"≥ {LISTENERS:,}", opened >= LISTENERS),
        Figure("live pages told", told, "%"),
        Figure("nudge to live page, p95", p95, "ms", "≤ 500", p95 <= 500 and told > 99),
        Figure("memory of the web process then", memory / 1e6, "MB"),
    ]


def _nudge() -> None:
    from django.db import connection

    from heed.lib import live

    live.tell(["ticket:1", "queue"])
    connection.close()


def _rss(process: Any) -> int:
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


RATE, SECONDS = 1000, 20


def flow(desk: Desk) -> list[Figure]:
    """Rules and targets while 1,000 messages a second arrive: how far behind they are at the end."""
    from heed.inbox import ledger
    from heed.inbox.models import Delivery, Message
    from heed.routing.models import Policy, Promise, Rule

    account = desk.account("flow")
    for number, (when, condition, actions) in enumerate(_RULES):
        Rule.objects.create(
            name=f"Rule {number}", position=number, on=True, when=[when], condition=condition, actions=actions
        )
    Policy.objects.create(name="Everybody", first_reply=3600, next_reply=3600, resolution=86400)
    desk.start("intake")
    desk.start("worker")
    time.sleep(3)
    began = time.perf_counter()
    for second in range(SECONDS):
        numbers = range(2_000_000 + second * RATE, 2_000_000 + (second + 1) * RATE)
        ledger.append(account.pk, [_said(number) for number in numbers])
        time.sleep(max(0.0, began + second + 1 - time.perf_counter()))
    behind = _until(lambda: not Delivery.objects.filter(state=Delivery.State.PENDING).exists())
    _until(lambda: not _waiting_jobs())
    late = time.perf_counter() - began - SECONDS
    desk.end_processes()
    if Message.objects.filter(account=account).count() < RATE * SECONDS:
        raise RuntimeError("not all that was said was taken in")
    kept = Promise.objects.filter(ticket__account=account).exists()
    if not kept:
        raise RuntimeError("no target was set")
    return [
        Figure("1,000 messages/s, intake behind at the end", behind, "s", "≤ 5", behind <= 5),
        Figure("1,000 messages/s, rules and targets behind", late, "s", "≤ 5", late <= 5),
    ]


def _said(number: int) -> bytes:
    """What a customer writes now: one in ten asks for a refund, which is what the rules look for."""
    body = comment(number, 8000, 300, "flow", int(time.time()))
    return body.replace(b"parcel", b"refund") if number % 10 == 0 else body


_RULES: tuple[tuple[str, str, list[dict[str, Any]]], ...] = (
    ("ticket_opened", "refund -tag:parcel", [{"do": "add_tags", "tags": ["parcel"]}]),
    ("ticket_opened", "refund OR vračilo", [{"do": "priority", "priority": 3}]),
    ("message_received", "is:unanswered tag:recall", [{"do": "priority", "priority": 4}]),
    ("message_received", "lang:mn -tag:returns", [{"do": "add_tags", "tags": ["mongolian"]}]),
    ("message_received", "refund waiting:<2h", [{"do": "priority", "priority": 3}]),
)


def _until(done: Callable[[], bool], most: float = 180) -> float:
    """Seconds until it is so."""
    began = time.perf_counter()
    while not done() and time.perf_counter() - began < most:
        time.sleep(0.2)
    return time.perf_counter() - began


def _waiting_jobs() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE queue_name IN ('reactions', 'routing') "
            "AND status IN ('todo', 'doing') AND (scheduled_at IS NULL OR scheduled_at < now())"
        )
        return int(cursor.fetchone()[0])
