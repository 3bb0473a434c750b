"""Webhooks as networks send them: in the background, in order per address, again until taken."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from heed.sandbox.faults import Faults

log = logging.getLogger("heed.sandbox")

WAITS = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds before each further attempt; the last one repeats for about an hour."""
MOST_ATTEMPTS = 18
TIMEOUT = 10.0


@dataclass(slots=True, eq=False)
class Parcel:
    """A webhook on its way."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    signed: str
    attempts: int = 0
    due: float = 0.0
    spoil: bool = False
    held: bool = False
    until_overtaken: bool = False

    def headers_to_send(self) -> dict[str, str]:
        sent = dict(self.headers)
        if self.spoil and self.signed in sent:
            sent[self.signed] = _spoilt(sent[self.signed])
        return sent


class Hooks:
    """The webhook sender of one network."""

    def __init__(self, network: str, faults: Faults) -> None:
        self.waits: tuple[float, ...] = WAITS
        self.on_answer: Callable[[bool], None] = lambda taken: None
        """Called after each attempt, with whether it was taken."""
        self._network = network
        self._faults = faults
        self._queues: dict[str, deque[Parcel]] = {}
        self._sending = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def send(self, url: str, body: bytes, headers: Mapping[str, str], signed: str = "") -> None:
        """Queue a webhook. `signed` names the header that carries the signature."""
        if not url:
            return
        parcel = Parcel(url, body, headers, signed)
        fault = self._faults.for_hook(self._network)
        with self._changed:
            self._post(parcel, fault.hook if fault else "")
            self._start()
            self._changed.notify_all()

    def call(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        """Call an address at once and give back its status and body; status 0 when nobody is there."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
        try:
            connection.request(method, target or "/", body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def release(self) -> None:
        """Let go what a `hold` fault kept back."""
        with self._changed:
            for parcel in self._parcels():
                parcel.held = False
            self._changed.notify_all()

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until everything that is not held was taken; False when time ran out."""
        with self._changed:
            return self._changed.wait_for(self._idle, timeout)

    def forget(self) -> None:
        """Drop what is still to be sent."""
        with self._changed:
            self._queues.clear()
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(TIMEOUT)

    def _post(self, parcel: Parcel, trouble: str) -> None:
        queue = self._queues.setdefault(parcel.url, deque())
        match trouble:
            case "lose":
                return
            case "hold" | "reorder":
                parcel.held = True
                parcel.until_overtaken = trouble == "reorder"
                queue.append(parcel)
            case "duplicate":
                queue.extend((parcel, replace(parcel)))
            case "bad_signature":
                parcel.spoil = True
                queue.append(parcel)
            case _:
                queue.append(parcel)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"hooks-{self._network}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while parcel := self._next():
            status, _ = self.call("POST", parcel.url, parcel.body, parcel.headers_to_send())
            self.on_answer(_is_taken(status))
            with self._changed:
                self._sending -= 1
                self._settle(parcel, status)
                self._changed.notify_all()

    def _next(self) -> Parcel | None:
        """The next parcel whose time has come; None when the sandbox stops."""
        with self._changed:
            while not self._stopped:
                ready = [parcel for parcel in self._heads() if parcel.due <= time.monotonic()]
                if ready:
                    self._sending += 1
                    return min(ready, key=lambda parcel: parcel.due)
                self._changed.wait(self._until_due())
        return None

    def _heads(self) -> list[Parcel]:
        """The first parcel of each queue that is not held; a held one lets the others pass."""
        firsts = (
            next((parcel for parcel in queue if not parcel.held), None) for queue in self._queues.values()
        )
        return [parcel for parcel in firsts if parcel]

    def _until_due(self) -> float | None:
        heads = self._heads()
        return max(0.01, min(parcel.due for parcel in heads) - time.monotonic()) if heads else None

    def _settle(self, parcel: Parcel, status: int) -> None:
        queue = self._queues.get(parcel.url)
        if queue is None or parcel not in queue:
            return
        parcel.attempts += 1
        parcel.spoil = False
        if _is_taken(status) or parcel.attempts >= MOST_ATTEMPTS:
            queue.remove(parcel)
            self._let_the_overtaken_go(queue)
            return
        log.info("%s webhook answered %s, again soon", self._network, status or "by nobody")
        parcel.due = time.monotonic() + self.waits[min(parcel.attempts, len(self.waits)) - 1]

    def _let_the_overtaken_go(self, queue: deque[Parcel]) -> None:
        for parcel in queue:
            if parcel.held and parcel.until_overtaken:
                parcel.held = False

    def _parcels(self) -> list[Parcel]:
        return [parcel for queue in self._queues.values() for parcel in queue]

    def _idle(self) -> bool:
        return not self._sending and not self._heads()


def _is_taken(status: int) -> bool:
    return 200 <= status < 300


def _spoilt(signature: str) -> str:
    """The signature with its last character changed."""
    return signature[:-1] + ("0" if signature[-1:] != "0" else "1")
