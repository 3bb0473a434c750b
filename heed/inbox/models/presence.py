"""Who is at a ticket right now."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from heed.inbox.models.tickets import Ticket


class Presence(models.Model):
    """Somebody has a ticket open, or is writing there. Nobody is told of it any more after `until`; the table
    is not logged, because nobody misses it after a crash."""

    class Doing(models.TextChoices):
        LOOKING = "looking"
        TYPING = "typing"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_constraint=False)
    doing = models.CharField(max_length=8, choices=Doing.choices)
    until = models.DateTimeField()
    since = models.DateTimeField(null=True, blank=True)
    """Since when they have been at work there; empty while they only have it open."""
    active_at = models.DateTimeField(null=True, blank=True)
    """When they last did something there."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("ticket", "user", name="one_presence")]
