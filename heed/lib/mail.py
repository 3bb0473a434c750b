"""Mail servers by the requests and answers of `heed.lib.http`: the scheme says which wire.

`smtp://host:587`, `smtps://host:465`
    POST, params `from`, `to` and `also` (whom it may refuse), content a whole message: hand it over. The
    status is the server's own
    (250 taken, 4xx later, 5xx no), the body its words, the header `stage` where it said so.
    GET: sign in only; the header `size` is the largest message taken, `scripts` says `all` where addresses
    may be in other letters than Latin ones. Elsewhere a mail to or from such is refused at the stage
    `scripts`.
`imap://host:143`, `imaps://host:993`, then a mailbox; `/%5CSent` is where sent mail lies, whatever it
    is called
    GET without a mailbox: sign in only.
    GET a mailbox, params `uidvalidity`, `after`, `limit`, `most` (bytes of each): its new mail, as JSON.
    Without `uidvalidity` only where one stands. When that has changed, or with `again`, only mail since
    the ISO date `since`. A message that the server does not give out has its words under `refused`.
    GET a mailbox, params `header` (several may be given) and `value`: `{"uids": […]}`.
    GET `MAILBOX;UIDVALIDITY=1/;UID=2` and perhaps `/;SECTION=1.2` (RFC 5092): a message, or one part of
    it, decoded.
    POST a mailbox, content a message: put it there, as read.

Statuses of IMAP are those of HTTP: 200, 401 not signed in, 404 not there, 503 later. Passwords go only
over TLS, but to private hosts that the admin named.
"""

from __future__ import annotations

import base64
import imaplib
import logging
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import orjson
from imapclient import IMAPClient
from imapclient.exceptions import LoginError
from imapclient.imapclient import SENT

from heed.lib.http import (
    ANSWER_LIMIT,
    TOTAL,
    AddressRefused,
    AnswerLost,
    Request,
    Response,
    Token,
    TooLarge,
    Unreachable,
    checked_address,
    is_allowed,
)

log = logging.getLogger("heed.mail")

SCHEMES = ("smtp", "smtps", "imap", "imaps")
_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
_TIMEOUT = 20.0
_SENT = "\\Sent"
_SLOW = 3
"""How much longer a mail server may take over a mail than others over a request: it looks for spam."""

_SLOWEST_LINE = 100_000
"""Bytes a second: a large mail gets its time."""

_KEPT_FOR = 240.0
"""Seconds an idle IMAP connection is kept: signing in anew for every question would wear servers out."""

_RENEW_IDLE = 9 * 60
"""Seconds after which IDLE is asked for again. Servers end it after 29 minutes, routers much earlier."""

_LOOK_EVERY = 30.0
"""Seconds between questions where the server has no IDLE."""

_BUSY = re.compile(rb"\[(UNAVAILABLE|LIMIT|INUSE|OVERQUOTA)\]|too many|try again", re.IGNORECASE)
_LATER = re.compile(rb"\[SERVERBUG\]|internal error|" + _BUSY.pattern, re.IGNORECASE)
_MOVED = re.compile(rb"\[EXPUNGEISSUED\]", re.IGNORECASE)
_FACTS = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
_FAILURES = (OSError, imaplib.IMAP4.error, smtplib.SMTPException)


