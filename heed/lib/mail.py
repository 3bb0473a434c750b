"""Mail servers by the requests and answers of `heed.lib.http`: the scheme says which wire.

`smtp://host:587`, `smtps://host:465`
    POST, params `from`, `to` and `also` (whom it may refuse), content a whole message: hand it over. The
    status is the server's own (250 taken, 4xx later, 5xx no), the body its words, the header `stage` where
    it said so.
    GET: sign in only; the header `size` is the largest message taken, `scripts` says `all` where addresses
    may be in other letters than Latin ones. Elsewhere a mail to or from such is refused at the stage
    `scripts`.
`imap://host:143`, `imaps://host:993`, then a mailbox; `/%5CSent` is where sent mail lies, whatever it
    is called
    GET without a mailbox: sign in only.
    GET a mailbox, params `uidvalidity`, `after`, `limit`, `most` (bytes of each): its new mail, as JSON.
    Without `uidvalidity` only where one stands. When that has changed, or with `again`, only mail since
    the ISO date `since`. With new mail come the headers of message `after` as `last`, empty where it is
    gone: in another mailbox with the same numbers it is another message. A message that the server does
    not give out has its words under `refused`, and can be asked for again with its number among `waiting`
    (`3,7`): it may be given later, whatever the words are. Where the server gives out nothing at all, that
    is an answer lost.
    GET a mailbox, params `header` (several may be given) and `value`: `{"uids": […]}`.
    GET `MAILBOX;UIDVALIDITY=1/;UID=2` and perhaps `/;SECTION=1.2` (RFC 5092): a message, or one part of
    it, decoded.
    POST a mailbox, content a message: put it there, as read.

Statuses of IMAP are those of HTTP: 200, 401 not signed in, 404 not there, 503 later. Passwords go only
over TLS, but to private hosts that the admin named.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from imapclient.exceptions import LoginError

from heed.lib.http import (
    ANSWER_LIMIT,
    TOTAL,
    AddressRefused,
    AnswerLost,
    Request,
    Response,
    TooLarge,
    Unreachable,
    checked_address,
    is_allowed,
)
from heed.lib.imap import LATER, Farewell, Farewells, Mailboxes, mailbox_of
from heed.lib.mail_line import FAILURES, TIMEOUT, Place, all_of, seconds_for
from heed.lib.smtp import Said, Smtp

log = logging.getLogger("heed.mail")

SCHEMES = ("smtp", "smtps", "imap", "imaps")
_PORTS = {"smtp": 587, "smtps": 465, "imap": 143, "imaps": 993}
_SLOW = 3
"""How much longer a mail server may take over a mail than others over a request: it looks for spam."""

_CODE = re.compile(rb"^\[[A-Za-z0-9-]+(?: [^\]]*)?\]\s*")
"""What a server says to programs before its words (RFC 3501, 7.1)."""

_MOST_FAREWELLS = 8
"""How often a server may hang up within one request."""

_KEPT_FOR = 240.0
"""Seconds an idle IMAP connection is kept: signing in anew for every question would wear servers out."""


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
                mailboxes.select(mailbox_of(path))
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
            server = Smtp(self._socket(place), place.host)
        with server.ends(_SLOW * self.total + seconds_for(request.content)):
            try:
                return self._handed_over(server, place, request)
            except Said as said:
                return said.response
            except FAILURES as error:
                # Only the message itself is decisive, and what is lost there says so.
                raise Unreachable(f"{place}: {type(error).__name__}") from error

    def _handed_over(self, server: Smtp, place: Place, request: Request) -> Response:
        server.greet()
        if place.scheme == "smtp":
            self._secure(place, server)
        server.sign_in(request.login)
        if request.method == "GET":
            size, scripts = server.esmtp_features.get("size", ""), server.has_extn("smtputf8")
            return Response(250, {"stage": "login", "size": size, "scripts": "all" if scripts else ""}, b"")
        return server.hand_over(
            str(request.params.get("from", "")),
            all_of(request.params.get("to", [])),
            all_of(request.params.get("also", [])),
            request.content or b"",
        )

    def _secure(self, place: Place, server: Smtp) -> None:
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not self._may_be_open(place):
            raise Unreachable(f"{place} offers no encryption")

    # ------------------------------------------------------------------------------ IMAP

    def _imap(self, place: Place, path: str, request: Request, limit: int) -> Response:
        """A server that hangs up at a message is asked once more, and then for all but that one."""
        farewells: dict[int, list[bytes]] = defaultdict(list)
        while True:
            try:
                return self._answered(place, path, request, limit, farewells)
            except Farewell as farewell:
                farewells[farewell.uid].append(farewell.words)
                if len(farewells[farewell.uid]) > 2 or sum(map(len, farewells.values())) > _MOST_FAREWELLS:
                    raise AnswerLost(f"{place}: {farewell}") from farewell

    def _answered(
        self, place: Place, path: str, request: Request, limit: int, farewells: Farewells
    ) -> Response:
        try:
            mailboxes = self._take(place, request.login)
        except LoginError as error:
            words = _words(error)
            status = 503 if LATER.search(words) else 401
            return Response(status, {"stage": "login"}, _CODE.sub(b"", words) or words)
        try:
            with mailboxes.ends(self.total + seconds_for(request.content)), _losses(place):
                response = mailboxes.answer(path, request, limit, farewells)
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
            with suppress(*FAILURES):
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
        line = socket.create_connection((address, place.port), TIMEOUT)
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


@contextmanager
def _unreachable(place: Place) -> Iterator[None]:
    """Before anything was asked, whatever breaks means that nothing happened."""
    try:
        yield
    except (AddressRefused, Unreachable, LoginError):
        raise
    except FAILURES as error:
        raise Unreachable(f"{place}: {type(error).__name__}") from error


@contextmanager
def _losses(place: Place) -> Iterator[None]:
    try:
        yield
    except Farewell:
        raise
    except FAILURES as error:
        log.info("%s: %s", place, type(error).__name__)
        raise AnswerLost(f"{place}: {type(error).__name__}") from error


def _words(error: LoginError) -> bytes:
    """What the server said to a sign-in, which the library passes on as Python would write it down."""
    said = (getattr(error.__context__, "args", ()) or error.args or ("",))[0]
    return said if isinstance(said, bytes) else str(said).encode()


def _place(url: str) -> tuple[Place, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise Unreachable("not an address of a mail server") from error
    if not parts.hostname:
        raise Unreachable("not an address of a mail server")
    return Place(parts.scheme, parts.hostname, port), parts.path
