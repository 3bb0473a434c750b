"""What a ticket's thread and the log say: who waits since when, what was answered, what moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from heed.inbox.statements import run
from heed.routing.promises.clocks import Clock
from heed.routing.promises.whole import Whole, wholes


@dataclass(frozen=True, slots=True)
class Answered:
    message: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """Something in the log after which a clock may stand, run, or run by other hours."""

    at: datetime
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the thread and the log say of a ticket."""

    waits_since: datetime | None
    """The oldest customer message nobody has answered."""
    answers: Mapping[str, Answered]
    """By target: the first answer after a running promise began."""
    solved: datetime | None
    """When it was solved first after the running promise began, or came in with another ticket."""
    came_in: datetime | None
    """When the running resolution came in with another ticket,"""
    left: bool
    """and whether that has left since."""
    last_solved: datetime | None
    answered_in_cycle: bool
    began: datetime
    """The beginning of the running cycle."""
    holds_others: bool
    """Whether others were merged into it."""
    parted: datetime | None = None
    """When another left it last, if it was ever put off: its clock may have run or stood as theirs."""
    moves: Sequence[Move] = ()
    """Since the running promises were counted last, in order."""


_ANSWER = """m.direction = 'out' AND m.visibility <> 'note' AND NOT m.automatic
    AND m.origin = '' AND m.state IN ('sent', 'delivered', 'seen')"""

_STANDS = """NOT e.data ? 'undone' AND NOT coalesce((
    SELECT n.data ? 'undone' FROM inbox_event n
    WHERE n.ticket_id = e.ticket_id AND n.kind = 'status_changed' AND n.id > e.id ORDER BY n.id LIMIT 1
), false)"""
"""Of a status set on many tickets at once: that it was not taken back."""

_CAME_IN = """
SELECT r.ticket_id, r.at, (r.kept->>'waiting_since')::timestamptz AS waiting_since,
    r.undone_at IS NULL AS stays, r.undone_at IS NULL AND r.kept->>'unanswered' = 'true' AS waits
FROM inbox_merge r WHERE r.into_id = {ticket}
UNION ALL
SELECT (e.data->>'number')::bigint, e.at, (e.data->>'waiting_since')::timestamptz,
    true, e.data->>'unanswered' = 'true'
FROM inbox_event e WHERE e.ticket_id = {ticket} AND e.kind IN ('unsplit', 'merged') AND e.data ? 'unanswered'
"""
"""What came into a ticket, also what has left it again, and whether it brought somebody who waits."""

_BY_ITSELF = "NOT e.data ? 'number'"
"""Not for what was put into it, whose own clocks go on."""

_AGAIN = f"""
SELECT e.at, e.at AS began, false AS brought FROM inbox_event e
WHERE e.ticket_id = t.id AND e.kind IN ('ticket_reopened', 'status_changed') AND {_BY_ITSELF} AND {_STANDS}
UNION ALL
SELECT g.at, coalesce(least((
    SELECT max(p.since) FROM routing_promise p
    WHERE p.ticket_id = g.ticket_id AND p.target = 'resolution' AND p."end" IN ('', 'dropped')
), g.waiting_since), g.at), true
FROM ({_CAME_IN.format(ticket="t.id")}) g WHERE g.waits
"""  # noqa: S608 - no value from outside is part of it
"""When a ticket was opened again: by itself, or because one came in that waits, whose own cycle goes on."""

_OWN = """m.home_id IS NULL AND NOT EXISTS (
        SELECT FROM inbox_event e
        WHERE e.ticket_id = t.id AND e.kind = 'unsplit' AND e.data->'messages' @> to_jsonb(m.id)
    )"""
"""Of a message: that it came with no other ticket."""

