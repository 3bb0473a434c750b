"""What was merged, split and joined, kept so that it can be undone at any time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from heed.inbox.models.messages import Message
from heed.inbox.models.people import Customer
from heed.inbox.models.tickets import Ticket
from heed.lib import clock


def gone_on_in(ticket: int) -> list[int]:
    """The ticket and those that went on in it, however many steps away."""
    found, new = [ticket], [ticket]
    while new:
        new = list(Ticket.objects.filter(merged_into__in=new).values_list("pk", flat=True))
        found += new
    return found


def way_of(ticket: int) -> list[int]:
    """The ticket, the one it went on in, and so on; the last is where its messages are."""
    way = [ticket]
    while (to := Ticket.objects.values_list("merged_into", flat=True).get(pk=way[-1])) is not None:
        way.append(to)
    return way


def ways_of(tickets: Iterable[int]) -> dict[int, list[int]]:
    """The same of several, by the ticket that each begins with. It asks once a step, not once a ticket."""
    to: dict[int, int | None] = {}
    new = wanted = set(tickets)
    while new:
        to |= dict(Ticket.objects.filter(pk__in=new).values_list("pk", "merged_into"))
        new = {each for each in to.values() if each is not None} - to.keys()
    return {each: [*_steps(each, to)] for each in wanted}


def _steps(ticket: int | None, to: Mapping[int, int | None]) -> Iterator[int]:
    while ticket is not None:
        yield ticket
        ticket = to[ticket]


def homes_in(tickets: Iterable[int]) -> dict[int, set[int]]:
    """Where messages belong that came into some tickets with others; by the ticket they stand in."""
    homes: dict[int, set[int]] = {each: set() for each in tickets}
    rows = Message.objects.filter(ticket__in=homes, home__isnull=False)
    for ticket, home in rows.order_by().values_list("ticket", "home").distinct():
        homes[ticket].add(home)
    return homes


def joined_in(customer: int) -> list[int]:
    """The customer and those that turned out to be the same person, however many steps away."""
    found, new = [customer], [customer]
    while new:
        new = list(Customer.objects.filter(joined_into__in=new).values_list("pk", flat=True))
        found += new
    return found


class Merge(models.Model):
    """One ticket went on in another. Its row stays as it was; its messages remember where they belong."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="merges")
    into = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="took_in")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    kept = models.JSONField(default=dict)
    """The columns of the merged ticket that merging changed, as they were."""
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    """The columns of the ticket that took it in, before and after."""
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("ticket", condition=Q(undone_at=None), name="merged_once"),
        ]


class Split(models.Model):
    """Some messages of a ticket became one of their own."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="splits")
    """The new one."""
    source = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="gave_off")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    """The columns of the source, before and after."""
    undone_at = models.DateTimeField(null=True, blank=True)


class Joining(models.Model):
    """Two customers turned out to be one person."""

    kept = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="joinings")
    gone = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="was_joined")
    identities = models.JSONField(default=list)
    """Ids of the identities that came along."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("gone", condition=Q(undone_at=None), name="joined_once"),
        ]
