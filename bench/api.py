"""What a program sees that asks Heed for one thing after the other.

Four open ticket systems were measured on a machine of two cores with 100,000 tickets, one client, p50: the
best took 58 ms for a list, 42 for a ticket, 20 to create one, 20 for a reply, 266 for a search. Heed is to be
four times as fast.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from bench.desk import TOKEN, Desk, comment, signature
from bench.figure import Figure

BARE_COMMIT = "a bare commit, p50"
_EACH = 60
_TO_WARM_UP = 10


def api(desk: Desk) -> list[Figure]:
    """A list, a ticket, a search, a note, an answer; a customer's message at the door, and until its ticket
    is there. What creates a ticket here is a message that comes: who brings it waits until it is on disk."""
    from heed.inbox.models import Ticket

    tickets = Ticket.objects.order_by("-pk").values_list("pk", flat=True)
    talk, comments = tickets.filter(kind="private")[0], tickets.filter(kind="public")[0]
    note = json.dumps({"visibility": "note", "text": "The zip fault of batch 7."})
    answer = json.dumps({"visibility": "public", "text": "Bring it back, we mend it."})
    line = _Line(desk)
    calls: dict[str, tuple[Callable[[], Any], float]] = {
        "API list, p50": (lambda: line.ask("GET", "/tickets"), 58),
        "API ticket, p50": (lambda: line.ask("GET", f"/tickets/{talk}/messages"), 42),
        "API search, p50": (lambda: line.ask("GET", "/search?q=parcel"), 266),
        "API note, p50": (lambda: line.ask("POST", f"/tickets/{talk}/messages", note), 20),
        "API answer, p50": (lambda: line.ask("POST", f"/tickets/{comments}/messages", answer), 20),
    }
    figures = [_median(name, call, best) for name, (call, best) in calls.items()]
    with _arriving(desk) as (deliver, is_there):
        figures.append(_median("a message at the door, p50", deliver, 20))
        figures.append(_median("until its ticket is there, p50", is_there))
    return [*figures, _commit()]


def _median(name: str, call: Callable[[], Any], best: float | None = None) -> Figure:
    """What the call takes in milliseconds, beside a quarter of what the best of the others takes."""
    times = [timed(call) for _each in range(_EACH)][_TO_WARM_UP:]
    p50 = statistics.median(times) * 1000
    return Figure(name, p50, "ms", *((f"≤ {best / 4:.1f}", p50 <= best / 4) if best else ()))


class _Line:
    """A client that takes little time itself."""

    def __init__(self, desk: Desk) -> None:
        self._line = HTTPConnection("127.0.0.1", desk.port)

    def ask(self, method: str, path: str, body: str = "") -> None:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        self.send(method, f"/api/v1{path}", body.encode(), headers)

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        said = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {said!r}")


@contextmanager
def _arriving(desk: Desk) -> Iterator[tuple[Callable[[], int], Callable[[], None]]]:
    """Two calls: a customer's comment, signed as Facebook does it, and the same until intake has made a
    ticket of it."""
    from heed.inbox.models import Ticket

    account = desk.account("arriving")
    numbers = itertools.count()
    line = _Line(desk)
    desk.start("intake")

    def deliver() -> int:
        number = next(numbers)
        body = comment(number, _EACH * 4, _EACH * 4, "arriving", int(time.time()))
        line.send("POST", f"/hooks/{account.hook_token}", body, {"x-hub-signature-256": signature(body)})
        return number

    def is_there() -> None:
        number = deliver()
        while Ticket.objects.filter(account=account).count() <= number:
            time.sleep(0.001)

    is_there()
    yield deliver, is_there
    desk.end_last()


def _commit() -> Figure:
    """What the disk takes of each of them that writes: one row, one commit, nothing else."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_commit (id bigserial PRIMARY KEY, body text)")
        write = "INSERT INTO bench_commit (body) VALUES ('The zip fault of batch 7.')"
        times = [timed(lambda: cursor.execute(write)) for _each in range(_EACH)][_TO_WARM_UP:]
        cursor.execute("DROP TABLE bench_commit")
    return Figure(BARE_COMMIT, statistics.median(times) * 1000, "ms")


def timed(call: Callable[[], Any]) -> float:
    """Seconds a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