class Place(NamedTuple):
    """A mail server."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class MailClient:
    """Sends requests to mail servers through the guard. One per process; safe for threads."""

    def __init__(self, allowed_private_hosts: Iterable[str] = (), total: float = TOTAL) -> None:
        """`total`: seconds that one request may take."""
        self.allowed = frozenset(allowed_private_hosts)
        self.total = total
        self._lock = threading.Lock()
        self._kept: dict[tuple[Place, tuple[str, str] | None], tuple[float, Mailboxes]] = {}

    def send(self, request: Request, *, limit: int = ANSWER_LIMIT) -> Response:
        """Do what one request asks. Raises as `heed.lib.http.Client.send` does."""
        place, path = _place(request.url)
        if place.scheme.startswith("smtp"):
            return self._smtp(place, request)
        response = self._imap(place, path, request, limit)
        if len(response.body) > 2 * limit:
            raise TooLarge(f"more than {limit} bytes")
        return response

    def watch(self, url: str, login: tuple[str, str] | None, ended: Callable[[], bool]) -> Iterator[None]:
        """Yield once when the mailbox is open and then whenever it may have new mail, until `ended`.

        Raises `Unreachable` or `AnswerLost` when the line breaks.
        """
        place, path = _place(url)
        try:
            mailboxes = self._connect(place, login)
        except LoginError as error:
            raise Unreachable(f"{place} does not let us in") from error
        try:
            with _losses(place):
                mailboxes.select(_mailbox(path))
                yield
                yield from mailboxes.changes(ended)
        finally:
            mailboxes.hang_up()

    def close(self) -> None:
        with self._lock:
            for _, mailboxes in self._kept.values():
                mailboxes.hang_up()
            self._kept.clear()

    # ------------------------------------------------------------------------------ SMTP

    def _smtp(self, place: Place, request: Request) -> Response:
        with _unreachable(place):
            server = _Smtp(self._socket(place), place.host)
        with server.ends(_SLOW * self.total + _seconds(request.content)):
            try:
                return self._handed_over(server, place, request)
            except _Said as said:
                return said.response
            except _FAILURES as error:
                # Only the message itself is decisive, and what is lost there says so.
                raise Unreachable(f"{place}: {type(error).__name__}") from error

    def _handed_over(self, server: _Smtp, place: Place, request: Request) -> Response:
        server.greet()
        if place.scheme == "smtp":
            self._secure(place, server)
        server.sign_in(request.login)
        if request.method == "GET":
            size, scripts = server.esmtp_features.get("size", ""), server.has_extn("smtputf8")
            return Response(250, {"stage": "login", "size": size, "scripts": "all" if scripts else ""}, b"")
        return server.hand_over(
            str(request.params.get("from", "")),
            _all(request.params.get("to", [])),
            _all(request.params.get("also", [])),
            request.content or b"",
        )

    def _secure(self, place: Place, server: _Smtp) -> None:
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not self._may_be_open(place):
            raise Unreachable(f"{place} offers no encryption")

    # ------------------------------------------------------------------------------ IMAP

    def _imap(self, place: Place, path: str, request: Request, limit: int) -> Response:
        try:
            mailboxes = self._take(place, request.login)
        except LoginError as error:
            words = str(error).encode()
            return Response(503 if _LATER.search(words) else 401, {"stage": "login"}, words)
        try:
            with mailboxes.ends(self.total + _seconds(request.content)), _losses(place):
                response = mailboxes.answer(path, request, limit)
        except BaseException:
            mailboxes.hang_up()
            raise
        self._keep(place, request.login, mailboxes)
        return response

    def _take(self, place: Place, login: tuple[str, str] | None) -> Mailboxes:
        """A connection: the one kept from before if it still lives."""
        with self._lock:
            since, kept = self._kept.pop((place, login), (0.0, None))
        if kept is not None:
            with suppress(*_FAILURES):
                if time.monotonic() - since < _KEPT_FOR:
                    kept.noop()
                    return kept
            kept.hang_up()
        return self._connect(place, login)

    def _keep(self, place: Place, login: tuple[str, str] | None, mailboxes: Mailboxes) -> None:
        """Keep the connection for the next request, and let go of those that nobody came back to: with
        every new token a mailbox has another login."""
        now = time.monotonic()
        with self._lock:
            over = [key for key, (since, _) in self._kept.items() if now - since > _KEPT_FOR]
            spare = [self._kept.pop(key)[1] for key in {*over, (place, login)} if key in self._kept]
            self._kept[(place, login)] = (now, mailboxes)
        for each in spare:
            each.hang_up()

    def _connect(self, place: Place, login: tuple[str, str] | None) -> Mailboxes:
        with _unreachable(place):
            mailboxes = Mailboxes(self._socket(place), place)
        try:
            with mailboxes.ends(self.total), _unreachable(place):
                if place.scheme == "imap":
                    self._secure_imap(place, mailboxes)
                if login is not None:
                    mailboxes.sign_in(*login)
        except BaseException:
            mailboxes.hang_up()
            raise
        return mailboxes

    def _secure_imap(self, place: Place, mailboxes: Mailboxes) -> None:
        if mailboxes.has_capability("STARTTLS"):
            mailboxes.starttls(ssl.create_default_context())
        elif not self._may_be_open(place):
            raise Unreachable(f"{place} offers no encryption")

    # ------------------------------------------------------------------------------ both

    def _socket(self, place: Place) -> socket.socket:
        """Connected to the address that was checked, inside TLS where the scheme says so."""
        address = checked_address(place.host, place.port, self.allowed)
        line = socket.create_connection((address, place.port), _TIMEOUT)
        if place.scheme in ("smtp", "imap"):
            return line
        try:
            return ssl.create_default_context().wrap_socket(line, server_hostname=place.host)
        except BaseException:
            line.close()
            raise

    def _may_be_open(self, place: Place) -> bool:
        """Whether a password may go there in the clear: only to a private address that was named."""
        address = checked_address(place.host, place.port, self.allowed)
        return not is_allowed("", 0, address, frozenset())


class _Said(Exception):
    """The server's own words end the conversation."""

    def __init__(self, stage: str, code: int, words: bytes) -> None:
        super().__init__(f"{stage}: {code}")
        self.response = Response(code, {"stage": stage}, words)


