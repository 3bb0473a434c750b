"""When to look for an answer whose outcome is unknown, and from what moment on."""

from __future__ import annotations

from datetime import datetime, timedelta

from heed.channels.base import Answer, CannotTell
from heed.lib import clock

SETTLING = 60.0
"""Seconds after which a message that was taken shows in what can be read back."""
CLOCKS_APART = timedelta(seconds=10)
"""How far our clock and Meta's may differ when times are compared."""
PAGES_BACK = 10
"""How many pages of a list are read back before we give up."""


def too_early(answer: Answer) -> CannotTell | None:
    """The wait until absence means something, counted from the last attempt; None when it is over."""
    tried = answer.tried or answer.started or answer.created
    age = (clock.now() - tried).total_seconds() if tried else SETTLING
    return CannotTell(ask_again=min(15.0, SETTLING - age)) if age < SETTLING else None


def since(answer: Answer) -> datetime | None:
    """What is older than the first attempt is another message with the same words."""
    began = answer.started or answer.created
    return began - CLOCKS_APART if began else None
