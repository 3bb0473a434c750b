"""A PostgreSQL of its own for every test run, thrown away after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from httpx._transports import default as transports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django import DjangoDbBlocker

# On a machine with much else to do a request of a test takes longer than the five seconds httpx waits.
_limits = DEFAULT_TIMEOUT_CONFIG
_limits.connect = _limits.read = _limits.write = _limits.pool = 120.0
# A context for encryption takes longer to make than a test: all clients share one.
transports.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]

_folder = Path(tempfile.mkdtemp(prefix="heed-test-"))
_folder.chmod(0o755)
(_folder / "static").mkdir()
os.environ["HEED_DATA"] = str(_folder)
os.environ.setdefault("HEED_ALLOW_PRIVATE_HOSTS", "127.0.0.1,localhost")
os.environ.setdefault("HEED_HOLD", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heed.tests.settings")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in the test's thread

from heed.lib.collector import calm_collector  # noqa: E402
from heed.lib.postgres import Embedded  # noqa: E402
from heed.lib.translations import compile_all  # noqa: E402
from heed.tests import examples  # noqa: E402
from heed.tests.processes import FRESH  # noqa: E402

examples.settle_upon_values()
compile_all()
_ready = os.environ.get("HEED_TEST_CLUSTER")  # `bin/test` makes one for all its runs
if _ready:
    subprocess.run(["cp", "-a", f"{_ready}/postgres", _folder], check=True)  # noqa: S607
_database = Embedded(_folder / "postgres", forgetful=True)
os.environ["HEED_DATABASE_URL"] = _database.start()

import django  # noqa: E402

django.setup()


def pytest_collection_finish() -> None:
    calm_collector()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The database of the tests, and a copy of it with nothing in it: whoever needs another one makes it
    from `FRESH`. Both are thrown away with their server."""
    import psycopg
    from django.db import connection
    from django.test.utils import setup_databases

    if _ready:
        connection.settings_dict["TEST"]["TEMPLATE"] = FRESH
    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False)
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
    if not _ready:
        with psycopg.connect(os.environ["HEED_DATABASE_URL"], autocommit=True) as server:
            server.execute(f"CREATE DATABASE {FRESH} TEMPLATE heed_test STRATEGY file_copy")
    with django_db_blocker.unblock():
        _empty_quickly()


def _empty_quickly() -> None:
    """After a test that commits empty the tables that hold rows. Django empties all of them and makes all
    permissions anew, which takes longer than most tests."""
    from django.db import connection, transaction
    from django.test import TransactionTestCase

    kept = {"django_content_type", "auth_permission", "django_migrations"}
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - kept)
    holding = " UNION ALL ".join(f"SELECT '{each}' WHERE EXISTS (TABLE {each})" for each in tables)

    def empty(_done: TransactionTestCase) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(holding)
            filled = [name for (name,) in cursor.fetchall()]
            cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger: the audit refuses
            if filled:  # somebody whom a failed test left at work must not come between
                cursor.execute(f"LOCK TABLE {', '.join(filled)} IN EXCLUSIVE MODE")
            for each in filled:
                cursor.execute(f"DELETE FROM {each}")  # noqa: S608 - a table's name

    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


_PATIENCE = 90_000
"""Milliseconds in which what a test waits for may come: that a machine is busy is no fault of a page."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The installed browser, as `bin/test` found it. One for all: a thread holds only one Playwright.

    With `HEED_TEST_SLOW=4` its pages run four times as slowly, and each of their requests takes four tenths
    of a second longer: what fails then is what fails by chance on a busy machine."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE)
    found = os.environ.get("HEED_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=[*_QUIETLY])
        running.on("context", lambda context: context.set_default_timeout(_PATIENCE))
        if slow := float(os.environ.get("HEED_TEST_SLOW", "0")):
            running.on("context", lambda context: context.on("page", lambda page: _slow_down(page, slow)))
        yield running
        running.close()


def _slow_down(page: Page, times: float) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": times})
    line = {"offline": False, "latency": 100 * times, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", line)


def pytest_unconfigure(config: pytest.Config) -> None:
    _database.stop()
    shutil.rmtree(_folder, ignore_errors=True)
