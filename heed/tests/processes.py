"""Heed's own processes for tests: started against a database of their own, killed at will."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "token-of-a-test-0123456789"
PASSWORD = "a-long-test-password"
FRESH = "heed_fresh"
"""A database with all tables and nothing in them, which the test session makes together with its own."""


PATIENCE = 180.0
"""Seconds after which a test gives up: several runs of tests may share a slow machine."""

_held: list[socket.socket] = []


def own_port() -> int:
    """A port on which nobody else listens while this run of tests lasts, though it is free for a while.

    It is none of those that systems give away by themselves, and the UDP port of the same number is ours:
    other runs choose another.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            held.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            held.close()
            continue
        _held.append(held)
        return port


class Processes:
    """web, intake and worker of one desk."""

    def __init__(self, folder: Path, database: str) -> None:
        self.port = own_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"authorization": f"Bearer {TOKEN}"},
            trust_env=False,
        )
        self._environment = os.environ | {
            "HEED_DATA": str(folder),
            "HEED_DATABASE_URL": database,
            "HEED_PUBLIC_URL": self.url,
            "HEED_API_TOKEN": TOKEN,
            "HEED_OWNER_EMAIL": "owner@acme.example",
            "HEED_OWNER_PASSWORD": PASSWORD,
            "HEED_ALLOW_PRIVATE_HOSTS": "127.0.0.1,localhost",
            "HEED_SEND_LEASE": "10",
            "HEED_LOG": "ERROR",
            "PYTHONPATH": str(ROOT),
        }
        self._running: dict[str, int] = {}
        if ready := os.environ.get("HEED_TEST_CLUSTER"):
            shutil.copytree(Path(ready, "static"), folder / "static")
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "heed.tests.warm"],
            cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._order(self._order(["setup", "--demo"])) == 0, "the desk could not be set up"

    def start(self, name: str) -> None:
        self._running[name] = self._order(["web", "--port", str(self.port)] if name == "web" else [name])

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        self._signal(name, signal.SIGKILL)

    def stop(self, name: str) -> None:
        """End a process as an admin would: it finishes what it has begun."""
        self._signal(name, signal.SIGTERM)

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self._running.pop(name)
        os.kill(process, number)
        self._order(process)

    def wait_for_web(self) -> None:
        self.until(self._answers)

    def _answers(self) -> bool:
        try:
            return self.api.get("/networks").status_code == 200
        except httpx.TransportError:
            return False

    def accounts(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.api.get("/accounts").json()["items"]
        return rows

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.1)

    def asked(self, code: str) -> str:
        """What a line of Python prints inside this desk."""
        words = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        told = subprocess.run(
            words, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=True
        )
        return told.stdout.strip()

    def end(self) -> None:
        self.api.close()
        self._warm.communicate()

    def _order(self, order: list[str] | int) -> int:
        """What the warm process answers: see heed/tests/warm.py."""
        assert self._warm.stdin
        assert self._warm.stdout
        self._warm.stdin.write(json.dumps(order) + "\n")
        self._warm.stdin.flush()
        return int(self._warm.stdout.readline())


@contextmanager
def processes(folder: Path, name: str) -> Iterator[Processes]:
    """A desk on a fresh database of this name; nothing runs yet. The test database must be there:
    fixtures that use this ask for `django_db_setup`."""
    server = os.environ["HEED_DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {FRESH} STRATEGY file_copy".encode())
    desk = Processes(folder, url_of(server, name))
    try:
        yield desk
    finally:
        desk.end()


def url_of(server: str, name: str) -> str:
    parts = urlsplit(server)
    host = parse_qs(parts.query).get("host", [""])[0]
    return f"postgresql://postgres@/{name}?host={host}" if host else parts._replace(path=f"/{name}").geturl()
