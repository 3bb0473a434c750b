"""What happened, and the reactions to it that failed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from heed.channels.models import Account
from heed.inbox.models.messages import Message
from heed.inbox.models.tickets import Ticket
from heed.lib import clock
from heed.lib.rows import Row

OF_PEOPLE = ["opened_by", "left_by", "assigned"]
"""The kinds of what people did that are found by their time: work is measured by them."""


class Event(Row):
    """One thing that happened, written in the transaction in which it happened."""

    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now)
    """When it happened: the network's time where it gives one."""
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False
    )
    ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="events", db_index=False
    )
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index("ticket", "at", "id", name="event_of_ticket"),
            models.Index("at", condition=Q(kind__in=OF_PEOPLE), name="event_of_work"),
            models.Index("actor", condition=Q(actor__isnull=False), name="event_of_actor"),
        ]

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.data)


class ReactionFailure(models.Model):
    """A reaction to an event that failed. It is retried and does not hold up the others."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE)
    reaction = models.CharField(max_length=120)
    error = models.CharField(max_length=500)
    tries = models.IntegerField(default=1)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("event", "reaction", name="one_failure")]
