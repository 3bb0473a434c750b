"""What the networks sent, and the times in which we may have missed something."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from heed.channels.models import Account
from heed.lib import clock


class Delivery(models.Model):
    """What a network sent, byte for byte, written before it is acknowledged. The ledger."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        SET_ASIDE = "set_aside"
        NOT_UNDERSTOOD = "not_understood"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    at = models.DateTimeField(default=clock.now)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    problems = models.JSONField(default=list)
    """For each item set aside or not understood: `{"what": …, "error": …}`, and what is known of the field
    that does not fit (`channels.base.faults`)."""
    tries = models.IntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    owners = ArrayField(models.BigIntegerField(), null=True, blank=True)
    """The accounts it was about, where that is not just the one whose address it came to."""
    withheld = False
    """What came is not shown to whoever asked (`reach.deliveries`); never kept."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(state="pending"), name="delivery_pending"),
            models.Index(fields=["state", "-id"], condition=~Q(state="done"), name="delivery_odd"),
            # Costs an insert nothing worth naming, and finds the deliveries of some weeks.
            BrinIndex(fields=["at"], name="delivery_at", pages_per_range=32),
        ]

    @property
    def text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")


class Gap(models.Model):
    """A time in which we may have missed news of an account, and what could be had back."""

    class State(models.TextChoices):
        FILLING = "filling"
        FILLED = "filled"
        LOST = "lost"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="gaps")
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.FILLING)
    cursor = models.JSONField(default=dict)
    found = models.IntegerField(default=0)
    """How many deliveries were read after the fact."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["account", "-until"], name="gap_of_account")]
        constraints: ClassVar = [models.UniqueConstraint("account", "since", name="one_gap")]


class Heartbeat(models.Model):
    """When the doors last said that deliveries can be taken in. The first one to say so again after a
    longer silence notes from when it was, in the same statement; it stands until gaps are opened for it."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    silent_since = models.DateTimeField(null=True, blank=True)
