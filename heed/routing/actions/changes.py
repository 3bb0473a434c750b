"""Deeds that change a ticket: whose it is, its tags, priority and status."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from heed.accounts.models import Team, User
from heed.inbox.verbs import CannotTend, together
from heed.inbox.verbs.tending import refuse_for
from heed.routing.actions.shapes import Failed, Refused, Values
from heed.routing.models import RuleRun


def assign_person(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.assign(numbers, taker_of(values) if values["person"] else None)


def assign_team(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.give_to_team(numbers, team_of(values) if values["team"] else None)


def add_tags(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.tag(numbers, add=values["tags"])


def remove_tags(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.tag(numbers, remove=values["tags"])


def set_priority(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.set_priority(numbers, values["priority"])


def set_status(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return together.set_status(numbers, values["status"])


def person_of(values: Values) -> User:
    found = User.objects.filter(pk=values["person"], is_active=True).first()
    if found is None:
        raise Failed(_("This person does not work here any more."))
    return found


def taker_of(values: Values) -> User:
    """The person tickets are given to. Raises `Failed` where that cannot be."""
    found = person_of(values)
    try:
        refuse_for(found)
    except CannotTend as why:
        raise Failed(str(why.sentence)) from why
    return found


def team_of(values: Values) -> Team:
    found = Team.objects.filter(pk=values["team"], archived=False).first()
    if found is None:
        raise Failed(_("This team takes no more tickets."))
    return found
