"""Small servers in a thread of their own, as the sandbox and tests have many of: they end at once.

Those of the standard library only look now and then whether they are to end."""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class InAThread(socketserver.TCPServer):
    """To be named before a server of `socketserver`. It serves from `begin` to `end`, or inside `with`."""

    timeout = 0  # somebody is there when they are looked after
    _thread: threading.Thread | None = None

    def begin(self) -> Self:
        self._told, self._tell = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def take_over(self, listening: socket.socket) -> None:
        """Serve a socket that listens already, and none of its own."""
        self.socket.close()
        self.socket = listening
        self.server_address = listening.getsockname()

    def end(self) -> None:
        """From now on nobody listens here. What is being answered is answered. Once more does nothing."""
        if self._thread is not None:
            self._tell.close()
            self._thread.join()
            self._told.close()
            self._thread = None
        self.server_close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._told, selectors.EVENT_READ)
            while self._told not in [key.fileobj for key, _ in selector.select()]:
                self.handle_request()

    def __enter__(self) -> Self:
        return self.begin()

    def __exit__(self, *_: object) -> None:
        self.end()


class Loopback(InAThread, ThreadingHTTPServer):
    """HTTP on a port of this machine; 0 takes a free one. `url` has no slash at its end."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), handler)
        self.url = f"http://{host}:{self.server_port}"

    def take_over(self, listening: socket.socket) -> None:
        super().take_over(listening)
        host, self.server_port = listening.getsockname()[:2]
        self.url = f"http://{host}:{self.server_port}"
