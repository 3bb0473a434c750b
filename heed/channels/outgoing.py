"""The way out of this process: one guarded client, whichever wire an address names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from heed.channels.base import Ear
from heed.lib.http import ANSWER_LIMIT, AddressRefused, Client, Request, Response
from heed.lib.mail import SCHEMES, MailClient


class Outgoing:
    """Sends requests over HTTP or to mail servers. Safe for threads."""

    def __init__(self, allowed_private_hosts: Iterable[str] = ()) -> None:
        self.allowed = frozenset(allowed_private_hosts)
        self._web = Client(self.allowed)
        self._mail = MailClient(self.allowed)

    def send(self, request: Request, *, limit: int = ANSWER_LIMIT) -> Response:
        """Send one request. Raises as `heed.lib.http.Client.send` does."""
        return (self._mail if _is_mail(request.url) else self._web).send(request, limit=limit)

    def fetch(
        self,
        url: str,
        *,
        hosts: Iterable[str],
        limit: int,
        headers: Mapping[str, str] = {},
        login: tuple[str, str] | None = None,
    ) -> Response:
        """Fetch a file: from one of these hosts, or out of a mailbox one can sign in to. Who wrote to us may
        have named the address: without a sign-in it leads to no mail server."""
        if _is_mail(url):
            if login is None:
                raise AddressRefused("a mail server is no place for files")
            return self._mail.send(Request("GET", url, login=login), limit=limit)
        return self._web.fetch(url, hosts=hosts, limit=limit, headers=headers)

    def listen(self, ear: Ear, ended: Callable[[], bool]) -> Iterator[None]:
        """Keep a line open: yields when it is open and then whenever there may be news, until `ended`.
        Raises `Unreachable` or `AnswerLost` when it breaks."""
        if ear.kind == "mailbox":
            yield from self._mail.watch(ear.url, ear.login, ended)
            return
        opened = False
        for line in self._web.lines(ear.url, ear.headers):
            if ended():
                return
            if not opened or line.startswith("data:"):
                yield None
            opened = True

    def close(self) -> None:
        self._web.close()
        self._mail.close()


def client() -> Outgoing:
    """The client of this process. It may call the private hosts that the admin named, no others."""
    return _client(tuple(settings.HEED_ALLOW_PRIVATE_HOSTS))


@cache
def _client(allowed: tuple[str, ...]) -> Outgoing:
    return Outgoing(allowed)


def _is_mail(url: str) -> bool:
    return urlsplit(url).scheme in SCHEMES
