"""What was done to many tickets at once, and what each of them had before."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from heed.inbox.models.tickets import Ticket
from heed.lib import clock


class Sweep(models.Model):
    """One deed on many tickets, done by the worker; it can be taken back."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        UNDOING = "undoing"
        UNDONE = "undone"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sweeps")
    deed = models.CharField(max_length=12)
    """What is done: a key of `heed.inbox.verbs.many.DEEDS`."""
    value = models.CharField(max_length=60, blank=True)
    """With what: a person, a team, a status, a tag, a time …"""
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    """These were so already."""
    refused = models.IntegerField(default=0)
    """On these the person may not do it, or it cannot be done."""
    taken_back = models.IntegerField(default=0)
    kept = models.IntegerField(default=0)
    """Somebody changed these since: they were left as they are."""
    created_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    @property
    def running(self) -> bool:
        return self.state in (self.State.WAITING, self.State.UNDOING)


class Swept(models.Model):
    """A ticket of a sweep, and what it had before and after."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CHANGED = "changed"
        UNCHANGED = "unchanged"
        REFUSED = "refused"
        TAKEN_BACK = "taken_back"
        KEPT = "kept"

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="tickets", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    event = models.BigIntegerField(default=0)
    """The last event of the ticket when it was done: whatever has a higher number came since."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("sweep", "ticket", name="one_ticket_of_a_sweep")]
