"""Mail servers of the sandbox: as much of SMTP and IMAP as a desk needs, on loopback."""

from __future__ import annotations

import base64
import binascii
import re
import select
import socket
import socketserver
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes
from email.message import Message
from typing import ClassVar

from heed.lib.loopback import InAThread

Said = tuple[int, str]
"""What a mail server answers: its code and words."""

_IDLE_LOOKS = 0.05
_WHICH_LETTERS: Said = 553, "5.6.7 Non-ASCII addresses not permitted"


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


class MailServer:
    """One of the two servers, on a port of its own."""

    def __init__(self, kind: type[_Session], room: Mailroom, port: int) -> None:
        handler = type("Session", (kind,), {"room": room})
        try:
            self._server = _Server(("127.0.0.1", port), handler)
        except OSError:
            self._server = _Server(("127.0.0.1", 0), handler)
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


class _Session(socketserver.StreamRequestHandler, ABC):
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

    def _has_token(self, told: str) -> bool:
        """Whether the token of XOAUTH2 opens the mailbox."""
        try:
            user, bearer = base64.b64decode(told).decode().split("\x01")[:2]
        except (ValueError, binascii.Error):
            return False
        return self.room.admits_token(user.removeprefix("user="), bearer.removeprefix("auth=Bearer "))


class SmtpSession(_Session):
    def talk(self) -> None:
        self.signed_in = not self.room.asks_for_password
        self.sender, self.receivers = "", list[str]()
        self.all_scripts = False
        self.say("220 mail.example ESMTP")
        while True:
            line = self.line()
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            if verb == "EHLO":
                size, scripts = f"250-SIZE {self.room.largest}", ["250-SMTPUTF8"] * self.room.all_scripts
                self.say("250-mail.example", size, *scripts, "250-AUTH PLAIN XOAUTH2", "250 8BITMIME")
            elif verb == "DATA":
                self._data()
            else:
                code, words = self._answer(verb, line)
                self.say(f"{code} {words}")

    def _answer(self, verb: str, line: str) -> Said:
        match verb:
            case "HELO" | "NOOP" | "RSET":
                return 250, "2.0.0 Ok"
            case "AUTH":
                return self._auth(line)
            case "MAIL" if not self.signed_in:
                return 530, "5.7.0 Authentication required"
            case "MAIL":
                self.sender, self.receivers = _bracketed(line), []
                self.all_scripts = self.room.all_scripts and "SMTPUTF8" in line
                if not (self.all_scripts or line.isascii()):
                    return _WHICH_LETTERS
                size = re.search(r"size=(\d+)", line, re.IGNORECASE)
                if size and int(size[1]) > self.room.largest:
                    return 552, "5.3.4 Message size exceeds fixed limit"
                return 250, "2.1.0 Ok"
            case "RCPT" if not (self.all_scripts or line.isascii()):
                return _WHICH_LETTERS
            case "RCPT":
                said = self.room.receives(_bracketed(line).lower())
                if said[0] == 250:
                    self.receivers.append(_bracketed(line).lower())
                return said
        return 502, "5.5.2 Command not recognized"

    def _auth(self, line: str) -> Said:
        _, by_token, told = line.partition("XOAUTH2 ")
        if by_token:
            self.signed_in = self._has_token(told)
            if not self.signed_in:
                self.say("334 eyJzdGF0dXMiOiI0MDEifQ==")
                self.line()
            return (235, "2.7.0 Accepted") if self.signed_in else (535, "5.7.8 Token not accepted")
        self.signed_in = self.room.admits(*_plain(line.partition("PLAIN ")[2]))
        return (235, "2.7.0 Authentication successful") if self.signed_in else (535, "5.7.8 Wrong password")

    def _data(self) -> None:
        if not self.receivers:
            self.say("503 5.5.1 Need RCPT")
            return
        self.say("354 End data with <CR><LF>.<CR><LF>")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            raise Cut
        content = b"".join(lines)
        if not (self.all_scripts or section(content, "HEADER").isascii()):
            self.say("{} {}".format(*_WHICH_LETTERS))
            return
        try:
            code, words = self.room.takes(self.sender, self.receivers, content)
        except Nonsense as nonsense:
            self.say(str(nonsense))
            return
        self.say(f"{code} {words}")


