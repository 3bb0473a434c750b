"""Asking for a second look at what was promised, when hours or policies have changed."""

from __future__ import annotations

from heed.lib.jobs import Named, defer_once

MOVE_PROMISES = "routing.move_promises"
"""The job that brings the promises of open tickets up to date. `clockwork` has it."""


def promises_may_have_moved() -> None:
    """Every open ticket is looked at again, soon. Call it in the transaction that changed something."""
    defer_once(Named(MOVE_PROMISES, "tidy"), MOVE_PROMISES)