class _Smtp(smtplib.SMTP):
    """A conversation with a server that was connected to already."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        super().__init__(local_hostname="[127.0.0.1]", timeout=_TIMEOUT)
        self._host = host  # the name that STARTTLS checks

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._line

    @contextmanager
    def ends(self, total: float) -> Iterator[None]:
        with _cut_after(total, lambda: self.sock or self._line):
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
            raise _Said("greeting", code, words)
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
                raise _Said("login", error.smtp_code, _bytes(error.smtp_error)) from error

    def _prove(self, mechanism: str, words: str) -> None:
        code, said = self.docmd("AUTH", f"{mechanism} {base64.b64encode(words.encode()).decode()}")
        if code == 334:  # refused: the server says why first, and wants an empty line
            code, said = self.docmd("")
        if code not in (235, 503):
            raise _Said("login", code if 400 <= code < 600 else 535, _bytes(said))

    def hand_over(self, sender: str, receivers: list[str], also: list[str], content: bytes) -> Response:
        options = [f"size={len(content)}"] if self.has_extn("size") else []
        if not all(address.isascii() for address in (sender, *receivers, *also)):
            if not self.has_extn("smtputf8"):
                raise _Said("scripts", 553, b"The server takes addresses in Latin letters only.")
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
            raise _Said(stage, code if 200 <= code < 600 else 421, _bytes(words))


class _Imap(imaplib.IMAP4):
    """The protocol over a line that was connected to already."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        super().__init__(host)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._line


