"""The server of `heed web` and `heed door`: uvicorn in our own process, with heads that have an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Deed = Callable[[], Awaitable[None]]

MOST_OF_A_HEAD = 64 * 1024
"""Bytes of a request before its body."""
_HEAD_COMES_WITHIN = 30.0
_IDLE_FOR = 75
"""Seconds a connection is kept for the next request: networks come again, and a new one costs them."""
_LAST_ANSWERS = 5
"""Seconds for the answers that are under way when we are told to stop."""


class Connection(HttpToolsProtocol):
    """A connection on which the head of a request has to come, and be of a sensible size: a stranger
    who sends it drop by drop, or without end, would hold it for ever."""

    _in_head = False
    _head = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > MOST_OF_A_HEAD:
            self.send_400_response("The head of this request is too large.")
        elif self._patience is None:
            self._wait()

    def on_message_begin(self) -> None:
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._wait_no_more()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(_HEAD_COMES_WITHIN, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Server(uvicorn.Server):
    """Stops when told to: lets go of the answers that stay open for hours, gives the others their time,
    and closes."""

    def __init__(self, config: uvicorn.Config, begin: Deed, let_go: Deed, close: Deed) -> None:
        super().__init__(config)
        self._begin = begin
        self._let_go = let_go
        self._close = close

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            await self._begin()

    async def shutdown(self, sockets: Any = None) -> None:
        await self._let_go()
        await super().shutdown(sockets)
        await self._close()


def server(app: Any, address: str, port: int, begin: Deed, let_go: Deed, close: Deed) -> Server:
    """A server of this application; `run` serves until told to stop. `begin` is done as soon as it listens,
    `let_go` when it is told to stop, `close` after the last answer."""
    config = uvicorn.Config(
        app, host=address, port=port, interface="asgi3", http=Connection, ws="none", loop="uvloop",
        lifespan="off", backlog=1024, timeout_keep_alive=_IDLE_FOR, timeout_graceful_shutdown=_LAST_ANSWERS,
        proxy_headers=False, server_header=False, access_log=False, log_config=None, log_level="error",
    )  # fmt: skip
    return Server(config, begin, let_go, close)
