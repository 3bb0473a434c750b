"""Running the rules: when something happened, and as time passes.

A rule runs once for an event, and as time passes once while a ticket stands as it does. What a rule causes
carries the rules that led to it: none of them is set off by it again, and after so many steps none at all.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from heed.inbox import events as happenings
from heed.inbox.conditions import BadCondition, Condition, Facts, Test, parse
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.verbs import CannotAct, CannotAnswer
from heed.inbox.verbs.tending import locked
from heed.lib import clock
from heed.routing import actions
from heed.routing.models import Rule, RuleRun

log = logging.getLogger("heed.rules")

TRIGGERS: dict[str, Promise] = {
    "ticket_opened": _("a new ticket comes in"),
    "message_received": _("a customer writes"),
    "ticket_reopened": _("a solved ticket opens again"),
    "answer_sent": _("an answer was sent"),
    "note_written": _("a note was written"),
    "assigned": _("it is given to somebody, or taken away"),
    "team_changed": _("its team changes"),
    "status_changed": _("its status changes"),
    "priority_changed": _("its priority changes"),
    "tags_changed": _("its tags change"),
    "field_changed": _("one of its fields changes"),
    "language_told": _("its language becomes known"),
    "due_soon": _("an answer is due soon"),
    "due_missed": _("an answer is overdue"),
    "time": _("time passes (looked at every minute)"),
}

MOST_STEPS = 5
"""So many rules may follow from one another at most."""
MOST_AN_HOUR = 20
"""So often a rule may run for one ticket in an hour: it has gone round in a circle otherwise."""
AT_ONCE = 500
"""Tickets a rule looks at in one go as time passes."""
_GOES = 4
_OLD = timedelta(days=60)
KEPT = timedelta(days=90)
"""How long it is kept what rules did."""
_FORGOTTEN_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule whose condition was understood."""

    rule: Rule
    condition: Condition
    test: Test

    @property
    def tickets(self) -> QuerySet[Ticket]:
        """The tickets for which the condition holds now. Spam, merged ones and those of blocked people only
        where it asks for them."""
        return self._allowed(Ticket.objects.filter(self.test.q()))

    def among(self, numbers: Iterable[int]) -> set[int]:
        """Those of these tickets for which the condition holds now. Where it asks for words they are read
        from the messages: what search looks in is written a moment after a message has come."""
        rows = Ticket.objects.filter(pk__in=list(numbers))
        if not self.condition.reads:
            return set(self._allowed(rows.filter(self.test.q())).values_list("pk", flat=True))
        found = self._allowed(rows).select_related("account", "customer", "identity")
        return {each.pk for each in found if self.test.holds(Facts(each, None, clock.now()))}

    def _allowed(self, rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if not self.condition.asks("is", "merged"):
            rows = rows.filter(merged_into=None)
        if not self.condition.asks("is", "blocked"):
            rows = rows.filter(identity__blocked=False)
        return rows if self.condition.asks("is", "spam") else rows.filter(spam=False)


# ----------------------------------------------------------------------------- when something happened


def run_rules(events: Sequence[Event]) -> None:
    """The reaction to everything that may set a rule off."""
    wanted = [each for each in events if each.ticket_id and not _by_itself(each)]
    if not wanted:
        return
    rules = list(Rule.objects.filter(on=True, when__overlap=list({each.kind for each in wanted})))
    stopped: set[int] = set()
    for rule in rules:
        mine = {each.ticket_id: each for each in wanted if _sets_off(rule, each)}
        ready = made_ready(rule) if mine else None
        if ready is not None:
            held = _run_for(ready, {pk: event for pk, event in mine.items() if pk and pk not in stopped})
            stopped |= held if rule.stop else set()


def _run_for(ready: Ready, mine: Mapping[int, Event]) -> set[int]:
    """Run a rule for the tickets of these events; returns those for which it holds."""
    ran = RuleRun.objects.filter(rule=ready.rule, event__in=list(mine.values()))
    before = set(ran.values_list("ticket", flat=True))
    held = ready.among(set(mine) - before)
    for number in sorted(held):
        _run(ready, number, mine[number])
    return held | before


def _by_itself(event: Event) -> bool:
    """Whether Heed itself wrote the message this is about: that never sets a rule off."""
    return (event.message is not None and bool(event.message.origin)) or len(led_by(event)) >= MOST_STEPS


def _sets_off(rule: Rule, event: Event) -> bool:
    return event.kind in rule.when and rule.pk not in led_by(event)


def led_by(event: Event) -> list[int]:
    """The rules that led to an event, the first one first."""
    led = event.facts.get("rules")
    return [int(each) for each in led] if isinstance(led, list) else []


def made_ready(rule: Rule) -> Ready | None:
    """The rule with its condition understood; None where that cannot be: the rule says why."""
    try:
        with translation.override("en"):
            condition = parse(rule.condition)
            test = condition.test(None, clock.now())
    except BadCondition as bad:
        _set_problem(rule, bad.sentence)
        return None
    _set_problem(rule, "")
    return Ready(rule, condition, test)


def problem_of(rule: Rule) -> str:
    """Why a rule cannot run any more, in the reader's language; empty where it can."""
    if not rule.problem:
        return ""
    try:
        parse(rule.condition).test(None, clock.now())
    except BadCondition as bad:
        return bad.sentence
    return said_to_reader(rule.problem)


def said_to_reader(sentence: object) -> str:
    """A sentence that was kept in English, in the reader's language where there are words for it."""
    return gettext(str(sentence)) if sentence else ""


def _set_problem(rule: Rule, sentence: str) -> None:
    if rule.pk and rule.problem != sentence[:300]:
        rule.problem = sentence[:300]
        Rule.objects.filter(pk=rule.pk).update(problem=rule.problem)


# ----------------------------------------------------------------------------- as time passes


def run_by_time() -> int:
    """Run the rules that look at time; returns how often one ran. Each goes on where it stood before, and
    begins anew at the end."""
    ran = 0
    handled = Q(pk__in=[])
    for rule in Rule.objects.filter(on=True, when__contains=[Rule.TIME]):
        ready = made_ready(rule)
        if ready is None:
            continue
        ran += _go_on(ready, handled)
        if rule.stop:
            handled |= Q(pk__in=ready.tickets.values("pk"))
    return ran


def _go_on(ready: Ready, handled: Q) -> int:
    ran, cursor = 0, ready.rule.cursor
    for _go in range(_GOES):
        numbers = list(
            in_time(ready)
            .filter(pk__gt=cursor)
            .exclude(handled)
            .order_by("pk")
            .values_list("pk", flat=True)[:AT_ONCE]
        )
        states = states_of(numbers)
        known = RuleRun.objects.filter(rule=ready.rule, ticket__in=numbers, event=None)
        before = set(known.values_list("ticket", "state"))
        todo = [number for number in numbers if (number, states[number]) not in before]
        ran += sum(_run(ready, number, None) for number in todo)
        cursor = numbers[-1] if len(numbers) == AT_ONCE else 0
        Rule.objects.filter(pk=ready.rule.pk).update(cursor=cursor)
        if not cursor:
            break
    return ran


def in_time(ready: Ready) -> QuerySet[Ticket]:
    """What a rule by time looks at: work that is not done, and what was solved lately where it asks so."""
    done = ready.condition.asks("is", "solved") or ready.condition.asks("status", "solved")
    if done or ready.condition.asks("solved"):
        return ready.tickets.filter(~Q(status="solved") | Q(last_at__gt=clock.now() - _OLD))
    return ready.tickets.exclude(status="solved")


def states_of(numbers: Iterable[int]) -> dict[int, str]:
    """How each ticket stands, as far as that lets a rule by time run anew: its status, whether and since when
    it waits, what is due, what the customer said last."""
    tickets = Ticket.objects.filter(pk__in=list(numbers))
    rows = tickets.values_list("pk", "status", "unanswered", "waiting_since", "due_at")
    said = Message.objects.filter(ticket__in=list(numbers), direction="in")
    newest = dict(said.values_list("ticket").annotate(n=Max("pk")).order_by())
    return {
        pk: hashlib.sha1(repr((facts, newest.get(pk))).encode(), usedforsecurity=False).hexdigest()
        for pk, *facts in rows
    }


def forget_old_runs() -> None:
    """Drop what rules did long ago, some thousand at a time."""
    old = RuleRun.objects.filter(at__lt=clock.now() - KEPT).order_by("pk").values("pk")
    while RuleRun.objects.filter(pk__in=old[:_FORGOTTEN_AT_ONCE]).delete()[0]:
        continue


# ----------------------------------------------------------------------------- one run


@transaction.atomic
def _run(ready: Ready, number: int, event: Event | None) -> bool:
    """Run a rule for a ticket, unless it does not hold any more or has run; whether it did."""
    ticket = locked(Ticket(pk=number))
    rule = ready.rule
    if not ready.among([number]) or _too_often(rule, number):
        return False
    if event is None:
        done = RuleRun.objects.filter(rule=rule, ticket=number, event=None, state=states_of([number])[number])
        if done.exists():
            return False
        run = RuleRun.objects.create(rule=rule, ticket=ticket, condition=rule.condition)
    else:
        run, new = RuleRun.objects.get_or_create(
            rule=rule, event=event, defaults={"ticket": ticket, "condition": rule.condition}
        )
        if not new:
            return False
    led = [*(led_by(event) if event else []), rule.pk]
    with happenings.because(rules=led, rule_name=rule.name):
        run.outcome = [_do(ticket, action, run, index) for index, action in enumerate(rule.actions)]
        _tell(run, ticket)
    run.failed = any(each["ok"] is False for each in run.outcome)
    run.state = "" if event else states_of([number])[number]
    run.save(update_fields=["outcome", "failed", "state"])
    return True


def _too_often(rule: Rule, ticket: int) -> bool:
    hour = clock.now() - timedelta(hours=1)
    return RuleRun.objects.filter(rule=rule, ticket=ticket, at__gt=hour).count() >= MOST_AN_HOUR


def _do(ticket: Ticket, action: Mapping[str, Any], run: RuleRun, index: int) -> dict[str, Any]:
    """Do one action. One that fails is noted, in English, and holds up no other."""
    noted = actions.noted(action)
    try:
        with translation.override("en"), transaction.atomic():
            actions.do(ticket, action, run, index)
    except (CannotAct, CannotAnswer, actions.Failed) as refused:
        with translation.override("en"):
            return {**noted, "ok": False, "said": str(refused.sentence)}
    except Exception as error:
        log.exception("rule %s, action %s", run.rule_id, index)
        return {**noted, "ok": False, "said": type(error).__name__}
    return {**noted, "ok": None if action["do"] == "webhook" else True}


def _tell(run: RuleRun, ticket: Ticket) -> None:
    """In the ticket's story stands what does not show there by itself."""
    quiet = [each for each in run.outcome if each["ok"] is False or not actions.ACTIONS[each["do"]].told]
    if quiet:
        happenings.record("rule_ran", ticket=ticket, rule=run.rule_id, run=run.pk, did=quiet)
