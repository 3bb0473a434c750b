"""What the log of one ticket says of another's matter, too: split off, and put back.

Figures are counted from the log, so what was decided about the messages stands in the log of the ticket they
are in, at the times when it was decided. Nothing follows from a copy; it has happened already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from heed.inbox.models import Event, Message, Split, Ticket
from heed.inbox.verbs.apart import DECIDED, again, key, steps_of


def tell_again(source: Ticket, new: Ticket, chosen: Sequence[Message]) -> None:
    """Tell of a split-off matter who has it, whose it was, and what was decided about its messages."""
    log = sorted(source.events.filter(kind__in=("assigned", "team_changed")), key=key)
    assigned = [each for each in log if each.kind == "assigned"]
    teams = [each for each in log if each.kind == "team_changed"]
    told = [again(each, new) for each in (*assigned[-1:], *teams)]
    numbers = {each.pk for each in chosen}
    answers = [each for each in _decided(source, chosen) if each.message_id not in numbers]
    told += [again(each, new, _ANSWERS[each.kind]) for each in answers if each.at >= new.opened_at]
    Event.objects.bulk_create(told)


def _decided(source: Ticket, chosen: Sequence[Message]) -> list[Event]:
    """What was decided where these stood: what came in with another ticket stood there until then."""
    homes = {each.home_id for each in chosen}
    home = homes.pop() if len(homes) == 1 else None
    steps = dict(steps_of(home)) if home is not None else {}
    here = Q(ticket=source)
    if home is not None and source.pk in steps:
        here = Q(ticket=home)
        for ticket, since in steps.items():
            here |= Q(ticket=ticket, pk__gt=since)
    return sorted(Event.objects.filter(here, kind__in=_ANSWERS), key=key)


_ANSWERS = {kind: kind for kind in DECIDED} | {"answered_outside": "answered_marked"}
"""What ended or began a waiting, and as what it stands in the log of a ticket that has no answer."""


_WORK = (*DECIDED, "answered_outside", "answer_queued", "status_changed", "marked_spam")
_WORK_THERE = (*_WORK, "message_received", "merged")
"""What makes two matters of a split: after one of these each has waits and clocks of its own."""


def worked_on_apart(record: Split) -> bool:
    """Whether anything was done with a split-off matter, or with the one it was split off, since it was."""
    since = Event.objects.filter(ticket=record.source_id, kind="split", data__number=record.ticket_id)
    step = since.order_by("-id").values_list("pk", flat=True).first()
    here = Q(ticket=record.source_id, kind__in=_WORK) | Q(ticket=record.ticket_id, kind__in=_WORK_THERE)
    return Event.objects.filter(here, pk__gt=step or 0).exclude(data__has_key="of").exists()


def tell_back(new: Ticket, end: Ticket, since: datetime) -> None:
    """Where messages of a merged ticket were split off, tell the ticket to which they go back how their
    waiting ended, or that it goes on: whoever takes that merge apart is told of it from there."""
    if not Message.objects.filter(ticket=new, home__isnull=False).exists():
        return
    decided = Event.objects.filter(kind__in=DECIDED, at__gte=since)
    if new.unanswered and not end.unanswered:
        last = decided.filter(ticket=end, kind="answered_marked").order_by("at", "pk").last()
        told = [again(last, end, "unanswered_marked")] if last is not None else []
        for each in told:
            each.at += timedelta(microseconds=1)  # after it
    elif end.unanswered or new.unanswered:
        told = []
    else:
        marked = decided.filter(ticket=new, kind="answered_marked").order_by("at", "pk").last()
        told = [again(marked, end)] if marked is not None else []
    Event.objects.bulk_create(told)
