"""One address for all: the door, the live stream, and Django for everything else."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heed.settings")

import django

django.setup()

from asgiref.sync import sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIRequest  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.utils import translation  # noqa: E402
from django.utils.translation import gettext as _  # noqa: E402

from heed.accounts.reach import person_with_token  # noqa: E402
from heed.api.problems import document  # noqa: E402
from heed.door.app import PREFIX, Door  # noqa: E402
from heed.lib.crypto import key_ring  # noqa: E402
from heed.lib.live import News  # noqa: E402
from heed.lib.postgres import conninfo  # noqa: E402
from heed.pages import Pages, Programs  # noqa: E402
from heed.web.stream import LIVE, Stream, signed_in  # noqa: E402
from heed.widget.stream import VisitorStream, is_visitor  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

API = "/api/"

MOST_BYTES = 60 * 1024 * 1024
"""The largest body of all: a file of 50 MB and what goes with it."""

MOST_OF_VISITORS = 11 * 1024 * 1024
"""The largest body of a visitor of a chat: a file of 10 MB."""

MOST_OF_STRANGERS = 1024 * 1024
"""The largest body of someone who is not signed in and shows no token: forms."""


class _TooLarge(Exception):
    """The body is larger than Heed takes from the one who sends it."""


class Body:
    """A body that is counted while it comes. Django keeps all of it on disk before it asks who
    sends it, so it is asked here, once, as soon as the body is too large for a stranger."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._size = 0
        self._most: int | None = None

    async def announce(self) -> None:
        """Judge the size that the head of the request names."""
        announced = dict(self._scope["headers"]).get(b"content-length", b"")
        if announced.isdigit():
            await self._judge(int(announced))

    async def receive(self) -> MutableMapping[str, Any]:
        event = await self._receive()
        self._size += len(event.get("body", b""))
        await self._judge(self._size)
        return event

    async def _judge(self, size: int) -> None:
        if size <= MOST_OF_STRANGERS:
            return
        if self._most is None and size <= MOST_BYTES:
            self._most = await _most_of(self._scope)
        if size > (self._most or MOST_BYTES):
            raise _TooLarge


class Measured:
    """An application whose bodies are counted: 413 for those that are too large."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(scope, receive)
        try:
            await body.announce()
            await self._application(scope, body.receive, send)
        except _TooLarge:
            await _refuse(scope, send)


async def _most_of(scope: Scope) -> int:
    """The largest body that Heed takes from this sender."""
    request = ASGIRequest(scope, BytesIO())
    if visitor := request.headers.get("X-Heed-Visitor", ""):
        known = await sync_to_async(is_visitor)(request.path, visitor)
        return MOST_OF_VISITORS if known else MOST_OF_STRANGERS
    return MOST_BYTES if await _is_known(request) else MOST_OF_STRANGERS


async def _is_known(request: ASGIRequest) -> bool:
    """Whether the sender is signed in or shows a valid token."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await sync_to_async(_is_valid)(token.strip())
    return await signed_in(request.headers.get("Cookie", ""))


def _is_valid(token: str) -> bool:
    try:
        return person_with_token(token) is not None
    finally:
        close_old_connections()


async def _refuse(scope: Scope, send: Send) -> None:
    answer = _refusal(scope)
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    headers += [(b"content-length", str(len(answer.content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


def _refusal(scope: Scope) -> HttpResponse:
    """The sentence, for programs or for people in their language."""
    request = ASGIRequest(scope, BytesIO())
    most = {"most": MOST_BYTES // 1024 // 1024, "less": MOST_OF_STRANGERS // 1024 // 1024}
    with translation.override(translation.get_language_from_request(request)):
        sentence = _("This is too large. Heed takes %(most)d MB, and %(less)d MB before you sign in.") % most
    if request.path.startswith(API):
        return document(413, "too-large", sentence)
    return HttpResponse(sentence, content_type="text/plain; charset=utf-8")


_database = conninfo(settings.DATABASES["default"])
_news = News(_database)  # one connection listens for all three
door = Door(_database, key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS), _news)
stream, visitors = Stream(_news), VisitorStream(_news)
_pages = Pages()
pages, programs = Measured(_pages), Measured(Programs(_pages.threads))


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to whom it belongs."""
    if scope["type"] != "http":
        return
    if scope["path"].startswith(PREFIX):
        await door(scope, receive, send)
    elif scope["path"] == LIVE:
        await stream(scope, receive, send)
    elif visitors.wants(scope):
        await visitors(scope, receive, send)
    elif scope["path"].startswith(API):
        await programs(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def begin() -> None:
    """Before the first request: the door says from when on it is there."""
    await door.start()


async def let_go() -> None:
    """End the answers that would stay open for hours; those pages come back by themselves."""
    await stream.stop()
    await visitors.stop()


async def close() -> None:
    """After the last answer: write what the door still counts, and leave the database."""
    await door.stop()
