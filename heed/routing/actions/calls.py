"""Deeds that tell somebody: colleagues, and other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from heed.inbox import notices
from heed.inbox.models import Notice, Ticket
from heed.inbox.statements import among
from heed.routing.actions.changes import person_of, team_of
from heed.routing.actions.shapes import Refused, Values
from heed.routing.models import RuleRun


def notify_person(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return _notify_together([person_of(values).pk], numbers, _notice(values, runs[0]))


def notify_team(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    members = team_of(values).members.filter(is_active=True).values_list("pk", flat=True)
    return _notify_together(members, numbers, _notice(values, runs[0]))


def _notify_together(people: Iterable[int], numbers: Sequence[int], text: str) -> Refused:
    tickets = Ticket.objects.filter(pk__in=among(numbers)).order_by("pk")
    notices.tell_of_many(people, Notice.Kind.RULE, tickets, text=text)
    return {}


def webhook(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    from heed.routing.jobs import call_webhook

    calls: list[dict[str, Any]] = [{"run": each.pk, "index": index} for each in runs]
    call_webhook.batch_defer(*calls)
    return {}


def _notice(values: Values, run: RuleRun) -> str:
    return values.get("text") or run.rule.name
