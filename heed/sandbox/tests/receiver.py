"""A stand-in for the door: takes webhooks and keeps them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from heed.lib.loopback import Loopback


@dataclass(frozen=True)
class Taken:
    """One webhook. Header names are lower case."""

    method: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    path: str = field(default="/")


class Receiver:
    """`with Receiver() as receiver:` listens on a free port of loopback."""

    def __init__(self) -> None:
        self.hooks: list[Taken] = []
        self.status = 200
        self.answer: Callable[[Taken], tuple[int, bytes]] = lambda hook: (self.status, b"{}")
        self._changed = threading.Condition()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._http = Loopback(handler)
        self.url = f"{self._http.url}/hooks/here"

    def __enter__(self) -> Receiver:
        self._http.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.end()

    def take(self, hook: Taken) -> tuple[int, bytes]:
        with self._changed:
            self.hooks.append(hook)
            self._changed.notify_all()
        return self.answer(hook)

    def wait(self, number: int, timeout: float = 120.0) -> list[Taken]:
        """The webhooks, once there are at least so many; fails when they do not come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.hooks) >= number, timeout), self.hooks
            return list(self.hooks)


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, content = self.receiver.take(
            Taken(self.command, dict(parse_qsl(parts.query)), headers, body, parts.path)
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - the names http.server asks for

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
