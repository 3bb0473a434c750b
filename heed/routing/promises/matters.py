"""A ticket, as far as promises ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from heed.inbox.models import Ticket
from heed.inbox.statements import run
from heed.routing.desk_hours import Place


class Matter(NamedTuple):
    """A ticket, as far as promises ask."""

    pk: int
    account_id: int
    priority: int
    status: str
    solved_at: datetime | None
    spam: bool
    merged_into_id: int | None
    snoozed_until: datetime | None
    due_at: datetime | None
    due_for: str
    group: str
    team: int
    brand: int

    @property
    def place(self) -> Place:
        return Place(self.team, self.account_id, self.brand)

    @property
    def solved(self) -> bool:
        return self.status == Ticket.Status.SOLVED

    @property
    def asleep(self) -> bool:
        return self.snoozed_until is not None


def locked_matters(numbers: Iterable[int]) -> list[Matter]:
    """These tickets in the order of their numbers, locked. Call it in a transaction."""
    wanted = list(numbers)
    run(_LOCK, wanted)
    return [Matter(*row) for row in run(_MATTERS, wanted)]


# What has been waited for is read by a statement of its own, which sees what others have written meanwhile.
_LOCK = "SELECT FROM inbox_ticket WHERE id = ANY(%s) ORDER BY id FOR UPDATE"

_MATTERS = """
SELECT t.id, t.account_id, t.priority, t.status, t.solved_at, t.spam, t.merged_into_id, t.snoozed_until,
    t.due_at, t.due_for, c."group", coalesce(t.team_id, 0), coalesce(a.brand_id, 0)
FROM inbox_ticket t JOIN inbox_customer c ON c.id = t.customer_id
JOIN channels_account a ON a.id = t.account_id WHERE t.id = ANY(%s) ORDER BY t.id
"""
