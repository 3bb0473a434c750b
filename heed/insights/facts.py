"""What a measure needs to know of a ticket, as plain records in order of time.

`Fact.source` names the row it came from: `m12` is message 12, `e7` event 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal[
    "customer",  # somebody wrote who waits for an answer
    "answer",  # a person answered; `who` None: outside Heed
    "bot",  # a bot answered
    "said",  # away, instant, greeting, rule, note: never an answer
    "handed_off",  # the bot handed over to people
    "answered",  # marked answered
    "unanswered",  # marked unanswered
    "solved",
    "unsolved",  # a person set another status again
    "reopened",  # the customer wrote after it was solved
    "assigned",  # `who` has it now; None: nobody
    "opened",  # `who` looks at it
    "left",  # `who` no longer does
    "target",  # `name` is due at `due`; None: its clock stands
    "missed",  # `name` was due then
    "asked",  # a follow-up question offered two choices to tap
    "rated",  # one was tapped: `name` is good or bad, `question` what it was under
    "merged",  # `lane` went on in `into`
    "spam",
    "not_spam",
]


@dataclass(frozen=True, slots=True)
class Fact:
    at: datetime
    kind: Kind
    source: str = ""
    who: int | None = None
    lane: int = 0
    """The ticket it was said in, where several were merged. An answer in one ends no wait in another,
    until they are one."""
    into: int = 0
    name: str = ""
    due: datetime | None = None
    since: datetime | None = None
    """Since when what is due, was missed or waits had been running; None where that is not known."""
    question: int = 0


_BEFORE: dict[str, int] = {
    "merged": 0,
    "reopened": 1,
    "customer": 2,
    "handed_off": 3,
    "target": 4,
}
"""Of what happened at the same time, this comes first."""


def in_order(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda each: (each.at, _BEFORE.get(each.kind, 5), each.source))


@dataclass(frozen=True)
class Timeline:
    """All that is known of one ticket."""

    facts: Sequence[Fact] = field(default_factory=tuple)

    @property
    def spam(self) -> bool:
        told = [each for each in in_order(self.facts) if each.kind in _SPAM and each.lane == 0]
        return told != [] and told[-1].kind == "spam"


_SPAM = ("spam", "not_spam")
