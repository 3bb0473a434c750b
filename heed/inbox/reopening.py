"""What taking another ticket in, or letting it go, makes of how a ticket stands, as its log tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.models import Ticket

_COURSE = ("status", "solved_at", "unanswered", "waiting_since", "snoozed_until")


def stands(ticket: Ticket) -> dict[str, Any]:
    """How it stands now, for its event: whoever walks through the log could not work it out."""
    now = {name: getattr(ticket, name) for name in _COURSE}
    return {"stands": {name: _written(value) for name, value in now.items()}}


def tell_reopened(ticket: Ticket, before: str, number: int, user: User | None) -> None:
    """Tell of a ticket that was solved `before` and is open again, for one that waits was put into it. Rules
    hear it; clocks and figures go by what was put in (decision 0022)."""
    if before == Ticket.Status.SOLVED != ticket.status:
        events.record("ticket_reopened", ticket=ticket, actor=user, number=number)


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
