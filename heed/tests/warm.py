"""`python -m heed.tests.warm`: a process that has read all of Heed, and becomes its parts by copying itself.

To read some 1,700 modules takes longer than most of what a part then does in a test. The copies are processes
like any others: they are killed and ended as such. That each part also starts from nothing is tested with
the supervisor.

Each line of the standard input is an order in JSON: a list of words starts what `python -m heed WORDS` would
start, and its process id is the answer; a process id waits for that one to end, and its exit code is the
answer. When the input ends, all that still run are ended.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys

_PATIENCE = 10
"""Seconds that whoever is asked to end may take."""


def serve() -> list[str]:
    """Do as ordered. Returns in each copy, with the words it was started with."""
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, list):
            answer = os.fork()
            if not answer:
                return order
            running.add(answer)
        else:
            answer = _ended(order)
            running.discard(order)
        print(answer, flush=True)
    _end(running)
    sys.exit()


def _ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _end(running: set[int]) -> None:
    def by_force(*_: object) -> None:
        for each in running:
            os.kill(each, signal.SIGKILL)

    for each in running:
        os.kill(each, signal.SIGTERM)
    signal.signal(signal.SIGALRM, by_force)
    signal.alarm(_PATIENCE)
    for each in [*running]:
        _ended(each)
        running.discard(each)


def _become(words: list[str]) -> None:
    """Go on as that part. Orders and answers are not for it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdin.fileno())
    os.dup2(nothing, sys.stdout.fileno())
    sys.argv[1:] = words
    runpy.run_module("heed", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    import django

    django.setup()

    import heed.door.app
    import heed.inbox.intake
    import heed.inbox.worker
    import heed.pages
    import heed.server
    import heed.setup
    import heed.urls
    import heed.web.stream
    import heed.widget.stream
    import heed.wiring  # noqa: F401
    from heed.lib.collector import calm_collector

    calm_collector()
    _become(serve())
