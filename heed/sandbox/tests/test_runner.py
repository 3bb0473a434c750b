"""`python -m heed.sandbox` as a process of its own, without a database."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.tests.receiver import Receiver

HOME = Path(__file__).resolve().parents[3]


def start(*words: str, sockets: Sequence[int] = ()) -> tuple[subprocess.Popen[str], str]:
    """The process and its address, once it says it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEED_", "DJANGO_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "heed.sandbox", *words],
        cwd=HOME,
        env=environment,
        pass_fds=sockets,
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


def test_it_serves_the_sockets_it_was_handed() -> None:
    """The ports were chosen and held before: mail is where the accounts were told it is."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        numbers = [each.fileno() for each in sockets]
        page, smtp, imap = (each.getsockname()[1] for each in sockets)
        process, address = start("--sockets", ",".join(map(str, numbers)), sockets=numbers)
        try:
            assert address == f"http://127.0.0.1:{page}"
            assert httpx.get(address, follow_redirects=True).status_code == 200
            for port, greeting in ((smtp, b"220 "), (imap, b"* OK")):
                with socket.create_connection(("127.0.0.1", port), 60) as line:
                    assert line.recv(4) == greeting
        finally:
            process.kill()
            process.wait()


def test_a_mail_port_that_is_taken_is_no_other_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            Sandbox(port - 1)
