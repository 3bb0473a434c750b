"""What the clock does for tickets: waking, reminding, and going on with what was asked of many."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from heed.inbox import notices, presence
from heed.inbox.models import Sweep
from heed.inbox.verbs import asking, labels, many, sleeping
from heed.lib import clock
from heed.lib.jobs import AGAIN, defer_once

_LEFT_BEHIND = timedelta(minutes=2)


@app.task(queue="desk", queueing_lock="wake_sleepers")
def wake_sleepers(timestamp: int) -> None:
    """Bring back the snoozed tickets whose time has come."""
    sleeping.wake_due()


@app.task(queue="desk", queueing_lock="remind_of_tickets")
def remind_of_tickets(timestamp: int) -> None:
    """Remind people of what they wanted to follow up now."""
    sleeping.remind_due()


@app.task(name=many.SWEEP, queue="desk")
def go_on_with_sweep(sweep: int) -> None:
    """Do what is left of a deed on many tickets."""
    many.go_on(sweep)


@app.task(queue="desk", queueing_lock="go_on_with_sweeps")
def go_on_with_sweeps(timestamp: int) -> None:
    """Those whose worker died are taken up again."""
    late = clock.now() - _LEFT_BEHIND
    running = Sweep.objects.filter(finished_at=None, created_at__lt=late)
    for number in running.order_by("pk").values_list("pk", flat=True)[:20]:
        defer_once(go_on_with_sweep, f"sweep:{number}", sweep=number)


@app.task(name=labels.RETAG, queue="desk", retry=AGAIN)
def retag(old: str, new: str = "") -> None:
    """Give the tickets of a tag its new name, or take the tag away."""
    labels.retag(old, new)


@app.task(queue="tidy", queueing_lock="forget_presence")
def forget_presence(timestamp: int) -> None:
    """Drop who was at a ticket long ago."""
    presence.forget()


@app.task(queue="tidy", queueing_lock="forget_notices")
def forget_notices(timestamp: int) -> None:
    """Drop the notices that were seen long ago."""
    notices.forget()


@app.task(name=asking.ASK, queue="desk", retry=AGAIN)
def ask_if_fixed(ticket: int, solved_at: str) -> None:
    """Ask a customer whether what was solved then really is."""
    asking.ask(ticket, clock.from_iso(solved_at))
