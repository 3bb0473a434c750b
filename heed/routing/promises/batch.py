"""Many tickets at once: whose promises may have changed, and bringing them up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from heed.inbox.models import Event, Ticket
from heed.inbox.statements import among
from heed.lib import clock
from heed.routing import desk_hours, targets
from heed.routing.promises import clocks
from heed.routing.promises.matters import locked_matters
from heed.routing.promises.telling import AT_ONCE
from heed.routing.promises.thread import said_of
from heed.routing.promises.work import Work


def keep_promises(batch: Sequence[Event]) -> None:
    """The reaction: something happened that may begin, end, pause or move a promise."""
    at: dict[int, datetime] = {}
    for event in _that_matter(batch):
        off = event.facts["number"] if event.kind == "split" else None  # it waits on its own from now on
        for ticket in (event.ticket_id, off):
            if ticket is not None:
                at[ticket] = max(event.at, at.get(ticket, event.at))
    if not at:
        return
    regrouped = {event.ticket_id: event.at for event in batch if "group" in event.data}
    if regrouped:
        others = Ticket.objects.filter(customer__tickets__in=among(regrouped))
        others = others.exclude(status=Ticket.Status.SOLVED)
        now = max(regrouped.values())
        at = {**dict.fromkeys(others.values_list("pk", flat=True)[:AT_ONCE], now), **at}
    poured = Ticket.objects.filter(merged_into__in=among(at)).values_list("pk", "merged_into_id")
    at.update({pk: at[into] for pk, into in poured if into is not None})
    keep(at)


def _that_matter(batch: Sequence[Event]) -> Iterable[Event]:
    """Another priority or team moves a promise only where a policy, or the hours of a team, ask for it."""
    kinds = {each.kind for each in batch}
    if kinds.isdisjoint({"priority_changed", "team_changed"}):
        return batch
    found, desk = targets.policies(), desk_hours.read()
    matters = {
        "priority_changed": any(each.priorities for each in found),
        "team_changed": any(each.teams for each in found) or any(each.team for each in desk.places),
    }
    return [each for each in batch if matters.get(each.kind, True)]


@transaction.atomic
def keep(at: Mapping[int, datetime]) -> None:
    """Bring the promises of these tickets up to date, each as of a time."""
    found = targets.policies()
    if not found and not clocks.any_runs(at):
        return
    tickets = locked_matters(at)
    desk = desk_hours.read()
    running = clocks.running_of([each.pk for each in tickets], found, desk)
    said = said_of([each.pk for each in tickets], running)
    over, brought = clocks.over(said, found, desk), {}
    if any(each.holds_others for each in said.values()):
        brought = clocks.brought(said, found, desk)
    parted = [pk for pk, each in said.items() if each.parted]
    work = Work(found, desk, over, brought, parted)
    for ticket in tickets:
        work.bring_up_to_date(ticket, running[ticket.pk], said[ticket.pk], at[ticket.pk])
    work.write()


def open_tickets(after: int) -> list[int]:
    """The next tickets whose promises may have changed because policies or hours did."""
    rows = Ticket.objects.filter(pk__gt=after).exclude(status=Ticket.Status.SOLVED)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def keep_all(tickets: Collection[int]) -> None:
    """Bring the promises of tickets up to date as of now."""
    now = clock.now()
    keep(dict.fromkeys(tickets, now))
