"""Scripted faults: what a network does when it has a bad day."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong, `times` times (-1: always).

    `route` is `"METHOD glob"` over the path, `"*"` for every call, or `"hook"` for webhooks.
    `status` (with `body`, `headers`) answers instead of the network; `delay` waits first;
    `drop` closes the connection without an answer, `before` or `after` the network did the
    thing; `slow` lets the body trickle over so many seconds. `hook` is what happens to the
    next webhook.
    """

    route: str = "*"
    status: int = 0
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: Literal["", "before", "after"] = ""
    slow: float = 0.0
    hook: Literal["", "duplicate", "reorder", "hold", "bad_signature", "lose"] = ""
    times: int = 1

    def fits(self, method: str, path: str) -> bool:
        if self.route == "*":
            return True
        wanted, _, glob = self.route.partition(" ")
        return wanted in (method, "*") and fnmatchcase(path, glob)


@dataclass(slots=True)
class _Entry:
    network: str
    fault: Fault
    left: int


class Faults:
    """The faults still to come. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def add(self, network: str, fault: Fault) -> None:
        with self._lock:
            self._entries.append(_Entry(network, fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def for_call(self, network: str, method: str, path: str) -> Fault | None:
        """The fault that meets this call, counted down."""
        return self._take(network, lambda fault: fault.route != "hook" and fault.fits(method, path))

    def for_hook(self, network: str) -> Fault | None:
        """The fault that meets the next webhook, counted down."""
        return self._take(network, lambda fault: fault.route == "hook")

    def _take(self, network: str, fits: Any) -> Fault | None:
        with self._lock:
            for entry in self._entries:
                if entry.network == network and entry.left and fits(entry.fault):
                    entry.left -= 1
                    return entry.fault
        return None
