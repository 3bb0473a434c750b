"""The first tickets of what somebody sees, as SQL.

Whoever sees only some accounts and teams has each of them read from an index of its own, a page's length,
and merged: their page costs what an owner's does.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from heed.inbox.reach.seeing import Sight

PART = "{part}"
"""What stands in the WHERE of a query for the part that is read: an account, a team, or one's own."""


def of_each_part(rows: str, values: list[Any], seen: Sight, merged: str = "UNION") -> tuple[str, list[Any]]:
    """The rows of a SELECT, read part by part, with their parameters. A ticket that is in two parts
    comes once, or with `UNION ALL` twice."""
    if seen.everywhere:
        return rows.replace(PART, "TRUE"), values
    read, all_values = [], []
    for where, numbers in parts(seen):
        inside = rows.replace(PART, where)
        read.append(f"SELECT part.* FROM unnest(%s::bigint[]) AS scope (num), LATERAL ({inside}) AS part")  # noqa: S608
        all_values += [numbers, *values]
    return f" {merged} ".join(read), all_values


def parts(seen: Sight) -> list[tuple[str, list[int]]]:
    """The parts of what somebody sees, each with an index of its own."""
    found = [
        ("inbox_ticket.account_id = scope.num", sorted(seen.accounts)),
        ("inbox_ticket.team_id = scope.num", sorted(seen.teams)),
        ("inbox_ticket.assignee_id = scope.num", [seen.user]),
    ]
    return [(where, numbers) for where, numbers in found if numbers]


def sql_of(found: Any) -> tuple[str, list[Any]]:
    """A query as SQL with its parameters, also one that nothing can fit, such as a team nobody knows."""
    sql, values = found.query.get_compiler(DEFAULT_DB_ALIAS, elide_empty=False).as_sql()
    return sql, list(values)
