"""The sandbox's HTTP: one thread per connection, so that a connection can be cut without an answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from heed.lib.loopback import Loopback
from heed.sandbox import pages, play
from heed.sandbox.faults import Fault
from heed.sandbox.frame import Call, Recorded, Reply, Simulator, log

if TYPE_CHECKING:
    from heed.sandbox.frame import Sandbox

MOST_RECORDED = 5000
_STEPS = 10


class _Cut(Exception):
    """The connection is to be closed without an answer."""


class Server(Loopback):
    """Serves a sandbox."""

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        super().__init__(type("Handler", (_Handler,), {"sandbox": sandbox}), port)


class _Handler(BaseHTTPRequestHandler):
    sandbox: Sandbox
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names http.server asks for

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _handle(self) -> None:
        call = self._call()
        try:
            reply, slow = answer(self.sandbox, call)
        except _Cut:
            self._cut()
            return
        self._write(reply, slow)

    def _call(self) -> Call:
        parts = urlsplit(self.path)
        return Call(
            method=self.command,
            path=unquote(parts.path),
            pairs=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _write(self, reply: Reply, slow: float) -> None:
        content = reply.content()
        length = {"Connection": "close"} if reply.stream else {"Content-Length": str(len(content))}
        headers = {"Content-Type": reply.content_type(), **reply.headers, **length}
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in _pieces(content) if slow else [content]:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(slow / _STEPS if slow else 0)
        if reply.stream:
            self._stream(reply.stream)

    def _stream(self, pieces: Iterator[bytes]) -> None:
        """Piece after piece until there are no more or the other side has gone."""
        self.close_connection = True
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:
            return

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def answer(sandbox: Sandbox, call: Call) -> tuple[Reply, float]:
    """The answer to a call, and the seconds over which its body is to trickle."""
    first = call.path.split("/")[1]
    if first not in sandbox:
        return (play.answer(sandbox, call) if first == "_play" else pages.answer(sandbox, call)), 0.0
    simulator = sandbox[first]
    inside = replace(call, path=call.path[len(first) + 1 :] or "/")
    if inside.path.startswith("/_media/"):
        return simulator.kept(inside.path), 0.0
    return _with_fault(sandbox, simulator, inside)


def _with_fault(sandbox: Sandbox, simulator: Simulator, call: Call) -> tuple[Reply, float]:
    fault = sandbox.faults.for_call(simulator.place, call.method, call.path) or Fault()
    time.sleep(fault.delay)
    if fault.drop == "before":
        _record(sandbox, simulator, call, 0)
        raise _Cut
    reply = Reply(fault.status, fault.body, fault.headers) if fault.status else _ask(simulator, call)
    _record(sandbox, simulator, call, 0 if fault.drop else reply.status)
    if fault.drop == "after":
        raise _Cut
    return reply, fault.slow


def _ask(simulator: Simulator, call: Call) -> Reply:
    try:
        with simulator.lock:
            reply = simulator.answer(call)
            if call.method != "GET":
                simulator.changed()
            return reply
    except Exception:  # a fault of the simulator looks like one of the network
        log.exception("%s could not answer %s %s", simulator.place, call.method, call.path)
        return Reply(500, "The simulator failed; its log says why.")


def _record(sandbox: Sandbox, simulator: Simulator, call: Call, status: int) -> None:
    sandbox.requests.append(Recorded(simulator.place, call, status))
    del sandbox.requests[:-MOST_RECORDED]


def _pieces(content: bytes) -> list[bytes]:
    size = max(1, -(-len(content) // _STEPS))
    return [content[start : start + size] for start in range(0, len(content), size)]