class ImapSession(_Session):
    def talk(self) -> None:
        self.signed_in = False
        self.box: Box | None = None
        self.told = 0
        idle = " IDLE" if self.room.can_idle else ""
        self.abilities = f"IMAP4rev1{idle} UIDPLUS SPECIAL-USE AUTH=PLAIN AUTH=XOAUTH2"
        self.say(f"* OK [CAPABILITY {self.abilities}] ready")
        while True:
            words = self._command()
            if len(words) < 2:
                self.say("* BAD What?")
                continue
            tag, verb = words[0], words[1].upper()
            self.say(f"{tag} {self._answer(tag, verb, words[2:])}")
            if verb == "LOGOUT":
                return

    def _command(self) -> list[str]:
        """A command's words; a literal among them is asked for and read."""
        line = self.line()
        while literal := re.search(r"\{(\d+)\}$", line):
            self.say("+ go on")
            content = self.rfile.read(int(literal[1])).decode("latin-1")
            self._literal = content
            line = line[: literal.start()] + " LITERAL" + self.line()
        return [_unquoted(word) for word in re.findall(r'"(?:[^"\\]|\\.)*"|\([^)]*\)|\S+', line)]

    def _answer(self, tag: str, verb: str, words: list[str]) -> str:
        if verb == "UID" and words:
            verb, words = f"UID {words[0].upper()}", words[1:]
        match verb:
            case "CAPABILITY":
                self.say(f"* CAPABILITY {self.abilities}")
            case "NOOP":
                self._tell_count()
            case "LOGOUT":
                self.say("* BYE")
            case "LOGIN" if len(words) == 2 and self.room.admits(*words):
                self.signed_in = True
            case "AUTHENTICATE" if words[:1] == ["XOAUTH2"]:
                self.say("+ ")
                self.signed_in = self._has_token(self.line())
                if not self.signed_in:
                    self.say("+ eyJzdGF0dXMiOiI0MDEifQ==")
                    self.line()
                    return "NO [AUTHENTICATIONFAILED] Token not accepted"
            case "AUTHENTICATE" if words[:1] == ["PLAIN"]:
                self.say("+ ")
                self.signed_in = self.room.admits(*_plain(self.line()))
                if not self.signed_in:
                    return "NO [AUTHENTICATIONFAILED] Invalid credentials"
            case "LOGIN":
                return "NO [AUTHENTICATIONFAILED] Invalid credentials"
            case _ if not self.signed_in:
                return "NO Sign in first"
            case "LIST":
                for name, box in self.room.boxes.items():
                    self.say(f'* LIST ({box.use}) "/" "{name}"')
            case "SELECT" | "EXAMINE":
                return self._open(words[0])
            case "APPEND":
                return self._append(words)
            case "IDLE":
                return self._idle()
            case "UID SEARCH" if self.box:
                self.say("* SEARCH" + "".join(f" {mail.uid}" for mail in _searched(self.box, words)))
            case "UID FETCH" if self.box:
                return self._fetch(self.box, words)
            case _:
                return "BAD Unknown"
        return "OK done"

    def _open(self, name: str) -> str:
        self.box = self.room.boxes.get(name)
        if self.box is None:
            return "NO [NONEXISTENT] No such mailbox"
        self._tell_count()
        self.say(f"* OK [UIDVALIDITY {self.box.uidvalidity}] .", f"* OK [UIDNEXT {self.box.following}] .")
        return "OK [READ-ONLY] opened"

    def _tell_count(self) -> None:
        if self.box is not None:
            self.told = len(self.box.mails)
            self.say(f"* {len(self.box.mails)} EXISTS", "* 0 RECENT")

    def _append(self, words: list[str]) -> str:
        box = self.room.boxes.get(words[0])
        if box is None:
            return "NO [TRYCREATE] No such mailbox"
        box.put(self._literal.encode("latin-1"), self.room.now(), "\\Seen")
        return "OK appended"

    def _idle(self) -> str:
        self.say("+ idling")
        while not select.select([self.connection], [], [], _IDLE_LOOKS)[0]:
            if self.box and len(self.box.mails) != self.told:
                self._tell_count()
        self.line()
        return "OK idle ended"

    def _fetch(self, box: Box, words: list[str]) -> str:
        wanted = " ".join(words[1:]).strip("()")
        for number, mail in enumerate(list(box.mails), 1):
            if not _in_set(mail.uid, words[0], box.following - 1):
                continue
            if mail.refused and "BODY" in wanted:
                if mail.refused.startswith("* BYE"):
                    self.say(mail.refused)
                    raise Cut
                return f"NO {mail.refused}"
            self.wfile.write(f"* {number} FETCH (UID {mail.uid}".encode())
            if "FLAGS" in wanted:
                self.wfile.write(f" FLAGS ({' '.join(sorted(mail.flags))})".encode())
            if "INTERNALDATE" in wanted:
                self.wfile.write(f' INTERNALDATE "{mail.at:%d-%b-%Y %H:%M:%S %z}"'.encode())
            if "RFC822.SIZE" in wanted:
                self.wfile.write(f" RFC822.SIZE {len(mail.raw)}".encode())
            if body := re.search(r"BODY\.PEEK\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", wanted):
                start = f"<{body[2]}>" if body[2] else ""
                content = section(mail.raw, body[1])
                if body[2]:
                    content = content[int(body[2]) : int(body[2]) + int(body[3])]
                self.wfile.write(f" BODY[{body[1]}]{start} {{{len(content)}}}\r\n".encode() + content)
            self.wfile.write(b")\r\n")
            if mail.leaving:
                box.mails.remove(mail)
        self.wfile.flush()
        return "OK done"


