"""The door: a small ASGI application of its own in front of everything.

It finds the account by its unguessable address, lets the network's folder judge the signature
over the raw bytes, writes the delivery to the ledger and only then answers 2xx.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from heed.channels import doorstep
from heed.channels.base import Admission, Hook
from heed.door.accounts import Accounts, Known
from heed.door.ledger import Ledger
from heed.lib.crypto import KeyRing
from heed.lib.live import News

log = logging.getLogger("heed.door")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/hooks/"
UNKNOWN = Admission(404, body=b"No account has this address.")
TOO_LARGE = Admission(413, body=b"The body is larger than this network sends.")
AWAY = Admission(503, body=b"The ledger cannot be written now. Send it again.")


class Door:
    """One per process; starts when it is told to, at the latest on its first request."""

    def __init__(self, conninfo: str, ring: KeyRing, news: News) -> None:
        self._conninfo = conninfo
        self._news = news
        self._ring = ring
        self._accounts = Accounts(conninfo, ring)
        self._ledger: Ledger | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            with contextlib.suppress(ConnectionAbortedError):  # they left before all of it had come
                await _answer(send, await self._admit(scope, receive))

    async def start(self) -> None:
        """Be there, and say so, before anybody calls."""
        self._running()

    async def stop(self) -> None:
        if self._ledger is not None:
            await self._ledger.stop()
            self._ledger = None
        await self._accounts.close()

    async def _admit(self, scope: Scope, receive: Receive) -> Admission:
        self._running()
        asked = scope["path"].removeprefix(PREFIX)
        if asked.startswith(doorstep.PLACE):
            return self._prove(asked.removeprefix(doorstep.PLACE))
        try:
            known = await self._accounts.find(asked)
        except Exception as error:
            log.warning("an account cannot be looked up: %s", type(error).__name__)
            return AWAY
        if known is None:
            return UNKNOWN
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        body = await _body(receive, headers, known.network.body_limit)
        if body is None:
            return TOO_LARGE
        return await self._judge(known, _hook(scope, headers, body))

    def _prove(self, word: str) -> Admission:
        """Heed calls its own public address to see whether it leads here."""
        proof = doorstep.proof(self._ring, word)
        return UNKNOWN if proof is None else Admission(200, body=proof)

    async def _judge(self, known: Known, hook: Hook) -> Admission:
        admission = known.network.admit(hook, known.record)
        if admission.status == 403:
            self._running().refuse(known.pk)
        if not admission.keep:
            return admission
        try:
            await self._running().append(known.pk, _kept_headers(hook.headers), hook.body)
        except Exception:  # the ledger has said why
            return AWAY
        return admission

    def _running(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self._conninfo, self._news, self._accounts.forget)
            self._ledger.start()
        return self._ledger


def _hook(scope: Scope, headers: dict[str, str], body: bytes) -> Hook:
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    return Hook(scope["method"], query, headers, body)


def _kept_headers(headers: Any) -> dict[str, str]:
    """The headers worth keeping: what the body is, and how it was signed. Never a secret."""
    return {
        name: value
        for name, value in headers.items()
        if name in ("content-type", "user-agent") or "signature" in name
    }


async def _body(receive: Receive, headers: dict[str, str], limit: int) -> bytes | None:
    """The whole body, exactly as sent; None when it is over the limit."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        return None
    chunks: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ConnectionAbortedError
        chunk = event.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not event.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _answer(send: Send, admission: Admission) -> None:
    headers = [
        (b"content-type", admission.content_type.encode()),
        (b"content-length", str(len(admission.body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if admission.status == 503:
        headers.append((b"retry-after", b"5"))
    if admission.status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": admission.status, "headers": headers})
    await send({"type": "http.response.body", "body": admission.body})
