"""What was said in tickets in which others go on, or which were split off: who was answered, and by what.

An answer ends the waits of the ticket in which it was given. Each matter of a whole has a way: it stood alone
until it was merged in or put back, and no answer in another matter before that was one to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import orjson

from heed.inbox.statements import run


class Said(NamedTuple):
    """A customer's message that waits for an answer, or an answer."""

    message: int
    at: datetime
    matter: int
    """The ticket it belongs to, which may have gone on in this one."""
    answers: bool


@dataclass
class Whole:
    """A ticket and those that go on in it."""

    ticket: int
    ways: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    """In which ticket a matter goes on, and since when."""
    put_back: dict[int, int] = field(default_factory=dict)
    """Messages that came back with a matter that had been split off, and which it was."""
    said: list[Said] = field(default_factory=list)
    """In order."""

    def place(self, matter: int, at: datetime) -> int:
        """The ticket in which a matter stood at that time."""
        while matter in self.ways and self.ways[matter][1] <= at:
            matter = self.ways[matter][0]
        return matter

    def add(self, message: int, at: datetime, home: int | None, answers: bool) -> None:
        """Take in what was said; a matter that does not go on here left its messages to this ticket."""
        matter = home if home in self.ways else self.put_back.get(message, self.ticket)
        assert matter is not None
        self.said.append(Said(message, at, matter, answers))

    def waits(self, since: datetime) -> datetime | None:
        """When the oldest customer message came since then that nobody has answered."""
        asked = (each for each in self.said if not each.answers and each.at >= since)
        return next((each.at for each in asked if self.answer(each.at, each.matter) is None), None)

    def answer(self, since: datetime, matter: int) -> Said | None:
        """The first answer to what waits in a matter since then."""
        return next(
            (
                each
                for each in self.said
                if each.answers
                and each.at > since
                and self.place(each.matter, each.at) == self.place(matter, each.at)
            ),
            None,
        )

    def kept_by(self, since: datetime, came: datetime | None) -> Said | None:
        """The answer that keeps a promise which runs since then. Where no message came at that time, somebody
        said that the ticket waits; that may have come in later."""
        asked = {each.matter for each in self.said if not each.answers and each.at == since}
        if not asked:
            return self.answer(max(since, came or since), self.ticket)
        return self.answer(since, self.ticket if self.ticket in asked else min(asked))

    @property
    def last_answer(self) -> datetime | None:
        """When somebody answered here last."""
        here = (
            each.at for each in self.said if each.answers and self.place(each.matter, each.at) == self.ticket
        )
        return max(here, default=None)


def wholes(tickets: Collection[int], answers: str) -> dict[int, Whole]:
    """What was said in these; `answers` is the condition for an answer `m`."""
    found = {pk: Whole(pk) for pk in tickets}
    back: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for ticket, matter, into, at, messages in run(_WAYS, [*tickets]):
        found[ticket].ways[matter] = into, at
        back[ticket] += [(message, matter) for message in orjson.loads(messages or "[]")]
    for ticket, came_back in back.items():
        found[ticket].put_back = dict(came_back)
    for ticket, *said in run(_SAID.format(answers=answers), [*tickets]):
        found[ticket].add(*said)
    return found


_INTO = """LEFT JOIN LATERAL (
    SELECT e.at, e.data->'messages' AS messages FROM inbox_event e
    WHERE e.ticket_id = o.id AND e.kind = 'merged' AND e.data ? 'into' ORDER BY e.id DESC LIMIT 1
) went ON true"""
"""Since when a ticket goes on in another, and with which messages it was put back."""

_WAYS = f"""
WITH RECURSIVE way AS (
    SELECT o.merged_into_id AS ticket, o.id, o.merged_into_id AS into_id,
        coalesce(went.at, o.opened_at) AS at, went.messages
    FROM inbox_ticket o {_INTO} WHERE o.merged_into_id = ANY(%s)
    UNION ALL
    SELECT way.ticket, o.id, o.merged_into_id, coalesce(went.at, o.opened_at), went.messages
    FROM way JOIN inbox_ticket o ON o.merged_into_id = way.id {_INTO}
)
SELECT ticket, id, into_id, at, messages FROM way
"""  # noqa: S608 - no value from outside is part of it

_SAID = """
SELECT m.ticket_id, m.id, m.at, m.home_id, m.direction = 'out' FROM inbox_message m
WHERE m.ticket_id = ANY(%s) AND (
    {answers} OR (m.direction = 'in' AND NOT m.automatic AND m.kind <> 'standby')
) ORDER BY m.ticket_id, m.at, m.external_id, m.id
"""
