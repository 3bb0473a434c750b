"""The one seam for outgoing HTTP: time-outs, size caps, the private-address guard, redaction.

Mail goes by the same requests and answers, over `heed.lib.mail`: the scheme of the address says which
wire. A network's folder never opens a connection. It writes its calls as *steps*: a generator that
yields a `Request`, is sent the `Response` and returns its result. `drive` runs the steps.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx
import orjson

log = logging.getLogger("heed.http")

ANSWER_LIMIT = 8 * 1024 * 1024
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
TOTAL = 60.0
"""Seconds for one request and its whole answer: the limits above start anew with every byte."""
SLOWEST_LINE = 100_000
"""Bytes a second that go out at least: what is sent along adds the time that takes."""

LONGEST_WAIT = 15.0
"""Seconds a request may rest before it is sent (`Request.wait`)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file inside a multipart request."""

    field: str
    name: str
    mime: str
    content: bytes


class Token(str):
    """An OAuth token in place of a password: mail servers get it by XOAUTH2."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a network.

    `decisive` marks the call that makes the thing happen: when its answer is lost the outcome
    is unknown and it must not be sent again blindly. `login` is name and password (or `Token`) for a mail
    server: they never stand in an address, nor in a log.
    """

    method: Literal["GET", "POST", "DELETE", "PUT"]
    url: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    upload: Upload | None = None
    decisive: bool = False
    wait: float = 0.0
    """Seconds to rest before it is sent: a network that still works on a file asks for that."""
    login: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body, or None when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def record(self) -> dict[str, Any]:
        """The parsed body when it is a JSON object, else an empty one."""
        parsed = self.json()
        return parsed if isinstance(parsed, dict) else {}

    def retry_after(self, now: datetime) -> float | None:
        """Seconds until the server wants to be asked again, by its `Retry-After` header."""
        value = self.headers.get("retry-after", "").strip()
        if not value:
            return None
        if value.isascii() and value.replace(".", "", 1).isdigit():
            return float(value)
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())


T = TypeVar("T")
Steps: TypeAlias = Generator[Request, Response, T]


class Unreachable(Exception):
    """The request never left: nothing happened at the other end, so it may be sent again."""


class AnswerLost(Exception):
    """A request left and no whole answer came back: nobody knows what happened."""


class _HungUp(AnswerLost):
    """The other end closed the line instead of answering."""


class AddressRefused(Unreachable):
    """The address is private or not allowed. Name it in HEED_ALLOW_PRIVATE_HOSTS to permit it."""


class TooLarge(Exception):
    """The answer was larger than allowed and was dropped."""


class _Deadline(threading.local):
    """When the request that this thread is sending must be over, on the monotonic clock."""

    moment = float("inf")

    def left(self, timeout: float | None) -> float:
        """The seconds the next step may take; none or fewer when time is up."""
        left = self.moment - time.monotonic()
        return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore.NetworkStream):
    """A connection that keeps the deadline of whichever request uses it."""

    _PIECE = 64 * 1024  # one write is cut up, so that a reader who takes little at a time is noticed

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._deadline.left(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), self._PIECE):
            left = self._deadline.left(timeout)
            if left <= 0:
                raise httpcore.WriteTimeout
            self._stream.write(buffer[start : start + self._PIECE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedBackend(httpcore.SyncBackend):
    """Resolves a name once, refuses private addresses, and connects to the address it checked."""

    def __init__(self, allowed: frozenset[str], deadline: _Deadline) -> None:
        self._allowed = allowed
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = checked_address(host, port, self._allowed)
        stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
        return _TimedStream(stream, self._deadline)


def checked_address(host: str, port: int, allowed: frozenset[str]) -> str:
    """The address of a host, looked up once: connect to it, not to the name.

    Raises `AddressRefused` for a private one that the admin has not named, `Unreachable` without any.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address") from error
    address = str(found[0][4][0])
    if not is_allowed(host, port, address, allowed):
        raise AddressRefused(f"{host} is a private address")
    return address


def is_allowed(host: str, port: int, address: str, allowed: frozenset[str]) -> bool:
    """Whether a connection to this address may be made: public, or named by the admin."""
    if host in allowed or f"{host}:{port}" in allowed:
        return True
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


_NO_COOKIES = DefaultCookiePolicy(allowed_domains=())


