"""Talks so long that the database does not know all places of their words: what it takes of them as found is
tested again by what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from heed.inbox.conditions import Facts, Test
from heed.inbox.models import Ticket
from heed.inbox.search import lexicon
from heed.inbox.statements import run
from heed.lib import clock


def wrongly_found(test: Test, user: int, numbers: Iterable[int]) -> set[int]:
    """Those of these tickets, found for a test, for which it does not hold."""
    said: dict[int, list[lexicon.Said]] = defaultdict(list)
    for number, text, visibility in run(_SAID, list(numbers), f"'{lexicon.CROWDED}'"):
        said[number].append((text, visibility))
    if not said:
        return set()
    rows = Ticket.objects.select_related("account", "identity", "customer").in_bulk(said)
    now = clock.now()
    return {number for number, row in rows.items() if not test.holds(_facts(row, user, said[number], now))}


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
