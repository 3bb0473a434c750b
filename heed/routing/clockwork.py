"""What the worker does because time passes, or because hours and policies changed. Every job may run twice
without harm."""

from __future__ import annotations

from procrastinate.contrib.django import app

from heed.inbox.jobs import defer_once
from heed.lib import clock
from heed.routing import promises


@app.periodic(cron="* * * * * */20")
@app.task(queue="reactions", queueing_lock="say_what_is_due")
def say_what_is_due(timestamp: int) -> None:
    """Tell of what is due soon and of what was missed."""
    while promises.say_what_is_due(clock.now()) >= promises.AT_ONCE:
        continue


@app.task(queue="tidy")
def move_promises(after: int = 0) -> None:
    """Bring the promises of open tickets up to date, some hundred at a time."""
    tickets = promises.open_tickets(after)
    if tickets:
        promises.keep_all(tickets)
        move_promises.defer(after=tickets[-1])


def promises_may_have_moved() -> None:
    """Hours, places or policies changed: every open ticket is looked at again. Call it in the transaction
    that changed them."""
    defer_once(move_promises, "move_promises")
