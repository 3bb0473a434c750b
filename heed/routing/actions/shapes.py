"""What an action is, and what it may choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from heed.inbox.models import Ticket
from heed.inbox.verbs import CannotAct, CannotAnswer
from heed.routing.models import RuleRun

Values = Mapping[str, Any]
Needs = Literal["person", "team", "tags", "priority", "status", "text", "quick_text", "url"]
PRIORITIES = dict(Ticket.Priority.choices)
STATUSES: dict[str, Promise] = {
    Ticket.Status.OPEN: gettext_lazy("Open"),
    Ticket.Status.PENDING: gettext_lazy("Pending"),
    Ticket.Status.HOLD: gettext_lazy("On hold"),
    Ticket.Status.SOLVED: gettext_lazy("Solved"),
}


class BadAction(ValueError):
    """An action that cannot be kept. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Failed(Exception):
    """The action could not be done to this ticket. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


Refused = Mapping[int, CannotAct | CannotAnswer | Failed]
"""What tickets say that refuse, by their numbers."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a rule can do."""

    name: str
    title: Promise
    needs: tuple[Needs, ...]
    tell: Callable[[Values], str]
    do: Callable[[Sequence[int], Values, Sequence[RuleRun], int], Refused]
    """Does it to many tickets at once; gives back those that refuse."""
    changes: Callable[[Ticket, Values], bool]
    told: bool = True
    """The ticket's story shows it by what it changes."""
