"""Running the rules: when something happened, and as time passes.

A rule runs once for an event, and as time passes once while a ticket stands as it does. What a rule causes
carries the rules that led to it: none of them is set off by it again, and after so many steps none at all.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from django.db import OperationalError, transaction
from django.db.models import Count, Max, Q
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from heed.inbox import events as happenings
from heed.inbox.conditions import BadCondition
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.statements import among, cleaned, columns, run
from heed.lib import clock
from heed.routing import actions
from heed.routing.holding import Ready, Words, understood
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
KEPT = timedelta(days=90)
"""How long it is kept what rules did."""
_FORGOTTEN_AT_ONCE = 5000


# ----------------------------------------------------------------------------- when something happened


def run_rules(events: Sequence[Event]) -> None:
    """The reaction to everything that may set a rule off."""
    rules = list(Rule.objects.filter(on=True, when__overlap=list({each.kind for each in events})))
    wanted = _not_by_itself(events) if rules else []
    if not wanted:
        return
    stopped: set[int] = set()
    words = Words()
    for rule in rules:
        mine = [each for each in wanted if each.pk not in stopped and _sets_off(rule, each)]
        ready = made_ready(rule) if mine else None
        if ready is not None:
            held = _run_apart(ready, mine, words)
            stopped |= held if rule.stop else set()


def _run_apart(ready: Ready, events: Sequence[Event], words: Words) -> set[int]:
    """Run a rule for these events; returns those for which it holds. What fails is tried event by event, and
    holds up no other rule."""
    held = _tried(ready, events, words)
    if held is not None:
        passed(ready.rule)
        return held
    apart = events if len(events) > 1 else ()
    return {number for each in apart for number in _tried(ready, [each], words) or ()}


def _tried(ready: Ready, events: Sequence[Event], words: Words) -> set[int] | None:
    try:
        with transaction.atomic():
            return _run_in_rounds(ready, events, words)
    except OperationalError:
        raise
    except Exception:
        failed(ready.rule)
        return None


def _run_in_rounds(ready: Ready, events: Sequence[Event], words: Words) -> set[int]:
    held, found = {each.ticket_id or 0 for each in events}, set()
    for some in _rounds(events):
        # what it does not hold for now it does not hold for in the next round: nothing is done to it
        held = _run_for(ready, {number: some[number] for number in some.keys() & held}, words)
        found |= {some[number].pk for number in held}
    return found


def _rounds(events: Iterable[Event]) -> list[dict[int, Event]]:
    """The events by their tickets: to which several things happened comes up in as many rounds, the first
    first."""
    rounds: list[dict[int, Event]] = []
    seen: Counter[int] = Counter()
    for each in events:
        number = each.ticket_id or 0
        if seen[number] == len(rounds):
            rounds.append({})
        rounds[seen[number]][number] = each
        seen[number] += 1
    return rounds


def _run_for(ready: Ready, mine: Mapping[int, Event], words: Words) -> set[int]:
    """Run a rule for the tickets of these events; returns those for which it holds."""
    if not mine:
        return set()
    ran = RuleRun.objects.filter(rule=ready.rule, event__in=among(each.pk for each in mine.values()))
    before = set(ran.values_list("ticket", flat=True))
    held = ready.among(mine.keys() - before, words)
    run_together(ready, {number: mine[number] for number in sorted(held)}, words)
    return held | before


KINDS_AWAITED = 'SELECT DISTINCT unnest("when") FROM routing_rule WHERE "on"'
"""The query of the kinds of events that set a rule off now."""


def _not_by_itself(events: Iterable[Event]) -> list[Event]:
    """Without those about a message that Heed itself wrote, which never sets a rule off, and without the end
    of a chain of rules."""
    found = [each for each in events if each.ticket_id and len(led_by(each)) < MOST_STEPS]
    ours = {pk for (pk,) in run(_WRITTEN_BY_HEED, [each.message_id for each in found if each.message_id])}
    return [each for each in found if each.message_id not in ours]


_WRITTEN_BY_HEED = "SELECT id FROM inbox_message WHERE id = ANY(%s) AND origin <> ''"


def _sets_off(rule: Rule, event: Event) -> bool:
    return event.kind in rule.when and rule.pk not in led_by(event)


def led_by(event: Event) -> list[int]:
    """The rules that led to an event, the first one first."""
    led = event.data.get("rules")
    return [int(each) for each in led] if isinstance(led, list) else []


def made_ready(rule: Rule) -> Ready | None:
    """The rule with its condition understood; None where that cannot be: the rule says why."""
    try:
        with translation.override("en"):
            condition, test = understood(rule.condition, clock.now())
    except BadCondition as bad:
        _set_problem(rule, bad.sentence)
        return None
    if rule.problem != _FAILED:  # that it failed stands until it ran well
        _set_problem(rule, "")
    return Ready(rule, condition, test)


def failed(rule: Rule) -> None:
    """Say on a rule that it failed, and in the log, how: called where that is caught."""
    log.exception("rule %s fails", rule.pk)
    _set_problem(rule, _FAILED)


def passed(rule: Rule) -> None:
    """It ran, whatever it did: nothing is wrong with it any more."""
    _set_problem(rule, "")


_FAILED = gettext_noop("It failed when it ran last. Heed's log says how.")


def problem_of(rule: Rule) -> str:
    """Why a rule cannot run as it stands now, in the reader's language; empty where it can. It need not have
    tried: what its condition names may have gone since."""
    try:
        understood(rule.condition, clock.now())
    except BadCondition as bad:
        return bad.sentence
    return said_to_reader(rule.problem) if rule.problem == _FAILED else ""


def not_done_any_more(rule: Rule) -> list[str]:
    """What of a rule is not done any more, for it names somebody or something that is gone, and why. All else
    it goes on doing."""
    gone = ((actions.tell(each), actions.gone(each)) for each in rule.actions)
    return [f"{deed}: {why}" for deed, why in gone if why]


def said_to_reader(sentence: object) -> str:
    """A sentence that was kept in English, in the reader's language where there are words for it."""
    return gettext(str(sentence)) if sentence else ""


