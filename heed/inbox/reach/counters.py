"""What the side bar counts, by one statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.accounts.models import User
from heed.inbox.reach.parts import of_each_part
from heed.inbox.reach.seeing import Sight, sight
from heed.lib import clock
from heed.lib.rows import prepared

MOST_COUNTED = 100
"""A counter that is really counted ends here; the page says “99+”."""


@dataclass(frozen=True)
class Tallies:
    mine: int = 0
    unanswered: int = 0
    unassigned: int = 0
    open: int = 0
    by_account: dict[int, int] = field(default_factory=dict)
    """The unanswered of each account."""
    overdue: int = 0
    mentions: int = 0
    """Tickets in which one was mentioned and has not looked since."""
    accounts: frozenset[int] = frozenset()
    """The accounts of which one sees a ticket, be it a solved one."""
    unseen_mentions: int = 0
    unseen_others: int = 0
    """Notices nobody has looked at yet: of mentions, and of all else."""
    oldest: datetime | None = None
    """Since when the one who waits longest has waited."""
    event: int = 0
    """How far the log had come when all this was counted."""


def tallies(user: User) -> Tallies:
    """The counters of the side bar, kept by the database as tickets change. What is overdue and what somebody
    should know is counted, up to `MOST_COUNTED`."""
    seen = sight(user)
    kept, kept_values = _kept(seen)
    counted, counted_values = _counted(seen)
    with prepared() as cursor:
        cursor.execute(f"{kept} UNION ALL {counted}", [*kept_values, *counted_values])
        found = cursor.fetchall()
    rows = [row for row in found if row[0] is not None]
    (_all, overdue, mentions, event, told, others, oldest), *_none = (row for row in found if row[0] is None)
    mine, unassigned, opened = (sum(row[column] for row in rows) for column in (1, 2, 3))
    by_account = {row[0]: row[4] for row in rows}
    return Tallies(
        mine=mine,
        unanswered=sum(by_account.values()),
        unassigned=unassigned,
        open=opened,
        by_account=by_account,
        overdue=overdue,
        mentions=mentions,
        accounts=frozenset(row[0] for row in rows if row[5] > 0),
        unseen_mentions=told,
        unseen_others=others,
        oldest=oldest,
        event=event,
    )


_KEPT = """SELECT account_id, coalesce(sum(open) FILTER (WHERE assignee_id = %s), 0),
           coalesce(sum(open) FILTER (WHERE assignee_id IS NULL), 0),
           sum(open), sum(unanswered), sum(tickets), NULL::timestamptz
    FROM inbox_tallychange WHERE {seen} GROUP BY account_id"""


def _kept(seen: Sight) -> tuple[str, list[Any]]:
    """A row an account: open ones of one's own, of nobody, all; unanswered ones; all tickets."""
    where, values = seen.sql("inbox_tallychange")
    return _KEPT.format(seen=where), [seen.user, *values]


_COUNTED = """SELECT NULL::bigint, (SELECT least(count(*), {most}) FROM ({late}) AS late),
           (SELECT count(*) FROM (SELECT DISTINCT ticket_id {mentions} LIMIT {most}) AS told),
           (SELECT coalesce(max(id), 0) FROM inbox_event),
           (SELECT count(*) FROM (SELECT {mentions} LIMIT {most}) AS told),
           (SELECT count(*) FROM (SELECT {others} LIMIT {most}) AS told),
           (SELECT min(waiting_since) FROM ({waiting}) AS waiting)"""
_LATE = "SELECT id, due_at FROM inbox_ticket WHERE due_at <= %s AND {part} ORDER BY due_at, id LIMIT {most}"
_WAITING = """
    SELECT waiting_since FROM inbox_ticket
    WHERE waiting_since IS NOT NULL AND CASE WHEN unanswered THEN TRUE ELSE FALSE END AND {part}
    ORDER BY waiting_since, id LIMIT 1"""
# Nearly all that wait are unanswered. The database thinks these have nothing to do with each other, expects
# few and gathers them all from two indexes; so each row is asked.
_UNSEEN = """
    FROM inbox_notice JOIN inbox_ticket ON inbox_ticket.id = ticket_id
    WHERE user_id = %s AND seen_at IS NULL AND {seen} AND inbox_notice.kind """


def _counted(seen: Sight) -> tuple[str, list[Any]]:
    """One row: what is overdue, tickets with mentions, how far the log has come, unseen mentions, unseen
    others, the oldest wait."""
    late, late_values = of_each_part(_LATE.replace("{most}", str(MOST_COUNTED)), [clock.now()], seen)
    waiting, waiting_values = of_each_part(_WAITING, [], seen, "UNION ALL")
    where, seen_values = seen.sql()
    unseen = _UNSEEN.format(seen=where)
    sql = _COUNTED.format(
        most=MOST_COUNTED,
        late=late,
        mentions=f"{unseen} = 'mentioned'",
        others=f"{unseen} <> 'mentioned'",
        waiting=waiting,
    )
    return sql, [*late_values, *[seen.user, *seen_values] * 3, *waiting_values]
