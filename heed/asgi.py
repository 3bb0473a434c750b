"""One address for all: the door, the live stream, and Django for everything else."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heed.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from heed.door.app import PREFIX, Door  # noqa: E402
from heed.lib.crypto import key_ring  # noqa: E402
from heed.lib.postgres import conninfo  # noqa: E402
from heed.web.stream import LIVE, Stream  # noqa: E402

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

door = Door(conninfo(settings.DATABASES["default"]), key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS))
stream = Stream(conninfo(settings.DATABASES["default"]))
pages = ASGIHandler()


async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Hand a request to whom it belongs."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] != "http":
        return
    elif scope["path"].startswith(PREFIX):
        await door(scope, receive, send)
    elif scope["path"] == LIVE:
        await stream(scope, receive, send)
    else:
        await pages(scope, receive, send)  # type: ignore[arg-type]


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            await stream.stop()
            await door.stop()
            return