def _set_problem(rule: Rule, sentence: str) -> None:
    if rule.pk and rule.problem != sentence[:300]:
        rule.problem = sentence[:300]
        Rule.objects.filter(pk=rule.pk).update(problem=rule.problem)


# ----------------------------------------------------------------------------- how tickets stand


def not_run_yet(rule: Rule, numbers: Iterable[int]) -> list[int]:
    """Those of the tickets that do not stand as they did after this rule ran."""
    states = states_of(numbers)
    known = RuleRun.objects.filter(rule=rule, ticket__in=among(states), event=None)
    before = set(known.values_list("ticket", "state"))
    return sorted(pk for pk, state in states.items() if (pk, state) not in before)


def states_of(numbers: Iterable[int]) -> dict[int, str]:
    """How each ticket stands, as far as that lets a rule by time run anew: its status, whether and since when
    it waits, what is due, what the customer said last."""
    wanted = among(numbers)
    tickets = Ticket.objects.filter(pk__in=wanted)
    rows = tickets.values_list("pk", "status", "unanswered", "waiting_since", "due_at")
    said = Message.objects.filter(ticket__in=wanted, direction="in")
    newest = dict(said.values_list("ticket").annotate(n=Max("pk")).order_by())
    return {
        pk: hashlib.sha1(repr((facts, newest.get(pk))).encode(), usedforsecurity=False).hexdigest()
        for pk, *facts in rows
    }


def forget_old_runs() -> None:
    """Drop what rules did long ago, some thousand at a time. What keeps a rule by time from running again, as
    the ticket still stands as it did, stays until that is solved."""
    needed = Q(event=None) & ~Q(ticket__status=Ticket.Status.SOLVED)
    old = RuleRun.objects.filter(at__lt=clock.now() - KEPT).exclude(needed).order_by("pk").values("pk")
    while RuleRun.objects.filter(pk__in=old[:_FORGOTTEN_AT_ONCE]).delete()[0]:
        continue


# ----------------------------------------------------------------------------- the runs


def run_together(ready: Ready, mine: Mapping[int, Event | None], words: Words) -> int:
    """Run a rule for these tickets, each with the event that set it off, where one did; returns for how many
    it did. What cannot be done together is done one by one."""
    if not mine:
        return 0
    try:
        return _run(ready, mine, words)
    except OperationalError:
        raise
    except Exception:
        if len(mine) == 1:
            raise
        log.exception("rule %s cannot run for %s tickets together: one by one", ready.rule.pk, len(mine))
    return sum(_run(ready, {number: event}, words) for number, event in mine.items())


@transaction.atomic
def _run(ready: Ready, mine: Mapping[int, Event | None], words: Words) -> int:
    """Run a rule, except for tickets for which it does not hold any more, or has run."""
    with happenings.told_together():
        runs = _begun(ready, mine, words)
        for led, some in _by_what_led(runs).items():
            with happenings.because(rules=[*led, ready.rule.pk], rule_name=ready.rule.name):
                for index, action in enumerate(ready.rule.actions):
                    _do(some, action, index)
                _tell(some)
        _end(runs, by_time=None in mine.values())
    words.forget(each.ticket_id for each in runs)
    return len(runs)


