"""SMTP: a mail handed over to a server."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from heed.lib.http import AnswerLost, Response, Token
from heed.lib.mail_line import TIMEOUT, cut_after


class Said(Exception):
    """The server's own words end the conversation."""

    def __init__(self, stage: str, code: int, words: bytes) -> None:
        super().__init__(f"{stage}: {code}")
        self.response = Response(code, {"stage": stage}, words)


class Smtp(smtplib.SMTP):
    """A conversation with a server that was connected to already."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        super().__init__(local_hostname="[127.0.0.1]", timeout=TIMEOUT)
        self._host = host  # the name that STARTTLS checks

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._line

    @contextmanager
    def ends(self, total: float) -> Iterator[None]:
        with cut_after(total, lambda: self.sock or self._line):
            try:
                yield
            finally:
                with suppress(OSError, smtplib.SMTPException):
                    if self.sock is not None:
                        self.sock.settimeout(2)
                        self.quit()
                self.close()

    def greet(self) -> None:
        code, words = self.connect(self._host)
        if code != 220:
            raise Said("greeting", code, words)
        self.ehlo_or_helo_if_needed()

    def sign_in(self, login: tuple[str, str] | None) -> None:
        """Servers that ask nobody for a password are not given one."""
        if login is None or not self.has_extn("auth"):
            return
        user, password = login
        if isinstance(password, Token):
            self._prove("XOAUTH2", _xoauth2(user, password))
        elif not (user + password).isascii():
            self._prove("PLAIN", f"\0{user}\0{password}")  # the library knows ASCII only
        else:
            try:
                self.login(user, password)
            except smtplib.SMTPAuthenticationError as error:
                raise Said("login", error.smtp_code, _bytes(error.smtp_error)) from error

    def _prove(self, mechanism: str, words: str) -> None:
        code, said = self.docmd("AUTH", f"{mechanism} {base64.b64encode(words.encode()).decode()}")
        if code == 334:  # refused: the server says why first, and wants an empty line
            code, said = self.docmd("")
        if code not in (235, 503):
            raise Said("login", code if 400 <= code < 600 else 535, _bytes(said))

    def hand_over(self, sender: str, receivers: list[str], also: list[str], content: bytes) -> Response:
        options = [f"size={len(content)}"] if self.has_extn("size") else []
        head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
        if not (head.isascii() and all(address.isascii() for address in (sender, *receivers, *also))):
            if not self.has_extn("smtputf8"):
                raise Said("scripts", 553, b"The server takes addresses in Latin letters only.")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
            self.command_encoding = "utf-8"
        self._expect("from", *self.mail(sender, options), 250)
        for receiver in receivers:
            self._expect("to", *self.rcpt(receiver), 250, 251)
        for receiver in also:
            self.rcpt(receiver)
        self._expect("data", *self.docmd("DATA"), 354)
        return Response(*self._content(content))

    def _content(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        """The message itself. From here on a lost answer leaves open what happened."""
        lines = re.sub(rb"\r?\n|\r", b"\r\n", content)
        stuffed = re.sub(rb"(?m)^\.", b"..", lines)
        try:
            if self.sock is not None:
                self.sock.settimeout(None)  # `ends` sees to it
            self.send(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"))
            code, words = self.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise AnswerLost(f"{self._host}: {type(error).__name__}") from error
        if not 200 <= code < 600:
            raise AnswerLost(f"{self._host} answered nonsense")
        return code, {"stage": "data"}, _bytes(words)

    def _expect(self, stage: str, code: int, words: bytes, *wanted: int) -> None:
        if code not in wanted:
            raise Said(stage, code if 200 <= code < 600 else 421, _bytes(words))


def _xoauth2(user: str, token: str) -> str:
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode("utf-8", "replace")
