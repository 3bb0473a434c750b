"""Asking for a second look at what was promised, when hours or policies have changed."""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

MOVE_PROMISES = "routing.move_promises"
"""The job that brings the promises of open tickets up to date. `clockwork` has it."""


def promises_may_have_moved() -> None:
    """Every open ticket is looked at again, soon. Call it in the transaction that changed something."""
    task = app.configure_task(MOVE_PROMISES, queue="tidy", queueing_lock=MOVE_PROMISES, allow_unknown=True)
    try:
        with transaction.atomic():
            task.defer()
    except AlreadyEnqueued:
        return