def _begun(ready: Ready, mine: Mapping[int, Event | None], words: Words) -> list[RuleRun]:
    """A run for each ticket, which is locked: now it is certain whether there is anything to do."""
    rule = ready.rule
    locked = Ticket.objects.select_for_update().filter(pk__in=among(mine)).order_by("pk")
    numbers = ready.among(list(locked.values_list("pk", flat=True)), words)
    numbers -= _too_often(rule, numbers)
    by_time = {pk for pk in numbers if mine[pk] is None}
    if by_time:
        numbers -= by_time - set(not_run_yet(rule, by_time))
    if not numbers:
        return []
    events = {number: mine[number] for number in sorted(numbers)}
    made = run(
        _BEGIN,
        *(rule.pk, clock.now(), rule.condition),
        *([*events], [each.pk if each else None for each in events.values()]),
    )
    return [
        RuleRun(pk=pk, rule=rule, ticket_id=ticket, event=mine[ticket], outcome=[])
        for pk, ticket in sorted(made, key=lambda row: row[1])
    ]


_BEGIN = """
INSERT INTO routing_rulerun (rule_id, at, condition, ticket_id, event_id, state, outcome, failed)
SELECT %s, %s, %s, ticket, event, '', '[]', false
FROM unnest(%s::bigint[], %s::bigint[]) AS new (ticket, event)
ON CONFLICT DO NOTHING RETURNING id, ticket_id
"""


def _by_what_led(runs: Iterable[RuleRun]) -> dict[tuple[int, ...], list[RuleRun]]:
    found: dict[tuple[int, ...], list[RuleRun]] = defaultdict(list)
    for each in runs:
        found[tuple(led_by(each.event)) if each.event else ()].append(each)
    return found


def _too_often(rule: Rule, tickets: Iterable[int]) -> set[int]:
    hour = clock.now() - timedelta(hours=1)
    rows = RuleRun.objects.filter(rule=rule, ticket__in=among(tickets), at__gt=hour).values_list("ticket")
    often = rows.annotate(n=Count("pk")).filter(n__gte=MOST_AN_HOUR).order_by()
    return {ticket for ticket, _n in often}


def _do(runs: Sequence[RuleRun], action: Mapping[str, Any], index: int) -> None:
    """Do one action to all tickets. Where it fails that is noted, in English, and holds up no other."""
    noted = actions.noted(action)
    said = _said(runs, action, index)
    for each in runs:
        if each.ticket_id in said:
            each.outcome.append({**noted, "ok": False, "said": said[each.ticket_id]})
        else:
            each.outcome.append({**noted, "ok": None if action["do"] == "webhook" else True})


def _said(runs: Sequence[RuleRun], action: Mapping[str, Any], index: int) -> dict[int, str]:
    """What the tickets say to which it could not be done. What fails for all together is done one by one."""
    try:
        with translation.override("en"), transaction.atomic():
            return {number: str(why) for number, why in actions.do(runs, action, index).items()}
    except OperationalError:
        raise
    except Exception as error:
        if len(runs) == 1:
            log.exception("rule %s, action %s", runs[0].rule_id, index)
            return {runs[0].ticket_id: type(error).__name__}
        log.info("action %s of rule %s: one by one (%s)", index, runs[0].rule_id, type(error).__name__)
    return {number: why for each in runs for number, why in _said([each], action, index).items()}


def _tell(runs: Iterable[RuleRun]) -> None:
    """In the tickets' stories stands what does not show there by itself."""
    quiet = {each: [deed for deed in each.outcome if _is_quiet(deed)] for each in runs}
    told = {each: deeds for each, deeds in quiet.items() if deeds}
    if told:
        tickets = Ticket.objects.only("account_id").in_bulk([each.ticket_id for each in told])
        happenings.record_many(
            "rule_ran",
            [
                (tickets[each.ticket_id], {"rule": each.rule_id, "run": each.pk, "did": deeds})
                for each, deeds in told.items()
            ],
        )


def _is_quiet(deed: Mapping[str, Any]) -> bool:
    return deed["ok"] is False or not actions.ACTIONS[deed["do"]].told


def _end(runs: Sequence[RuleRun], *, by_time: bool) -> None:
    states = states_of([each.ticket_id for each in runs]) if by_time else {}
    rows = [
        (
            each.pk,
            orjson.dumps(cleaned(each.outcome)).decode(),
            any(deed["ok"] is False for deed in each.outcome),
            states.get(each.ticket_id, ""),
        )
        for each in runs
    ]
    if rows:
        run(_END, *columns(rows))


_END = """
UPDATE routing_rulerun AS r SET outcome = new.outcome, failed = new.failed, state = new.state
FROM unnest(%s::bigint[], %s::jsonb[], %s::bool[], %s::text[]) AS new (id, outcome, failed, state)
WHERE r.id = new.id
"""
