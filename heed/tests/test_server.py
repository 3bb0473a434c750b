"""What the server lets in, and how it stops."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from heed import server as web
from heed.tests.processes import PATIENCE, own_port


class Desk:
    """A server with an answer that tells how much was sent, and one that stays open."""

    def __init__(self) -> None:
        self.port = own_port()
        self.server = web.server(self.app, "127.0.0.1", self.port, self.begin, self.let_go, self.close)
        self.thread = threading.Thread(target=self.server.run)
        self.told: list[str] = []
        self.letting_go = asyncio.Event()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            event = await receive()
            size, more = size + len(event.get("body", b"")), event.get("more_body", False)
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"x-size", str(size).encode())]}
        )
        if scope["path"] == "/open":
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
            await self.letting_go.wait()
            self.told.append("answered")
        await send({"type": "http.response.body", "body": b""})

    async def begin(self) -> None:
        self.told.append("begun")

    async def let_go(self) -> None:
        self.told.append("let go")
        self.letting_go.set()

    async def close(self) -> None:
        self.told.append("closed")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)


@contextmanager
def running() -> Iterator[Desk]:
    desk = Desk()
    desk.thread.start()
    while not desk.server.started:
        time.sleep(0.01)
    try:
        yield desk
    finally:
        desk.stop()


@contextmanager
def visitor(desk: Desk) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", desk.port), timeout=PATIENCE) as visitor:
        yield visitor


def until(visitor: socket.socket, words: bytes) -> bytes:
    """What comes until these words, or the end."""
    found = b""
    while words not in found and (more := visitor.recv(65536)):
        found += more
    return found


def test_a_head_without_end_is_refused() -> None:
    with running() as desk, visitor(desk) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: heed\r\n")
        with pytest.raises(ConnectionError):  # reset, or a broken pipe
            _send_on(stranger, b"X-More: " + b"x" * 8000 + b"\r\n")
        with visitor(desk) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: heed\r\n\r\n")
            assert until(other, b"\r\n\r\n").startswith(b"HTTP/1.1 200")


def _send_on(visitor: socket.socket, words: bytes) -> None:
    for _ in range(1000):
        visitor.sendall(words)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: he"])
def test_a_head_that_does_not_come_ends_the_connection(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_HEAD_COMES_WITHIN", 0.2)
    with running() as desk, visitor(desk) as stranger:
        stranger.sendall(sent)
        assert stranger.recv(100) == b""


def test_a_second_head_must_come_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as desk, visitor(desk) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: heed\r\n\r\n")
        assert b"x-size: 0" in until(stranger, b"0\r\n\r\n")
        monkeypatch.setattr(web, "_HEAD_COMES_WITHIN", 0.2)
        stranger.sendall(b"GET / HTTP/1.1\r\nHo")
        assert stranger.recv(100) == b""


def test_a_large_body_is_no_large_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_HEAD_COMES_WITHIN", 1.5)  # and a slow machine needs some of it
    body = b"x" * 3 * web.MOST_OF_A_HEAD
    with running() as desk, visitor(desk) as network:
        for _ in range(2):
            network.sendall(b"POST / HTTP/1.1\r\nHost: heed\r\nContent-Length: %d\r\n\r\n" % len(body))
            time.sleep(2)  # longer than a head may take
            network.sendall(body)
            assert b"x-size: %d" % len(body) in until(network, b"0\r\n\r\n")


def test_open_answers_end_before_it_closes() -> None:
    with running() as desk, visitor(desk) as page:
        page.sendall(b"GET /open HTTP/1.1\r\nHost: heed\r\n\r\n")
        until(page, b"begun")
        desk.stop()
        assert desk.told == ["begun", "let go", "answered", "closed"]
        assert until(page, b"0\r\n\r\n").endswith(b"0\r\n\r\n")
    assert not desk.thread.is_alive()
