"""A desk to measure: its own data folder, its own processes, stopped at the end."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "bench-token-0123456789"  # noqa: S105 - of a desk that is thrown away
SECRET = "bench-app-secret"  # noqa: S105
OWNER = "owner@acme.example"
PASSWORD = "measured-by-bench"  # noqa: S105


class Desk:
    """A running database with tables, and whatever processes a measurement wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        os.environ.update(
            HEED_DATA=str(folder),
            HEED_PUBLIC_URL=self.url,
            HEED_API_TOKEN=TOKEN,
            HEED_OWNER_EMAIL="owner@acme.example",
            HEED_OWNER_PASSWORD=PASSWORD,
            HEED_ALLOW_PRIVATE_HOSTS="127.0.0.1",
            HEED_LOG="WARNING",
            DJANGO_SETTINGS_MODULE="heed.settings",
        )
        from heed.lib.postgres import Embedded

        self._database = Embedded(folder / "postgres")
        os.environ["HEED_DATABASE_URL"] = self._database.start()
        self.run("setup")
        import django

        django.setup()

    def run(self, command: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "heed", command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )

    def start(self, *command: str) -> None:
        self._processes.append(subprocess.Popen([sys.executable, "-m", "heed", *command], cwd=ROOT))

    def end_last(self) -> None:
        """End what was started last."""
        process = self._processes.pop()
        process.send_signal(signal.SIGTERM)
        process.wait(10)

    def web(self) -> None:
        self.start("web", "--port", str(self.port))
        for _ in range(200):
            try:
                httpx.get(f"{self.url}/sign-in/", trust_env=False)
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError("the web process does not answer")

    def end_processes(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._processes = []

    def close(self) -> None:
        self.end_processes()
        from django.db import connection

        connection.close()
        self._database.stop()

    def account(self, external_id: str = "448") -> Any:
        """A Page whose deliveries the measurements sign."""
        from heed.channels.models import Account

        account = Account(
            network="facebook",
            name="Acme",
            external_id=external_id,
            base_url="http://127.0.0.1:9",
            state="connected",
        )
        account.credentials = {"app_secret": SECRET, "page_token": "t", "verify_token": "v"}
        account.save()
        return account

    @property
    def processes(self) -> tuple[subprocess.Popen[bytes], ...]:
        return tuple(self._processes)

    def browser(self, email: str = OWNER) -> httpx.Client:
        """A signed-in browser."""
        from django.conf import settings

        client = httpx.Client(base_url=self.url, trust_env=False, timeout=30, follow_redirects=True)
        client.get("/sign-in/")
        token = client.cookies[settings.CSRF_COOKIE_NAME]
        form = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token}
        client.post("/sign-in/", data=form, headers={"referer": self.url})
        if settings.SESSION_COOKIE_NAME not in client.cookies:
            raise RuntimeError("cannot sign in")
        return client


@contextmanager
def desk() -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="heed-bench-"))
    folder.chmod(0o755)
    running = Desk(folder)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def comment(number: int, people: int, posts: int, page: str = "448", at: int = 0) -> bytes:
    """A comment as Facebook delivers it, one per body; written `at` this second, or long ago, each a second
    after the one before."""
    at = at or 1760000000 + number
    return json.dumps(
        {
            "object": "page",
            "entry": [
                {
                    "id": page,
                    "time": at,
                    "changes": [
                        {
                            "field": "feed",
                            "value": {
                                "item": "comment",
                                "verb": "add",
                                "from": {
                                    "id": str(5000 + number % people),
                                    "name": f"Lea Marn {number % people}",
                                },
                                "post_id": f"{page}_{number % posts}",
                                "parent_id": f"{page}_{number % posts}",
                                "comment_id": f"{number % posts}_{number}",
                                "created_time": at,
                                "message": f"Where is my parcel, order {number}? It was due. \u010cakam.",
                            },
                        }
                    ],
                }
            ],
        }
    ).encode()


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