_FACTS = f"""
SELECT t.id, wait.at, solved.at, coalesce(
        CASE WHEN wrote.at < again.at THEN wrote.at END, again.began, wrote.at, t.opened_at
    ),
    CASE WHEN t.unanswered THEN t.waiting_since END, answer.at,
    EXISTS (SELECT FROM inbox_ticket o WHERE o.merged_into_id = t.id), t.split_from_id IS NOT NULL,
    EXISTS (
        SELECT FROM inbox_event e WHERE e.ticket_id = t.id AND e.kind = 'merged' AND e.data ? 'poured'
        AND t.unanswered AND e.at > answer.at AND (e.data->>'waiting_since')::timestamptz = t.waiting_since
    ), (
        SELECT max(e.at) FROM inbox_event e
        WHERE e.ticket_id = t.id AND e.kind = 'unmerged' AND e.data ? 'number' AND EXISTS (
            SELECT FROM inbox_event s WHERE s.ticket_id = t.id AND s.kind = 'snoozed'
        )
    )
FROM inbox_ticket t
LEFT JOIN LATERAL (
    SELECT m.at FROM inbox_message m WHERE m.ticket_id = t.id AND {_ANSWER}
    ORDER BY m.at DESC, m.external_id DESC, m.id DESC LIMIT 1
) answer ON true
LEFT JOIN LATERAL (
    SELECT m.at FROM inbox_message m
    WHERE m.ticket_id = t.id AND t.unanswered AND m.direction = 'in' AND NOT m.automatic
        AND m.kind <> 'standby' AND m.at >= t.waiting_since AND m.at > coalesce(answer.at, '-infinity')
    ORDER BY m.at, m.external_id, m.id LIMIT 1
) wait ON true
LEFT JOIN LATERAL (
    SELECT max(e.at) AS at FROM inbox_event e
    WHERE e.ticket_id = t.id AND e.kind = 'status_changed' AND e.data->>'status' = 'solved' AND {_STANDS}
) solved ON true
LEFT JOIN LATERAL (
    SELECT a.at, a.began, a.brought FROM ({_AGAIN}) a
    WHERE solved.at IS NOT NULL AND a.at > solved.at ORDER BY a.at, a.brought DESC LIMIT 1
) again ON true
LEFT JOIN LATERAL (
    SELECT min(m.at) AS at FROM inbox_message m
    WHERE (again.began IS NULL OR again.brought AND {_OWN}) AND t.status <> 'solved' AND m.ticket_id = t.id
        AND m.at > solved.at AND m.direction = 'in' AND NOT m.automatic AND m.kind <> 'standby'
) wrote ON true
WHERE t.id = ANY(%s)
"""  # noqa: S608 - no value from outside is part of it
"""Where what opened a ticket again has left it, or came in later, what the customer wrote here since did.
Who was answered where others go on, `whole` tells."""

_CAME = f"""LEFT JOIN LATERAL (
    SELECT max(g.at) AS at, bool_or(g.stays) AS stays FROM ({_CAME_IN.format(ticket="p.ticket_id")}) g
    WHERE g.at >= p.since AND (p.since IN (g.waiting_since, g.at) OR EXISTS (
        SELECT FROM routing_promise o WHERE o.ticket_id = g.ticket_id AND o.since = p.since
    ))
) came ON true"""  # noqa: S608 - no value from outside is part of it
"""When what was promised came in: what was answered or solved before that was another matter."""

_ANSWERS = f"""
SELECT p.ticket_id, p.target, p.since, came.at, m.id, m.at FROM routing_promise p
{_CAME}
LEFT JOIN LATERAL (
    SELECT m.id, m.at FROM inbox_message m
    WHERE m.ticket_id = p.ticket_id AND m.at > greatest(p.since, came.at) AND {_ANSWER}
    ORDER BY m.at, m.external_id, m.id LIMIT 1
) m ON true
WHERE p.ticket_id = ANY(%s) AND p.ended_at IS NULL AND p.target <> 'resolution'
"""  # noqa: S608

_SOLVED = f"""
SELECT p.ticket_id, came.at, NOT coalesce(came.stays, true), (
    SELECT min(e.at) FROM inbox_event e WHERE e.ticket_id = p.ticket_id AND e.at > greatest(p.since, came.at)
        AND e.kind = 'status_changed' AND e.data->>'status' = 'solved' AND {_STANDS}
)
FROM routing_promise p
{_CAME}
WHERE p.ticket_id = ANY(%s) AND p.ended_at IS NULL AND p.target = 'resolution'
"""  # noqa: S608

NOTHING = Facts(
    None, {}, None, None, left=False, last_solved=None,
    answered_in_cycle=False, began=datetime.min, holds_others=False,
)  # fmt: skip
"""Nothing is known, and nothing has moved."""

