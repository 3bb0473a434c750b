"""Folding the counters: many small changes become one row per account, assignee and team."""

from __future__ import annotations

from django.db import connection, transaction


@transaction.atomic
def fold() -> None:
    """Replace the changes by their sums. What arrives meanwhile is left for the next time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH gone AS (DELETE FROM inbox_tallychange WHERE id IN (
                   SELECT id FROM inbox_tallychange ORDER BY id LIMIT 50000 FOR UPDATE SKIP LOCKED
               ) RETURNING account_id, assignee_id, team_id, open, unanswered, tickets)
               INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered, tickets)
               SELECT account_id, assignee_id, team_id, sum(open), sum(unanswered), sum(tickets) FROM gone
               GROUP BY 1, 2, 3 HAVING sum(open) <> 0 OR sum(unanswered) <> 0 OR sum(tickets) <> 0"""
        )
