"""Signed-in visitors and plain static files."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.verbs import asking
from heed.lib.http import Request, Response, Unreachable
from heed.web.tests import cast


@pytest.fixture(autouse=True)
def _plain_static(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


class Line:
    """Stands in for the way out while somebody waits: nobody answers, or everybody as it says."""

    says: Response | None = None

    def send(self, request: Request) -> Response:
        if self.says is None:
            raise Unreachable("no line in these tests")
        return self.says


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    found = Line()
    monkeypatch.setattr(asking, "client", lambda: found)
    return found


@pytest.fixture
def ana(db: None) -> User:
    return cast.ana()


@pytest.fixture
def ivo(db: None) -> User:
    return cast.ivo()


@pytest.fixture
def maja(db: None) -> User:
    return cast.maja()


@pytest.fixture
def page(ana: User) -> Client:
    """Ana's browser, without its scripts."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def majas(maja: User) -> Client:
    """The browser of Maja, who owns the desk."""
    client = Client()
    client.force_login(maja)
    return client
