"""A whole Heed in its own process, and real browsers that visit it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from heed.accounts.models import User

Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def heed(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The address of a running Heed whose database is this test session's."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with django_db_blocker.unblock():
        environment = _environment(address)
    manage = [sys.executable, "manage.py"]
    home = Path(__file__).resolve().parents[4]
    subprocess.run([*manage, "collectstatic", "--noinput", "-v0"], cwd=home, env=environment, check=True)
    web = subprocess.Popen(
        [sys.executable, "-m", "heed", "web", "--port", str(port), "--bind", "127.0.0.1"],
        cwd=home,
        env=environment,
        stdin=subprocess.PIPE,
    )
    try:
        _until_up(address)
        yield address
    finally:
        web.terminate()
        web.wait(20)


@pytest.fixture
def visit(heed: str, chromium: Browser, transactional_db: None) -> Iterator[Visit]:
    """Open a page of Heed as somebody: `visit(ana, "/inbox/mine/", language="ar", theme="dark")`.
    What a page logs as an error fails the test at its end."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(
        person: User,
        path: str = "/",
        *,
        language: str = "en",
        theme: str = "light",
        size: tuple[int, int] = (1440, 900),
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            timezone_id="Europe/Ljubljana",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.add_cookies(
            [
                {"name": _session_cookie(heed), "value": _session_of(person), "url": heed},
                {"name": "heed_language", "value": language, "url": heed},
            ]
        )
        page = context.new_page()
        page.set_default_timeout(15000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(heed + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    _until_quiet()
    assert errors == []


def _environment(address: str) -> dict[str, str]:
    name = str(connection.settings_dict["NAME"])
    database = urlsplit(os.environ["HEED_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return {**os.environ, "HEED_DATABASE_URL": database, "HEED_PUBLIC_URL": address}


def _session_of(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _session_cookie(address: str) -> str:
    return f"heed_session_{address.rsplit(':', 1)[1]}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_quiet() -> None:
    """What a page asked for last may still be at work, and would get in the way of emptying the tables."""
    quiet = 0
    end = time.monotonic() + 10
    with connection.cursor() as cursor:
        while quiet < 3 and time.monotonic() < end:
            cursor.execute(
                """SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"""
            )
            quiet = 0 if cursor.fetchone()[0] else quiet + 1
            time.sleep(0.02)


def _until_up(address: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.get(address + "/", timeout=2)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError("Heed did not answer within a minute")
