"""What the worker does for routing as time passes. Every job may run twice without harm."""

from __future__ import annotations

from procrastinate.contrib.django import app

from heed.routing import assignment


@app.periodic(cron="* * * * *")
@app.task(queue="routing", queueing_lock="give_out_waiting")
def give_out_waiting(timestamp: int) -> None:
    """What shifts left behind goes back; what waited for somebody to come or to have room goes out."""
    assignment.hand_back_after_shifts()
    assignment.give_out()
