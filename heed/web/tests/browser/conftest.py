"""A whole Heed in its own process, and real browsers that visit it."""

from __future__ import annotations

import os
import shutil
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
from playwright.sync_api import Browser, Page

from heed.accounts.models import User
from heed.inbox.models import Ticket
from heed.web.tests import cast

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
    if ready := os.environ.get("HEED_TEST_CLUSTER"):
        collected = Path(os.environ["HEED_DATA"]) / "static"
        shutil.copytree(Path(ready, "static"), collected, dirs_exist_ok=True)
    else:
        subprocess.run([*manage, "collectstatic", "--noinput", "-v0"], cwd=home, env=environment, check=True)
    web = subprocess.Popen(
        [sys.executable, "-m", "heed", "web", "--port", str(port), "--bind", "127.0.0.1"],
        cwd=home,
        env=environment,
        stdin=subprocess.PIPE,
    )
    try:
        _until_up(address, web)
        yield address
    finally:
        web.terminate()
        web.wait(20)


_STILL = "/static/icons/heed.svg"
"""Where a page waits for the next test. On `about:blank` it would lose its process, and the next test would
begin with starting another."""


class Desk:
    """Somebody's browser. It is lent from test to test, for a new one costs more than most tests do and has
    to fetch every script again; who comes to it finds nothing of those before but what they fetched."""

    def __init__(self, chromium: Browser, heed: str) -> None:
        self._heed = heed
        self.context = chromium.new_context(timezone_id="Europe/Ljubljana", reduced_motion="reduce")
        self.errors: list[str] = []
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self._page = self.context.new_page()

    def come(self, person: User, path: str, language: str, theme: str, size: tuple[int, int]) -> Page:
        self.context.add_cookies(
            [
                {"name": _session_cookie(self._heed), "value": _session_of(person), "url": self._heed},
                {"name": "heed_language", "value": language, "url": self._heed},
            ]
        )
        if self._page.is_closed():
            self._page = self.context.new_page()
        self._page.set_viewport_size({"width": size[0], "height": size[1]})
        self._page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        self._page.goto(self._heed + path)
        return self._page

    def leave(self) -> None:
        self.context.clear_cookies()  # first: what a page still sends when it goes must not be done
        for page in self.context.pages:
            page.unroute_all(behavior="ignoreErrors")
            page.goto(self._heed + _STILL) if page == self._page else page.close()
        if self._page.is_closed():
            self._page = self.context.new_page()
        self._page.mouse.move(0, 0)
        self.context.clear_permissions()
        session = self.context.new_cdp_session(self._page)
        for name in ("127.0.0.1", "localhost"):
            origin = self._heed.replace("127.0.0.1", name)
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage"})
        session.detach()


@pytest.fixture(scope="session")
def desks() -> list[Desk]:
    """As many as a test has had visitors at once; they close with the browser."""
    return []


@pytest.fixture
def visit(heed: str, chromium: Browser, desks: list[Desk], transactional_db: None) -> Iterator[Visit]:
    """Open a page of Heed as somebody: `visit(ana, "/inbox/mine/", language="ar", theme="dark")`.
    What a page logs as an error fails the test at its end."""
    free = iter([*desks])
    taken: list[Desk] = []

    def open_page(
        person: User,
        path: str = "/",
        *,
        language: str = "en",
        theme: str = "light",
        size: tuple[int, int] = (1440, 900),
    ) -> Page:
        desk = next(free, None)
        if desk is None:
            desk = Desk(chromium, heed)
            desks.append(desk)
        taken.append(desk)
        return desk.come(person, path, language, theme, size)

    yield open_page
    errors = [error for desk in taken for error in desk.errors]
    for desk in taken:
        desk.leave()
        desk.errors.clear()
    _until_quiet()
    assert errors == []


@pytest.fixture
def people(transactional_db: None) -> tuple[User, User]:
    """Ana and Ivo."""
    return cast.ana(), cast.ivo()


@pytest.fixture
def lea(people: tuple[User, User]) -> Ticket:
    """Lea's ticket in the inbox of a morning."""
    return cast.a_morning(*people)


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


def _until_up(address: str, web: subprocess.Popen[bytes]) -> None:
    """As long as it takes: on a busy machine the first answer alone takes long."""
    while web.poll() is None:
        try:
            httpx.get(address + "/", timeout=120)
            return
        except httpx.ConnectError:
            time.sleep(0.2)
    raise RuntimeError("Heed did not start")
