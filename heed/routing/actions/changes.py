"""Deeds that change a ticket: whose it is, its tags, priority and status."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from heed.accounts.models import Team, User
from heed.inbox import verbs
from heed.inbox.models import Ticket
from heed.inbox.verbs import together
from heed.routing.actions.shapes import Failed, Refused, Values
from heed.routing.models import RuleRun


def assign_person(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.assign(ticket, None, person_of(values) if values["person"] else None)


def assign_person_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.assign(numbers, person_of(values) if values["person"] else None)


def assign_team(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.give_to_team(ticket, None, team_of(values) if values["team"] else None)


def assign_team_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.give_to_team(numbers, team_of(values) if values["team"] else None)


def add_tags(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.tag(ticket, None, add=values["tags"])


def remove_tags(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.tag(ticket, None, remove=values["tags"])


def set_priority(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.set_priority(ticket, None, values["priority"])


def set_status(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.set_status(ticket, None, values["status"])


def add_tags_together(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.tag(numbers, add=values["tags"])


def remove_tags_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.tag(numbers, remove=values["tags"])


def set_priority_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.set_priority(numbers, values["priority"])


def set_status_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.set_status(numbers, values["status"])


def person_of(values: Values) -> User:
    found = User.objects.filter(pk=values["person"], is_active=True).first()
    if found is None:
        raise Failed(_("This person does not work here any more."))
    return found


def team_of(values: Values) -> Team:
    found = Team.objects.filter(pk=values["team"], archived=False).first()
    if found is None:
        raise Failed(_("This team takes no more tickets."))
    return found
