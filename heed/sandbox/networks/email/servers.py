"""A mail server on a port of its own, and what its sessions have in common."""

from __future__ import annotations

import base64
import binascii
import socket
import socketserver
from abc import ABC, abstractmethod
from typing import ClassVar

from heed.lib.loopback import InAThread
from heed.sandbox.networks.email.mailroom import Cut, Mailroom


class MailServer:
    """One of the two servers, on a port of its own."""

    def __init__(self, kind: type[Session], room: Mailroom, listening: socket.socket | None = None) -> None:
        """Without a socket that listens it takes any free port."""
        self._server = _Server(("127.0.0.1", 0), type("Session", (kind,), {"room": room}))
        if listening is not None:
            self._server.take_over(listening)
        self._room = room
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        self._server.begin()

    def stop(self) -> None:
        self._server.end()
        self._room.hang_up()


class _Server(InAThread, socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Session(socketserver.StreamRequestHandler, ABC):
    room: ClassVar[Mailroom]
    timeout = 120
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.room.lines.add(self.connection)
        try:
            self.talk()
        except (Cut, OSError):
            pass
        finally:
            self.room.lines.discard(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return

    @abstractmethod
    def talk(self) -> None:
        """The protocol itself, from the greeting on."""

    def say(self, *lines: str) -> None:
        self.wfile.write(("\r\n".join(lines) + "\r\n").encode())
        self.wfile.flush()

    def line(self) -> str:
        """The next line. Raises `Cut` when the other side has gone."""
        got = self.rfile.readline(65536)
        if not got:
            raise Cut
        return got.decode("utf-8", "replace").rstrip("\r\n")

    def has_token(self, told: str) -> bool:
        """Whether the token of XOAUTH2 opens the mailbox."""
        try:
            user, bearer = base64.b64decode(told).decode().split("\x01")[:2]
        except (ValueError, binascii.Error):
            return False
        return self.room.admits_token(user.removeprefix("user="), bearer.removeprefix("auth=Bearer "))


def plain(told: str) -> tuple[str, str]:
    """Name and password, as SASL's PLAIN has them; empty where they cannot be read."""
    try:
        _, user, password = base64.b64decode(told).decode().split("\0")
    except (ValueError, binascii.Error):
        return "", ""
    return user, password
