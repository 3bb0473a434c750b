"""What is to happen in the sandbox a little later."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from itertools import count

log = logging.getLogger("heed.sandbox")


class Agenda:
    """What is to happen a little later, in order of time, on one thread."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._busy = False
        self._stopped = False
        self._thread: threading.Thread | None = None

    def add(self, seconds: float, function: Callable[[], object]) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), function))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="agenda", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def run_all(self) -> None:
        """Run everything that waits now, whatever its time, and what that adds."""
        while function := self._next_now():
            _attempt(function)
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, 10)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next_now(self) -> Callable[[], object] | None:
        with self._changed:
            return heapq.heappop(self._due)[2] if self._due else None

    def _run(self) -> None:
        while function := self._next_due():
            _attempt(function)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next_due(self) -> Callable[[], object] | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None


def _attempt(function: Callable[[], object]) -> None:
    try:
        function()
    except Exception:  # one failing customer must not stop the others
        log.exception("something that was to happen later failed")
