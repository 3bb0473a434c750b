"""What both mail servers serve: the company's mailboxes, and who may open them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

Said = tuple[int, str]
"""What a mail server answers: its code and words."""


class Cut(Exception):
    """The line is to be closed without an answer."""


class Nonsense(Exception):
    """These words are to be answered, which no mail server would."""


@dataclass
class Mail:
    """`refused`: the words with which the server says that it cannot read it, or hangs up. `leaving`: once
    somebody has looked at it, it is moved away."""

    uid: int
    raw: bytes
    at: datetime
    flags: set[str] = field(default_factory=set)
    refused: str = ""
    leaving: bool = False


@dataclass
class Box:
    """A mailbox. With another `uidvalidity` all its numbers mean something else."""

    uidvalidity: int
    use: str = ""
    mails: list[Mail] = field(default_factory=list)
    following: int = 1

    def put(self, raw: bytes, at: datetime, *flags: str) -> Mail:
        mail = Mail(self.following, raw, at, set(flags))
        self.following += 1
        self.mails.append(mail)
        return mail


class Mailroom:
    """What both servers serve. `admits` judges user and password, `takes` a mail that is handed over:
    sender, receivers, content. It may raise `Cut` or `Nonsense`."""

    def __init__(
        self,
        admits: Callable[[str, str], bool],
        takes: Callable[[str, list[str], bytes], Said],
        receives: Callable[[str], Said],
        now: Callable[[], datetime],
        largest: int,
    ) -> None:
        self.admits = admits
        self.admits_token: Callable[[str, str], bool] = lambda user, token: False
        self.takes = takes
        self.receives = receives
        self.now = now
        self.largest = largest
        self.boxes: dict[str, Box] = {}
        self.can_idle = True
        self.asks_for_password = True
        self.all_scripts = True
        self.lines: set[socket.socket] = set()

    def hang_up(self) -> None:
        """Close every open line, as a restart does."""
        for line in list(self.lines):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