class Client:
    """Sends requests through the guard. One per process; safe for threads."""

    def __init__(self, allowed_private_hosts: Iterable[str] = (), total: float = TOTAL) -> None:
        """`total`: seconds a request and its whole answer may take."""
        self.total = total
        self._deadline = _Deadline()
        self.allowed = frozenset(allowed_private_hosts)
        trusted = httpx.create_ssl_context()
        self._reading = self._made(trusted, kept=20)
        self._writing = self._made(trusted, kept=0)
        """On a line of its own nobody wonders whether the other end had left it already."""

    def _made(self, trusted: ssl.SSLContext, kept: int) -> httpx.Client:
        """A client that goes through the guard and keeps so many lines open for the next request."""
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=kept)
        transport = httpx.HTTPTransport(verify=trusted, limits=limits)
        # httpx has no public way to set the network backend of its pool.
        transport._pool._network_backend = _GuardedBackend(self.allowed, self._deadline)
        return httpx.Client(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "Heed"},
            cookies=CookieJar(_NO_COOKIES),  # one account's would go out with another's requests
        )

    def send(self, request: Request, *, limit: int = ANSWER_LIMIT) -> Response:
        """Send one request.

        Raises `Unreachable` when it never left, `AnswerLost` when the answer did not come back
        whole and in time, `TooLarge` when the answer is over `limit` bytes.
        """
        if request.wait > 0:
            time.sleep(min(request.wait, LONGEST_WAIT))
        self._deadline.moment = time.monotonic() + self.total + _sent_along(request) / SLOWEST_LINE
        try:
            return self._sent(request, limit)
        except _HungUp:
            if request.method != "GET":
                raise
            return self._sent(request, limit)  # some servers leave a line without a word once they answered

    def _sent(self, request: Request, limit: int) -> Response:
        answer = None
        try:
            with (self._reading if request.method == "GET" else self._writing).stream(
                request.method,
                request.url,
                params=dict(request.params) or None,
                headers=dict(request.headers),
                json=request.json,
                data=dict(request.form) if request.form is not None else None,
                content=request.content,
                files=_files(request.upload),
            ) as answer:
                body = _read(answer, limit)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteTimeout) as error:
            raise Unreachable(_where(request)) from error  # half a request makes nothing happen
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise Unreachable(f"{_where(request)} is not an address that can be called") from error
        except httpx.HTTPError as error:
            hung_up = answer is None and isinstance(error, (httpx.ReadError, httpx.RemoteProtocolError))
            lost = _HungUp if hung_up else AnswerLost
            level = logging.DEBUG if hung_up and request.method == "GET" else logging.WARNING
            log.log(level, "answer lost: %s (%s)", _where(request), type(error).__name__)
            raise lost(_where(request)) from error
        log.debug("%s -> %s", _where(request), answer.status_code)
        return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)

    def fetch(
        self, url: str, *, hosts: Iterable[str], limit: int, headers: Mapping[str, str] = {}
    ) -> Response:
        """Fetch a file a network pointed to. `hosts` are the only hosts (or `.suffixes`) allowed.

        Every redirect is checked again, and `headers` go to the first host only, never from https
        down to http. Raises as `send`
        does, and `AddressRefused` for a host that is not on the list.
        """
        allowed = tuple(hosts)
        home = _origin(url)
        for _ in range(4):
            if not host_matches(url, allowed):
                raise AddressRefused(f"{urlsplit(url).hostname} is not a host of this network")
            mine = headers if _origin(url) == home else {}
            response = self.send(Request("GET", url, headers=mine), limit=limit)
            if response.status not in (301, 302, 303, 307, 308):
                return response
            url = urljoin(url, response.headers.get("location", ""))
        raise AddressRefused("too many redirects")

    def lines(self, url: str, headers: Mapping[str, str] = {}, quiet: float = 90.0) -> Iterator[str]:
        """The lines of an endless answer, such as an event stream, as they come; an empty one when it
        is open.

        Raises `Unreachable` when there is no such stream, `AnswerLost` when it ends or nothing has come
        for `quiet` seconds.
        """
        self._deadline.moment = float("inf")
        request = Request("GET", url, headers=headers)
        timeout = httpx.Timeout(quiet, connect=5.0)
        try:
            with self._reading.stream("GET", url, headers=dict(headers), timeout=timeout) as answer:
                if answer.status_code != 200:
                    raise Unreachable(f"{_where(request)} answered {answer.status_code}")
                yield ""
                yield from answer.iter_lines()
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.InvalidURL,
            httpx.UnsupportedProtocol,
        ) as error:
            raise Unreachable(_where(request)) from error
        except httpx.HTTPError as error:
            raise AnswerLost(_where(request)) from error
        raise AnswerLost(f"{_where(request)} ended")

    def close(self) -> None:
        self._reading.close()
        self._writing.close()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def host_matches(url: str, hosts: Iterable[str]) -> bool:
    """Whether the URL is http(s) and its host is listed: exactly, with its port, or by `.suffix`."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return False
    for host in hosts:
        if host.startswith("."):
            if parts.hostname.endswith(host):
                return True
        elif host in (parts.hostname, parts.netloc):
            return True
    return False


def at_once(result: T) -> Steps[T]:
    """Steps that need to ask nobody."""
    yield from ()
    return result


def drive(steps: Steps[T], send: Callable[[Request], Response]) -> T:
    """Run steps to their end and give back their result.

    A lost answer to a request that was not decisive is raised as `Unreachable`: nothing
    happened, the whole may be tried again.
    """
    try:
        request = next(steps)
        while True:
            try:
                response = send(request)
            except AnswerLost as error:
                request = steps.throw(error if request.decisive else Unreachable(str(error)))
                continue
            except (Unreachable, TooLarge) as error:
                request = steps.throw(error)
                continue
            request = steps.send(response)
    except StopIteration as done:
        result: T = done.value
        return result


def watched(steps: Steps[T], before: Callable[[Request], None]) -> Steps[T]:
    """The same steps, with a call `before` each request that makes things happen, which is told which: what
    that raises ends them, and the request does not leave."""
    try:
        request = next(steps)
        while True:
            if request.decisive:
                before(request)
            try:
                response = yield request
            except Exception as error:
                request = steps.throw(error)
            else:
                request = steps.send(response)
    except StopIteration as done:
        result: T = done.value
        return result


def _read(answer: httpx.Response, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _sent_along(request: Request) -> int:
    """Bytes of content and file."""
    return len(request.content or b"") + len(request.upload.content if request.upload else b"")


def _files(upload: Upload | None) -> dict[str, tuple[str, bytes, str]] | None:
    if upload is None:
        return None
    return {upload.field: (upload.name, upload.content, upload.mime)}


def _where(request: Request) -> str:
    """The request for a log line: the method and the host. Networks put tokens into paths and queries, and
    people put passwords before hosts."""
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
