"""What the worker does because time passes, or because hours and policies changed. Every job may run twice
without harm."""

from __future__ import annotations

from procrastinate.contrib.django import app

from heed.lib import clock
from heed.lib.jobs import AGAIN
from heed.routing import promises
from heed.routing.moving import MOVE_PROMISES


@app.task(queue="reactions", queueing_lock="say_what_is_due")
def say_what_is_due(timestamp: int) -> None:
    """Tell of what is due soon and of what was missed."""
    while promises.say_what_is_due(clock.now()) >= promises.AT_ONCE:
        continue


@app.task(name=MOVE_PROMISES, queue="tidy")
def move_promises(after: int = 0) -> None:
    """Bring the promises of open tickets up to date, some hundred at a time."""
    move_some_promises.defer(after=after)


@app.task(queue="tidy", retry=AGAIN)
def move_some_promises(after: int) -> None:
    """From this ticket on. The whole waits under a lock, with which a second try would clash."""
    tickets = promises.open_tickets(after)
    if tickets:
        promises.keep_all(tickets)
        move_some_promises.defer(after=tickets[-1])