class Mailboxes(IMAPClient):  # type: ignore[misc]  # the library is not typed
    """A signed-in connection to an IMAP server."""

    def __init__(self, line: socket.socket, place: Place) -> None:
        self._line = line
        self._sent: str | None = None
        super().__init__(place.host, place.port, ssl=False, timeout=_TIMEOUT)
        self.normalise_times = False

    def _create_IMAP4(self) -> _Imap:  # noqa: N802 - the library's name
        return _Imap(self._line, self.host)

    @contextmanager
    def ends(self, total: float) -> Iterator[None]:
        with _cut_after(total, self.socket):
            yield

    def hang_up(self) -> None:
        with suppress(*_FAILURES):
            self.socket().settimeout(2)
            self.logout()
        with suppress(*_FAILURES):
            self._line.close()

    def sign_in(self, user: str, password: str) -> None:
        """Raises `LoginError` for a refusal only: the library also calls a broken line one."""
        try:
            if isinstance(password, Token):
                self.oauth2_login(user, password)
            elif (user + password).isascii():
                self.login(user, password)
            elif self.has_capability("AUTH=PLAIN"):
                self.plain_login(user, password)
            else:
                raise LoginError("the server takes names and passwords in ASCII only")
        except LoginError as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                raise error.__context__ from None
            raise

    def select(self, name: str) -> dict[bytes, Any] | None:
        """Open a mailbox, for reading only; None when there is none of this name."""
        try:
            found: dict[bytes, Any] = self.select_folder(self._named(name), readonly=True)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if name.upper() == "INBOX" or _LATER.search(str(error).encode()):
                raise  # everybody has an INBOX: this one just cannot be opened now
            return None
        return found

    def answer(self, path: str, request: Request, limit: int) -> Response:
        name, uidvalidity, uid, section = _address(path)
        params = request.params
        if not name:
            return _json(
                {"capabilities": sorted(each.decode("ascii", "replace") for each in self.capabilities())}
            )
        if request.method == "POST":
            return self._put(name, request.content or b"")
        opened = self.select(name)
        if opened is None or uidvalidity not in ("", str(opened.get(b"UIDVALIDITY", ""))):
            return Response(404, {}, b"")
        if uid:
            return self._part(uid, section, limit)
        if "header" in params:
            return self._found(_all(params["header"]), str(params.get("value", "")))
        return _json(self._news(opened, {key: str(value) for key, value in params.items()}))

    def _named(self, name: str) -> str:
        if name != _SENT:
            return name
        if self._sent is None:
            self._sent = str(self.find_special_folder(SENT) or "Sent")
        return self._sent

    def _put(self, name: str, content: bytes) -> Response:
        try:
            self.socket().settimeout(_TIMEOUT + _seconds(content))
            self.append(self._named(name), content, flags=[rb"\Seen"])
            self.socket().settimeout(_TIMEOUT)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            return Response(404, {}, str(error).encode())
        return Response(200, {}, b"")

    def _found(self, headers: list[str], value: str) -> Response:
        found: set[int] = set()
        for header in headers:
            found.update(self.search(["HEADER", header, value]))
        return _json({"uids": sorted(found)})

    def _part(self, uid: int, section: str, limit: int) -> Response:
        size = self.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
        if size is None:
            return Response(404, {}, b"")
        if size > 2 * limit:
            raise TooLarge(f"more than {limit} bytes")
        if not section:
            return Response(200, {}, self._body(uid, ""))
        # The headers of a message that has only one part are its own.
        head = self._body(uid, f"{section}.MIME") or self._body(uid, "HEADER")
        content = decoded(message_from_bytes(head), self._body(uid, section))
        if len(content) > limit:
            raise TooLarge(f"more than {limit} bytes")
        return Response(200, {}, content) if content else Response(404, {}, b"")

    def _body(self, uid: int, section: str, most: int | None = None) -> bytes:
        wanted = f"BODY.PEEK[{section}]" + (f"<0.{most}>" if most is not None else "")
        values = self.fetch([uid], [wanted]).get(uid, {})
        return next((value or b"" for name, value in values.items() if name.startswith(b"BODY[")), b"")

    def _news(self, opened: dict[bytes, Any], params: dict[str, str]) -> dict[str, Any]:
        """The mail after `after`, oldest first, as much as goes into one answer."""
        uidvalidity, following = str(opened.get(b"UIDVALIDITY", "")), int(opened.get(b"UIDNEXT", 0))
        page: dict[str, Any] = {
            "uidvalidity": uidvalidity,
            "uidnext": following,
            "messages": [],
            "more": False,
        }
        if not params.get("uidvalidity"):
            return page
        same = params["uidvalidity"] == uidvalidity
        uids = self._after(int(params.get("after") or 0) if same else 0, following)
        if uids and (not same or params.get("again")):
            uids = sorted(set(uids) & set(self.search(["SINCE", _day(params.get("since", ""))])))
        if not uids:
            return page
        limit, most = int(params.get("limit") or 20), int(params.get("most") or ANSWER_LIMIT)
        page["messages"], full = self._messages(uids[:limit], most)
        page["more"] = full or len(uids) > limit
        return page

    def _messages(self, uids: list[int], most: int) -> tuple[list[dict[str, Any]], bool]:
        """Those of them that are still there, and whether the rest is for another answer. One that the server
        does not give out has its words in place of its own: it must not keep back all that came after it."""
        found: list[dict[str, Any]] = []
        room = ANSWER_LIMIT
        known = self._facts(uids)
        for uid in uids:
            facts: dict[bytes, Any] = {}
            try:
                facts = (self.fetch([uid], _FACTS) if known is None else known).get(uid, {})
                size = int(facts.get(b"RFC822.SIZE", 0))
                room -= min(size, most)
                if room < 0 and found:
                    return found, True
                raw = self._body(uid, "", most if size > most else None) if facts else b""
                if raw or (facts and not size):  # else it was moved away meanwhile
                    found.append(_message(uid, facts, size, most, raw))
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                words = str(error).encode()
                if _MOVED.search(words):
                    continue
                if _BUSY.search(words) and found:
                    return found, True
                if _BUSY.search(words) or (_LATER.search(words) and uids == [uid]):
                    raise  # it is the server's trouble, and not this message's
                found.append({**_message(uid, facts, 0, -1, b""), "refused": _spoken(words)})
        return found, False

    def _facts(self, uids: list[int]) -> dict[int, dict[bytes, Any]] | None:
        """What is known of each; None where the server refuses to say it of all together, because of one."""
        try:
            return self.fetch(uids, _FACTS)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return None

    def _after(self, last: int, following: int) -> list[int]:
        if following and following <= last + 1:
            return []
        # "n:*" gives the last one even when it lies before n.
        return sorted(uid for uid in self.search(["UID", f"{last + 1}:*"]) if uid > last)

    def fetch(self, uids: list[int], wanted: Iterable[str]) -> dict[int, dict[bytes, Any]]:
        """As the library's, but nothing stays of what was said before a refusal."""
        try:
            return dict(super().fetch(uids, wanted))
        except imaplib.IMAP4.error:
            self._imap.untagged_responses.pop("FETCH", None)
            raise

    def changes(self, ended: Callable[[], bool]) -> Iterator[None]:
        """Yield whenever something came into the open mailbox."""
        if not self.has_capability("IDLE"):
            yield from self._asked_for(ended)
            return
        while not ended():
            self.idle()
            yield from self._pushed(ended)
            _, rest = self.idle_done()
            if _tells_of_mail(rest):
                yield

    def _pushed(self, ended: Callable[[], bool], wait: float = 5.0) -> Iterator[None]:
        until = time.monotonic() + _RENEW_IDLE
        while not ended() and time.monotonic() < until:
            began = time.monotonic()
            pause = min(wait, max(0.05, until - began))
            told = self.idle_check(timeout=pause)
            if not told and time.monotonic() - began < pause / 2:
                raise imaplib.IMAP4.abort("the line was closed")
            if any(isinstance(each, tuple) and each[0] == b"BYE" for each in told):
                raise imaplib.IMAP4.abort("the server says good-bye")
            if _tells_of_mail(told):
                yield

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> Any:
        """What came together with the answer before has left the line already, or lies inside TLS."""
        with suppress(OSError):
            if self._imap.file.peek(1):
                return True
        return super()._poll_socket(sock, timeout)

    def _asked_for(self, ended: Callable[[], bool]) -> Iterator[None]:
        while not ended():
            until = time.monotonic() + _LOOK_EVERY
            while not ended() and time.monotonic() < until:
                time.sleep(0.5)
            _, told = self.noop()
            if _tells_of_mail(told):
                yield


