"""Keeping the words of tickets: a job reads what the triggers put on the list."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from django.db import OperationalError, transaction

from heed.inbox.search import lexicon
from heed.inbox.search.lexicon import Lexicon, Said
from heed.inbox.statements import run

log = logging.getLogger("heed.search")

BATCH = 500
_LOCK = 0x686565_64_77


class ToWrite(NamedTuple):
    ticket: int
    message: int | None


def write_waiting(batch: int = BATCH) -> int:
    """Write the words of what waits longest; gives back how many entries of the list are done. Only one
    process does it at a time: another gets nothing to do."""
    with transaction.atomic():
        if not run("SELECT pg_try_advisory_xact_lock(%s)", _LOCK)[0][0]:
            return 0
        taken = [ToWrite(*row) for row in run(_TAKE, batch)]
        if taken and not _written(taken):
            _write_one_by_one(taken)
    return len(taken)


def write_for(seconds: float, crowded: Callable[[], bool] = lambda: False) -> None:
    """Write what waits, for about so long. Where others wait who go first, rest longer than each piece took:
    what is written here may come some seconds later."""
    until = began = time.monotonic()
    until += seconds
    while write_waiting() and (now := time.monotonic()) < until:
        if crowded():
            time.sleep(min(_REST * (now - began), until - now))
        began = time.monotonic()


_REST = 6.0
"""Times as long as a piece took: a seventh of the time; what is left behind follows when it is calmer."""


def index_everything() -> None:
    """Write everything that waits, and every ticket whose words were never written, however long it
    takes."""
    run(_NEVER_WRITTEN)
    while write_waiting(10 * BATCH):
        pass


def _write_one_by_one(taken: list[ToWrite]) -> None:
    """One ticket that cannot be written holds up no other: it is left out, and the log says so."""
    apart: dict[int, list[ToWrite]] = defaultdict(list)
    for each in taken:
        apart[each.ticket].append(each)
    for number, some in apart.items():
        if not _written(some):
            log.error("ticket %s is left out: what is new in it is not found by its words", number)


def _written(taken: list[ToWrite]) -> bool:
    try:
        with transaction.atomic():
            _write(taken)
    except OperationalError:
        raise
    except Exception:
        log.exception("the words of %s entries of the list cannot be written", len(taken))
        return False
    return True


def _write(taken: list[ToWrite]) -> None:
    new: dict[int, set[int]] = defaultdict(set)
    again = {each.ticket for each in taken if each.message is None}
    for each in taken:
        if each.message is not None:
            new[each.ticket].add(each.message)
    known = {row[0] for row in run(_KNOWN, [*new])} - again
    whole = again | (new.keys() - known)
    if whole:
        run(_DROP, [*whole])  # what else waits of these is read with the rest, once
        _write_whole(whole)
    _add({ticket: messages for ticket, messages in new.items() if ticket in known})


def _add(new: dict[int, set[int]]) -> None:
    """Only the words of these messages, behind those that are there."""
    wanted = [pk for messages in new.values() for pk in messages]
    found: dict[int, Lexicon] = defaultdict(Lexicon)
    for ticket, text, visibility in run(_THESE, wanted) if wanted else []:
        found[ticket].add(text, "note" if visibility == "note" else "")
    if found:
        run(_APPEND, [*found], [each.tsvector() for each in found.values()], lexicon.MOST_BYTES)
        _mark_crowded([*found])


def _write_whole(numbers: set[int]) -> None:
    found = {pk: each.tsvector() for pk, each in lexicons_of(numbers).items()}
    if found:
        run(_REPLACE, [*found], [*found.values()])
        _mark_crowded([*found])


def _mark_crowded(numbers: list[int]) -> None:
    """Say of these tickets where the database does not know all places of their words."""
    mark = f"'{lexicon.CROWDED}'"
    run(_CROWDED, mark, numbers, mark, lexicon.MOST_PLACES, lexicon.LAST_PLACE)


def lexicons_of(numbers: Iterable[int]) -> dict[int, Lexicon]:
    """The words of these tickets as they are now, read from what was said in them."""
    wanted = [*numbers]
    said: dict[int, list[Said]] = defaultdict(list)
    for ticket, text, visibility in run(_ALL, wanted) if wanted else []:
        said[ticket].append((text, visibility))
    return {
        pk: _lexicon(subject, customer, identity, handle, tuple(tags), tuple(said[pk]))
        for pk, subject, customer, identity, handle, tags in (run(_TICKETS, wanted) if wanted else [])
    }


def _lexicon(
    subject: str, customer: str, identity: str, handle: str, tags: tuple[str, ...], said: tuple[Said, ...]
) -> Lexicon:
    """Rules ask for the words of a new ticket a moment before they are written: the same facts are told
    apart once, unless they are long."""
    short = sum(len(text) for text, _visibility in said) < _SHORT
    make = _kept_lexicon if short else lexicon.of_ticket
    return make(subject, customer, identity, handle, tags, said)


_SHORT = 2000
_kept_lexicon = lru_cache(maxsize=3000)(lexicon.of_ticket)


_TICKETS = """
SELECT ticket.id, subject, customer.name, identity.name, handle, tags
FROM inbox_ticket AS ticket JOIN inbox_customer AS customer ON customer.id = ticket.customer_id
JOIN inbox_identity AS identity ON identity.id = identity_id WHERE ticket.id = ANY(%s::bigint[])
"""

_ALL = """
SELECT ticket_id, text, visibility FROM inbox_message
WHERE ticket_id = ANY(%s::bigint[]) AND removed_at IS NULL AND text <> '' ORDER BY ticket_id, id
"""

_THESE = """
SELECT ticket_id, text, visibility FROM inbox_message
WHERE id = ANY(%s::bigint[]) AND removed_at IS NULL ORDER BY id
"""

_NEVER_WRITTEN = """
INSERT INTO inbox_wordstowrite (ticket_id, later)
SELECT id, true FROM inbox_ticket AS ticket
WHERE NOT EXISTS (SELECT FROM inbox_ticketwords WHERE ticket_id = ticket.id)
  AND NOT EXISTS (SELECT FROM inbox_wordstowrite WHERE ticket_id = ticket.id)
