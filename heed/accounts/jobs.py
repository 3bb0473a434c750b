"""What the worker does for the accounts room. Every job may run twice without harm."""

from __future__ import annotations

from procrastinate.contrib.django import app

from heed.accounts import audit


@app.task(queue="tidy", queueing_lock="seal_audit")
def seal_audit(timestamp: int) -> None:
    """Put the audit's new rows into its chain."""
    while audit.seal():
        pass
