"""A PostgreSQL of its own for every test run, thrown away after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django import DjangoDbBlocker

_folder = Path(tempfile.mkdtemp(prefix="heed-test-"))
_folder.chmod(0o755)
(_folder / "static").mkdir()
os.environ["HEED_DATA"] = str(_folder)
os.environ.setdefault("HEED_ALLOW_PRIVATE_HOSTS", "127.0.0.1,localhost")
os.environ.setdefault("HEED_HOLD", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heed.settings")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in the test's thread

from heed.lib.postgres import Embedded  # noqa: E402
from heed.lib.translations import compile_all  # noqa: E402

compile_all()
_database = Embedded(_folder / "postgres", forgetful=True)
os.environ["HEED_DATABASE_URL"] = _database.start()

import django  # noqa: E402

django.setup()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests that commit are tidied up after by emptying every table, which the audit refuses."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditrow DISABLE TRIGGER audit_is_not_emptied")


_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIETLY = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The installed browser, as `bin/test` found it. One for all: a thread holds only one Playwright."""
    from playwright.sync_api import sync_playwright

    found = os.environ.get("HEED_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=[*_QUIETLY])
        yield running
        running.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    _database.stop()
    shutil.rmtree(_folder, ignore_errors=True)