def _xoauth2(user: str, token: str) -> str:
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def decoded(head: Message, content: bytes) -> bytes:
    """The content of a part by what its headers say of how it was encoded."""
    part = Message()
    part["Content-Transfer-Encoding"] = str(head.get("Content-Transfer-Encoding", ""))
    part.set_payload(content.decode("ascii", "surrogateescape"))
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else content


def _message(uid: int, facts: dict[bytes, Any], size: int, most: int, raw: bytes) -> dict[str, Any]:
    at = facts.get(b"INTERNALDATE")
    return {
        "uid": uid,
        "flags": [flag.decode("ascii", "replace") for flag in facts.get(b"FLAGS", ())],
        "internaldate": at.isoformat() if isinstance(at, datetime) else "",
        "size": size,
        "whole": size <= most,
        "raw": base64.b64encode(raw).decode(),
    }


def _spoken(words: bytes) -> str:
    return words.decode("utf-8", "replace")[:300] or "no"


def _tells_of_mail(told: Iterable[Any]) -> bool:
    return any(
        isinstance(each, tuple) and len(each) > 1 and each[1] in (b"EXISTS", b"RECENT") for each in told
    )


@contextmanager
def _cut_after(seconds: float, line: Callable[[], socket.socket]) -> Iterator[None]:
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


@contextmanager
def _unreachable(place: Place) -> Iterator[None]:
    """Before anything was asked, whatever breaks means that nothing happened."""
    try:
        yield
    except (AddressRefused, Unreachable, LoginError):
        raise
    except _FAILURES as error:
        raise Unreachable(f"{place}: {type(error).__name__}") from error


@contextmanager
def _losses(place: Place) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        log.info("%s: %s", place, type(error).__name__)
        raise AnswerLost(f"{place}: {type(error).__name__}") from error


def _seconds(content: bytes | None) -> float:
    """What sending so much may take."""
    return len(content or b"") / _SLOWEST_LINE


def _place(url: str) -> tuple[Place, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise Unreachable("not an address of a mail server") from error
    if not parts.hostname:
        raise Unreachable("not an address of a mail server")
    return Place(parts.scheme, parts.hostname, port), parts.path


def _mailbox(path: str) -> str:
    return _address(path)[0]


_ADDRESS = re.compile(
    r"/(?P<name>[^;]*?)(;UIDVALIDITY=(?P<uidvalidity>\d+))?(/;UID=(?P<uid>\d+))?(/;SECTION=(?P<section>[\d.]+))?"
)


def _address(path: str) -> tuple[str, str, int, str]:
    """Mailbox, its generation, a message's number and a part's, as far as the path names them."""
    found = _ADDRESS.fullmatch(path or "/")
    if found is None:
        raise Unreachable("not an address of a mailbox")
    uid = int(found["uid"] or 0)
    return unquote(found["name"]), found["uidvalidity"] or "", uid, found["section"] or ""


def _day(since: str) -> date:
    """The day before: servers compare days of their own zone."""
    try:
        return datetime.fromisoformat(since).date() - timedelta(days=1)
    except ValueError:
        return date.today() - timedelta(days=14)


def _json(value: dict[str, Any]) -> Response:
    return Response(200, {}, orjson.dumps(value))


def _all(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode("utf-8", "replace")