def section(raw: bytes, name: str) -> bytes:
    """A part of a mail as it stands there, by its number; `1.2.MIME` for its headers."""
    if not name:
        return raw
    if name == "HEADER":
        return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"
    number, _, rest = name.partition(".MIME") if name.endswith(".MIME") else (name, "", None)
    part: Message = message_from_bytes(raw)
    whole = True
    for step in number.split("."):
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            if not 0 < int(step) <= len(inside):
                return b""
            inner = inside[int(step) - 1]
            if not isinstance(inner, Message):
                return b""
            part, whole = inner, False
        elif step != "1":
            return b""
    if rest is not None:
        return (
            b"" if whole else "".join(f"{key}: {value}\r\n" for key, value in part.items()).encode() + b"\r\n"
        )
    inside = part.get_payload()
    if isinstance(inside, list):
        return b"".join(each.as_bytes() for each in inside if isinstance(each, Message))
    return str(inside).encode("ascii", "surrogateescape")


def _searched(box: Box, words: list[str]) -> Iterator[Mail]:
    for mail in box.mails:
        left = list(words)
        fits = True
        while left and fits:
            match left.pop(0).upper():
                case "UID":
                    fits = _in_set(mail.uid, left.pop(0), box.following - 1)
                case "SINCE":
                    fits = mail.at.date() >= _day(left.pop(0))
                case "HEADER":
                    name, value = left.pop(0), left.pop(0)
                    fits = value.lower() in str(message_from_bytes(mail.raw).get(name, "")).lower()
        if fits:
            yield mail


def _in_set(uid: int, wanted: str, last: int) -> bool:
    for piece in wanted.split(","):
        first, _, end = piece.partition(":")
        ends = [last if each == "*" else int(each) for each in (first, end or first)]
        if min(ends) <= uid <= max(ends):
            return True
    return False


def _day(text: str) -> date:
    return datetime.strptime(f"{text} +0000", "%d-%b-%Y %z").date()


def _plain(told: str) -> tuple[str, str]:
    """Name and password, as SASL's PLAIN has them; empty where they cannot be read."""
    try:
        _, user, password = base64.b64decode(told).decode().split("\0")
    except (ValueError, binascii.Error):
        return "", ""
    return user, password


def _bracketed(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    return found[1] if found else ""


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word
