"""`python -m heed.sandbox` as a process of its own, without a database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from heed.sandbox.tests.receiver import Receiver

HOME = Path(__file__).resolve().parents[3]


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    """The process and its address, once it says it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEED_", "DJANGO_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "heed.sandbox", *words],
        cwd=HOME,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return process, found[0]
    raise AssertionError("the sandbox did not start")


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], str]]:
    process, address = start()
    yield process, address
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_when_told(running: tuple[subprocess.Popen[str], str], number: int) -> None:
    process, address = running
    page = httpx.get(f"{address}/play/viber", headers={"cookie": "sandbox_language=ar"})
    assert page.status_code == 200
    assert 'dir="rtl"' in page.text
    process.send_signal(number)
    assert process.wait(120) == 0


def test_the_company_asks_heed_with_its_token() -> None:
    with Receiver() as receiver:
        receiver.status = 503
        process, _ = start("--heed", receiver.url.removesuffix("/hooks/here"), "--token", "token-1")
        try:
            (first, *_rest) = receiver.wait(1)
            assert (first.path, first.headers["authorization"]) == ("/api/v1/accounts", "Bearer token-1")
        finally:
            process.kill()
            process.wait()