"""

_TAKE = """
DELETE FROM inbox_wordstowrite WHERE id IN (
    SELECT id FROM inbox_wordstowrite ORDER BY later, id LIMIT %s
) RETURNING ticket_id, message
"""

_KNOWN = "SELECT ticket_id FROM inbox_ticketwords WHERE ticket_id = ANY(%s::bigint[])"

_DROP = "DELETE FROM inbox_wordstowrite WHERE ticket_id = ANY(%s::bigint[])"

_APPEND = """
UPDATE inbox_ticketwords AS words SET words = words.words || new.words::tsvector
FROM unnest(%s::bigint[], %s::text[]) AS new (ticket, words)
WHERE words.ticket_id = new.ticket AND octet_length(tsvectorsend(words.words)) < %s
"""

_REPLACE = """
INSERT INTO inbox_ticketwords (ticket_id, words)
SELECT ticket, words::tsvector FROM unnest(%s::bigint[], %s::text[]) AS new (ticket, words)
ON CONFLICT (ticket_id) DO UPDATE SET words = excluded.words
"""

_CROWDED = """
UPDATE inbox_ticketwords SET words = words || %s::tsvector
WHERE ticket_id = ANY(%s::bigint[]) AND pg_column_size(words) > 500 AND NOT words @@ %s::tsquery AND EXISTS (
    SELECT FROM unnest(words) WHERE cardinality(positions) >= %s OR %s = ANY(positions)
)
"""
"""No fewer bytes hold so many places: most tickets are not opened for it."""
