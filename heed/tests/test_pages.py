"""Pages are answered by threads that are kept, and nothing is left from one request to the next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.utils import translation

from heed.pages import Pages

pytestmark = pytest.mark.django_db(transaction=True)

_LEFT: ContextVar[str] = ContextVar("left", default="nothing")
threads: list[threading.Thread] = []
held: list[bool] = []
pieces: list[str] = []


def leave(request: HttpRequest) -> HttpResponse:
    """Tells what it found, and leaves things behind."""
    threads.append(threading.current_thread())
    held.append(connection.connection is not None)
    found = f"{_LEFT.get()} {translation.get_language()}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    _LEFT.set("something")
    translation.activate("mn")
    return HttpResponse(found)


def endless(request: HttpRequest) -> HttpResponseBase:
    held.append(connection.connection is not None)
    return StreamingHttpResponse(_endless())


async def _endless() -> AsyncIterator[bytes]:
    try:
        while True:
            pieces.append("made")
            yield b"piece"
            await asyncio.sleep(0.01)
    finally:
        pieces.append("ended")


def break_down(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


urlpatterns = [path("leave/", leave), path("endless/", endless), path("break/", break_down)]


@pytest.fixture
def pages() -> Iterator[Pages]:
    for each in (threads, held, pieces):
        each.clear()
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        yield Pages()


class Visit:
    """A request, and what came back. Whoever is `patient` stays; others go after three pieces."""

    def __init__(self, pages: Pages, path: str) -> None:
        self.told: list[Mapping[str, Any]] = []
        self._asked = False
        self._gone = asyncio.Event()
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        self.answered = pages(scope, self._receive, self._send)

    async def _receive(self) -> Mapping[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: Mapping[str, Any]) -> None:
        self.told.append(event)
        if len(self.told) > 3:
            self._gone.set()

    @property
    def status(self) -> int:
        return int(self.told[0]["status"])

    @property
    def body(self) -> str:
        return b"".join(event.get("body", b"") for event in self.told).decode()


def visit(pages: Pages, path: str, times: int = 1) -> list[Visit]:
    """One after the other."""

    async def go() -> list[Visit]:
        made = []
        for _each in range(times):
            made.append(Visit(pages, path))
            await asyncio.wait_for(made[-1].answered, 30)
        return made

    return asyncio.run(go())


def test_threads_are_kept_and_find_nothing_left(pages: Pages) -> None:
    answers = visit(pages, "/leave/", 9)
    assert [each.body for each in answers] == ["nothing en"] * 9
    assert len(set(threads)) <= 2  # the second, when the answer was sent before the first had come home
    assert threading.current_thread() not in threads
    assert held == [False] * 9  # the connection was given back each time


def test_who_asks_at_the_same_time_is_answered_at_the_same_time(pages: Pages) -> None:
    async def go() -> list[Visit]:
        made = [Visit(pages, "/leave/") for _each in range(8)]
        await asyncio.wait_for(asyncio.gather(*(each.answered for each in made)), 30)
        return made

    assert [each.status for each in asyncio.run(go())] == [200] * 8


def test_a_stream_ends_when_the_one_who_asked_has_gone(pages: Pages) -> None:
    (stream,) = visit(pages, "/endless/")
    assert stream.status == 200
    assert pieces[-1] == "ended"
    assert len(pieces) < 50
    visit(pages, "/leave/")
    assert held == [False, False]


def test_one_that_breaks_down_is_answered_too(pages: Pages) -> None:
    broken, *_others = visit(pages, "/break/", 2)
    assert broken.status == 500
