"""Server-sent events over ASGI: answers that stay open, to say what happens while it happens."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

BEAT = 20.0
"""Seconds of silence after which `STILL_HERE` is said: a proxy would take the line for a dead one."""

STILL_HERE = ": still here\n\n"


async def begin(send: Send, *more: Header) -> None:
    """Begin the answer, with these headers beside those that every stream needs."""
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        *more,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def say(send: Send, text: str) -> None:
    """Say one or several events, or a comment, with the empty line that ends each."""
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def end(send: Send) -> None:
    """End the answer, whether or not anybody is still there."""
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "http.response.body", "body": b""})


async def refuse(send: Send, status: int, *more: Header) -> None:
    """Give no stream."""
    headers = [(b"content-length", b"0"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def until_gone(receive: Receive) -> None:
    """Return when the one who listens has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
