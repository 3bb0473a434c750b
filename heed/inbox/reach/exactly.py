"""Talks so long that the database does not know all places of their words: what it takes of them as found is
tested again by what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from heed.inbox.conditions import Facts, Test
from heed.inbox.models import Ticket
from heed.inbox.search import lexicon
from heed.inbox.statements import run
from heed.lib import clock


def wrongly_found(test: Test, sure: Q, user: int, numbers: Iterable[int]) -> set[int]:
    """Those of these tickets, found for a test, for which it does not hold. Of those of which the database is
    `sure`, nothing is read."""
    found = Ticket.objects.filter(pk__in=list(numbers)).exclude(sure)
    rows = {row.pk: row for row in found.select_related("account", "identity", "customer")}
    if not rows:
        return set()
    said: dict[int, list[lexicon.Said]] = defaultdict(list)
    for number, text, visibility in run(_SAID, list(rows), f"'{lexicon.CROWDED}'"):
        said[number].append((text, visibility))
    now = clock.now()
    return {number for number in said if not test.holds(_facts(rows[number], user, said[number], now))}


def _facts(ticket: Ticket, user: int, said: list[lexicon.Said], now: datetime) -> Facts:
    facts, identity = Facts(ticket, user, now), ticket.identity
    names = (ticket.subject, ticket.customer.name, identity.name, identity.handle)
    facts.lexicon = lexicon.of_ticket(*names, ticket.tags, said)
    return facts


_SAID = """
SELECT ticket_id, text, visibility FROM inbox_ticketwords JOIN inbox_message USING (ticket_id)
WHERE ticket_id = ANY(%s::bigint[]) AND words @@ %s::tsquery AND removed_at IS NULL AND text <> ''
ORDER BY ticket_id, id
"""
