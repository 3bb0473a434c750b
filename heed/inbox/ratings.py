"""How satisfied customers are: two choices under the follow-up question, and what becomes of a tap on one.

A tap comes in as a message. A good one asks for nothing: it is kept like what a machine sent, nobody waits
and the ticket stays solved. A bad one is a message like any other, and opens the ticket again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from heed.channels.base import Choice, Choices
from heed.inbox import events
from heed.inbox.arrivals.people import Author
from heed.inbox.arrivals.shapes import Arrival
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.possible import Way
from heed.inbox.possible_choices import fault_of, settled
from heed.inbox.posts import Key
from heed.inbox.statements import among, columns, run

GOOD, BAD = "👍", "👎"
_OFFERED = Choices((Choice(GOOD), Choice(BAD)))


def offered(way: Way, text: str) -> Choices | None:
    """What can be tapped under a question; None where the network shows no choices, or not under this one."""
    return None if fault_of(_OFFERED, text, way.choices) else settled(_OFFERED, way.choices)


def asks_for_nothing(new: Mapping[Key, Arrival], writers: Mapping[Key, Author]) -> dict[Key, Arrival]:
    """A batch, in which good ratings are marked as what nobody has to answer."""
    good = {key: (writers[key].pk, _EVER) for key, each in new.items() if _mark(each.news.text) == GOOD}
    asked = _questions_to({*good.values()})
    return {
        key: Arrival(each.account, replace(each.news, automatic=True)) if good.get(key) in asked else each
        for key, each in new.items()
    }


def keep_ratings(batch: Sequence[Event]) -> None:
    """A reaction: write down what was tapped under a follow-up question. It may run twice, also at the same
    time: whoever comes second waits for the tickets, and then finds what the first wrote."""
    came = Message.objects.filter(pk__in=among(each.message_id for each in batch), direction="in")
    marked = came.filter(text__regex=f"^\\s*({GOOD}|{BAD})").select_related("ticket").order_by("pk")
    taps = {(row.identity_id, row.pk): row for row in marked if row.identity_id and _mark(row.text)}
    asked = _questions_to(taps)
    if not asked:
        return
    tickets = Ticket.objects.filter(pk__in=among({taps[tap].ticket_id for tap in asked})).order_by("pk")
    list(tickets.select_for_update(no_key=True).values_list("pk"))
    rated = Event.objects.filter(kind="rated", message__in=among(pk for _identity, pk in asked))
    known = set(rated.values_list("message_id", flat=True))
    new = [(tap, row) for tap, row in taps.items() if tap in asked and row.pk not in known]
    for tap, row in new:
        good = _mark(row.text) == GOOD
        events.record("rated", ticket=row.ticket, message=row, at=row.at, good=good, question=asked[tap])
    if new:  # somebody may have merged one before we held it
        there = Message.objects.filter(pk__in=among(row.pk for _tap, row in new))
        show_ratings(there.values_list("ticket_id", flat=True))


def show_ratings(tickets: Iterable[int]) -> None:
    """Give these tickets the last rating among the messages that stand in them; none where none does."""
    run(_LAST, sorted(set(tickets)))


_LAST = """
UPDATE inbox_ticket AS t SET rating = (
    SELECT (e.data ->> 'good')::bool FROM inbox_message m JOIN inbox_event e ON e.message_id = m.id
    WHERE m.ticket_id = t.id AND m.direction = 'in' AND e.kind = 'rated'
    ORDER BY m.at DESC, m.id DESC LIMIT 1
)
WHERE t.id = ANY(%s)
"""


def _mark(text: str) -> str:
    """What was tapped; empty where it was something else. Some networks add that it is to be in colour."""
    mark = text.strip().replace("\ufe0f", "")
    return mark if mark in (GOOD, BAD) else ""


_Tap = tuple[int, int]
"""Whose it was, and before which message of ours or theirs we look for the question."""
_EVER = 2**63 - 1


def _questions_to(taps: Iterable[_Tap]) -> dict[_Tap, int]:
    """Of the taps those before which a follow-up question with choices was the last thing that we said to
    this person, with that question."""
    wanted = columns(taps)
    return {(identity, before): pk for identity, before, pk in run(_QUESTIONS, *wanted)} if wanted else {}


# The last by `-id`, so that nobody walks all messages backwards in search of a person's.
_QUESTIONS = """
SELECT tap.identity, tap.before, last.id
FROM unnest(%s::bigint[], %s::bigint[]) AS tap (identity, before)
CROSS JOIN LATERAL (
    SELECT id, origin, manner FROM inbox_message
    WHERE identity_id = tap.identity AND direction = 'out' AND visibility <> 'note' AND id < tap.before
    ORDER BY -id LIMIT 1
) AS last
WHERE last.origin = 'follow_up' AND last.manner ->> 'choices' IS NOT NULL
"""
