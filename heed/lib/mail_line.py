"""A line to a mail server: where it leads, how it breaks, and when it is cut."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from heed.lib.http import SLOWEST_LINE

TIMEOUT = 20.0
"""Seconds without a byte."""

FAILURES = (OSError, imaplib.IMAP4.error, smtplib.SMTPException)
"""Whatever a broken line makes the libraries raise, and what servers answer to nonsense."""


class Place(NamedTuple):
    """A mail server."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@contextmanager
def cut_after(seconds: float, line: Callable[[], socket.socket]) -> Iterator[None]:
    """Cut the line when the time for a request is over: time-outs start anew with every byte."""

    def cut() -> None:
        with suppress(OSError):
            line().shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def seconds_for(content: bytes | None) -> float:
    """What sending so much may take: a large mail gets its time."""
    return len(content or b"") / SLOWEST_LINE


def all_of(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
