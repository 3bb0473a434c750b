"""What the log of one ticket says of another's matter, too: split off, and put back.

Figures are counted from the log, so what was decided about the messages stands in the log of the ticket they
are in, at the times when it was decided. Nothing follows from a copy; it has happened already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from heed.inbox.models import Event, Message, Ticket
from heed.inbox.verbs.apart import DECIDED, again, key


def tell_again(source: Ticket, new: Ticket, chosen: Sequence[Message]) -> None:
    """Tell of a split-off matter who has it, whose it was, and what was decided about its messages."""
    log = sorted(source.events.filter(kind__in=("assigned", "team_changed", *_ANSWERS)), key=key)
    assigned = [each for each in log if each.kind == "assigned"]
    teams = [each for each in log if each.kind == "team_changed"]
    told = [again(each, new) for each in (*assigned[-1:], *teams)]
    numbers = {each.pk for each in chosen}
    answers = [each for each in log if each.kind in _ANSWERS and each.message_id not in numbers]
    told += [again(each, new, _ANSWERS[each.kind]) for each in answers if each.at >= new.opened_at]
    Event.objects.bulk_create(told)


_ANSWERS = {kind: kind for kind in DECIDED} | {"answered_outside": "answered_marked"}
"""What ended or began a waiting, and as what it stands in the log of a ticket that has no answer."""


def tell_back(new: Ticket, end: Ticket, since: datetime) -> None:
    """Tell the ticket to which a matter goes back how that one's waiting ended, or that it goes on."""
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
