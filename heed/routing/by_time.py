"""Running the rules that look at time, every minute.

A rule may fit very many tickets, and has run for nearly all of them. So it looks first at those for which it
never ran and at those to which something has happened since it looked last. Beside that it walks through all
of them, a part at a time: whatever else changed how a ticket stands is found, too.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from heed.inbox.models import Event, Ticket
from heed.inbox.search.lexicon import CROWDED
from heed.lib import clock
from heed.routing.holding import Ready, Words
from heed.routing.models import Rule, RuleRun
from heed.routing.rules import failed, made_ready, not_run_yet, passed, run_together

AT_ONCE = 500
"""Tickets a rule runs for in one go."""
MOST = 2000
"""Tickets found by looking first, each minute: with so many it is left at that."""
_OVERLAP = 5_000
"""So many events are looked at again: numbers are given before what they name is seen by others."""
_EVENTS_AT_ONCE = 5_000
_MOST_EVENTS = 300_000
_OLD = timedelta(days=60)


def run_by_time() -> int:
    """Run the rules that look at time; returns how often one ran. One that fails holds up no other."""
    ran = 0
    handled = Q(pk__in=[])
    newest = Event.objects.aggregate(n=Max("pk"))["n"] or 0
    for rule in Rule.objects.filter(on=True, when__contains=[Rule.TIME]):
        ready = made_ready(rule)
        if ready is None:
            continue
        try:
            fits = in_time(ready).exclude(handled)
            ran += _look_first(ready, fits, newest) + _walk(ready, fits)
            passed(rule)
        except OperationalError:
            raise
        except Exception:
            failed(rule)
            continue
        if rule.stop:
            handled |= Q(pk__in=ready.tickets.values("pk")) & ~Q(pk__in=_wrongly_found(ready))
    return ran


def _wrongly_found(ready: Ready) -> set[int]:
    """The long talks in which the database finds a phrase that is not there, or none where there is one."""
    if not ready.condition.guessed:
        return set()
    crowded = in_time(ready).filter(worded__words__fit=f"'{CROWDED}'")
    found = set(crowded.values_list("pk", flat=True))
    return found - ready.among(found, Words())


def _look_first(ready: Ready, fits: QuerySet[Ticket], newest: int) -> int:
    """Run for those for which the rule never ran, the newest first, and those that something happened to."""
    runs = RuleRun.objects.filter(rule=ready.rule, ticket=OuterRef("pk"), event=None)
    untouched = fits.filter(~Exists(runs)).order_by("-pk").values_list("pk", flat=True)
    new = list(untouched[:MOST])
    changed, seen = _changed(ready.rule, fits, newest, MOST - len(new))
    wanted = list(dict.fromkeys([*new, *changed]))
    ran = sum(_run(ready, wanted[start : start + AT_ONCE]) for start in range(0, len(wanted), AT_ONCE))
    if seen != ready.rule.seen:
        Rule.objects.filter(pk=ready.rule.pk).update(seen=seen)
    return ran


def _changed(rule: Rule, fits: QuerySet[Ticket], newest: int, most: int) -> tuple[list[int], int]:
    """Those to which something happened since the rule looked last, and how far up the events that was looked
    at: it is left at about so many, but some events are always gone on."""
    found: dict[int, None] = {}
    seen = max(rule.seen - _OVERLAP, newest - _MOST_EVENTS, 0)
    while seen < newest and (seen <= rule.seen or len(found) < most):
        upto = min(seen + _EVENTS_AT_ONCE, newest)
        happened = Event.objects.filter(pk__gt=seen, pk__lte=upto).values("ticket")
        found |= dict.fromkeys(not_run_yet(rule, fits.filter(pk__in=happened).values_list("pk", flat=True)))
        seen = upto
    return list(found), seen


def _walk(ready: Ready, fits: QuerySet[Ticket]) -> int:
    """Go on through all it fits where it stood before, and begin anew at the end."""
    some = fits.filter(pk__gt=ready.rule.cursor).order_by("pk").values_list("pk", flat=True)
    numbers = list(some[:AT_ONCE])
    ran = _run(ready, not_run_yet(ready.rule, numbers))
    cursor = numbers[-1] if len(numbers) == AT_ONCE else 0
    if cursor != ready.rule.cursor:
        Rule.objects.filter(pk=ready.rule.pk).update(cursor=cursor)
    return ran


def _run(ready: Ready, numbers: list[int]) -> int:
    return run_together(ready, dict.fromkeys(numbers), Words())


def in_time(ready: Ready) -> QuerySet[Ticket]:
    """What a rule by time looks at: work that is not done, and what was solved lately where it asks so."""
    done = ready.condition.asks("is", "solved") or ready.condition.asks("status", "solved")
    if done or ready.condition.asks("solved"):
        return ready.tickets.filter(~Q(status="solved") | Q(last_at__gt=clock.now() - _OLD))
    return ready.tickets.exclude(status="solved")