_OF_CLOCKS = f"""{_BY_ITSELF} AND e.kind IN
    ('status_changed', 'ticket_reopened', 'snoozed', 'woke', 'priority_changed', 'team_changed')"""

_MOVES = f"""
SELECT e.ticket_id, e.at, e.kind, coalesce(e.data->>'status', '') FROM inbox_event e
JOIN (
    SELECT ticket_id, min(counted_at) AS at FROM routing_promise
    WHERE ticket_id = ANY(%s) AND ended_at IS NULL GROUP BY ticket_id
) counted ON counted.ticket_id = e.ticket_id AND e.at > counted.at
WHERE {_OF_CLOCKS}
ORDER BY e.at, e.id
"""  # noqa: S608

_MOVED = f"""
SELECT e.ticket_id, e.at, e.kind, coalesce(e.data->>'status', '') FROM inbox_event e
WHERE e.ticket_id = ANY(%s) AND e.at > %s AND {_OF_CLOCKS} AND (e.kind <> 'status_changed' OR {_STANDS})
ORDER BY e.at, e.id
"""  # noqa: S608


def said_of(tickets: list[int], running: Mapping[int, Mapping[str, Clock]]) -> dict[int, Facts]:
    """What thread and log say of each of these tickets, of those with running promises since these began."""
    rows = [_Row(*row) for row in run(_FACTS, tickets)]
    whole = wholes([row.ticket for row in rows if row.holds_others or row.split_off], _ANSWER)
    kept = [pk for pk in tickets if running.get(pk)]
    answers = _answers(kept, whole) if kept else {}
    moves: dict[int, list[Move]] = defaultdict(list)
    ended: dict[int, tuple[datetime | None, datetime | None, bool]] = {}
    if kept:
        ended = {pk: (solved, came_in, left) for pk, came_in, left, solved in run(_SOLVED, kept)}
        for pk, *move in run(_MOVES, kept):
            moves[pk].append(Move(*move))
    found: dict[int, Facts] = {}
    for each in rows:
        pk, solved = each.ticket, each.last_solved
        row = each.of_a(whole[pk]) if pk in whole else each
        over, to = ended.get(pk, (None, None, False)), answers.get(pk, {})
        answered = row.last_answer is not None and (solved is None or row.last_answer > solved)
        others = row.holds_others
        found[pk] = Facts(row.waits, to, *over, solved, answered, row.began, others, row.parted, moves[pk])
    return found


class _Row(NamedTuple):
    """What `_FACTS` says of a ticket."""

    ticket: int
    oldest: datetime | None
    """The oldest message after the last answer."""
    last_solved: datetime | None
    began: datetime
    waiting_since: datetime | None
    """What its own row says; None where nobody waits."""
    last_answer: datetime | None
    holds_others: bool
    split_off: bool
    poured: bool
    """It waits for what gave way to it since the last answer, which was none to that."""
    parted: datetime | None

    def of_a(self, whole: Whole) -> _Row:
        oldest = whole.waits(self.waiting_since) if self.waiting_since else None
        return self._replace(oldest=oldest, last_answer=whole.last_answer)

    @property
    def waits(self) -> datetime | None:
        """Since when somebody waits for an answer, or was said to by hand after the last one."""
        marked = self.waiting_since
        if marked is not None and self.last_answer is not None and marked <= self.last_answer:
            marked = None
        return self.waiting_since if self.poured else self.oldest or marked


def _answers(tickets: list[int], whole: Mapping[int, Whole]) -> dict[int, dict[str, Answered]]:
    """By ticket and target, the first answer after a running promise began."""
    found: dict[int, dict[str, Answered]] = defaultdict(dict)
    for pk, target, since, came, message, at in run(_ANSWERS, tickets):
        if pk in whole:
            said = whole[pk].kept_by(since, came)
            message, at = (said.message, said.at) if said is not None else (None, None)
        if message is not None:
            found[pk][target] = Answered(message, at)
    return found


def moved_since(tickets: Collection[int], since: datetime) -> dict[int, list[Move]]:
    """What has moved in each of these tickets since then, in order, without what was taken back."""
    found: dict[int, list[Move]] = defaultdict(list)
    for pk, *move in run(_MOVED, [*tickets], since):
        found[pk].append(Move(*move))
    return found
