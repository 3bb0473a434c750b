"""Rules, and what each of them did."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from heed.inbox.models import Event, Ticket
from heed.lib import clock


class Rule(models.Model):
    """When something happens or time passes, if a condition holds, then these actions, in order."""

    TIME: ClassVar = "time"

    name = models.CharField(max_length=80)
    position = models.IntegerField(default=0)
    """Rules run in this order."""
    on = models.BooleanField(default=False)
    when = ArrayField(models.CharField(max_length=20), default=list)
    """Kinds of events, or "time"."""
    condition = models.TextField(blank=True)
    """In the condition language; empty: every ticket."""
    actions = models.JSONField(default=list)
    """Records with `do` and what that action needs (see `routing/actions.py`)."""
    stop = models.BooleanField(default=False)
    """Where it holds, the rules after it do not run."""
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)
    problem = models.CharField(max_length=300, blank=True)
    """Why it cannot run any more, such as a word in its condition that means nothing now."""
    cursor = models.BigIntegerField(default=0)
    """How far the job has come that walks through tickets as time passes."""
    seen = models.BigIntegerField(default=0)
    """The newest event when that job looked last at what had changed."""

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class RuleRun(models.Model):
    """What a rule did to a ticket once."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="runs", db_index=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="rule_runs", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, blank=True)
    """What set it off; empty where it was the time."""
    state = models.CharField(max_length=64, blank=True)
    """Of a run by time: how the ticket stood after it. While it stands so, the rule leaves it alone."""
    at = models.DateTimeField(default=clock.now)
    condition = models.TextField(blank=True)
    """The condition as it was then."""
    outcome = models.JSONField(default=list)
    """For each action what it did (`said`), and whether it worked (`ok`, empty while it is under way)."""
    failed = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "rule", "event", condition=Q(event__isnull=False), name="one_run_an_event"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["rule", "-at", "-id"], name="run_of_rule"),
            models.Index(fields=["ticket", "-at"], name="run_of_ticket"),
            models.Index("at", name="run_at"),
        ]
