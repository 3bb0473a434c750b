"""When the desk is open, what it promises by when, and what it says by itself."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from heed.accounts.models import Brand, Team
from heed.channels.models import Account
from heed.inbox.models import Identity, Message, Ticket
from heed.lib import clock


class Schedule(models.Model):
    """Opening hours under a name."""

    name = models.CharField(max_length=80, unique=True)
    archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Hours(models.Model):
    """What a schedule says from a moment on. Never changed: what was measured can be measured again."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="versions", db_index=False)
    since = models.DateTimeField(default=clock.now)
    zone = models.CharField(max_length=64)
    week = models.JSONField(default=list)
    """Seven lists, Monday first, of intervals `[opens, closes]` in minutes since midnight on the wall clock.
    One that closes no later than it opens goes on into the next day."""
    holidays = models.JSONField(default=list)
    """Records of name, day (`2026-12-25`, or `12-25` for every year) and spans; without spans closed."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["schedule", "since"], name="hours_of_schedule")]


class SchedulePlace(models.Model):
    """Where a schedule holds: for a team, an account, a brand, or for all that have none of their own."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="places")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    since = models.DateTimeField(default=clock.now)
    until = models.DateTimeField(null=True, blank=True)
    """It held until then; empty while it holds."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "team",
                "account",
                "brand",
                condition=Q(until=None),
                nulls_distinct=False,
                name="one_schedule_a_place",
            ),
            models.CheckConstraint(
                condition=Q(team=None, account=None) | Q(team=None, brand=None) | Q(account=None, brand=None),
                name="one_place_a_row",
            ),
        ]


class Policy(models.Model):
    """What is promised for some tickets. Of those that match, the first counts."""

    class Clock(models.TextChoices):
        BUSINESS = "business"
        ELAPSED = "elapsed"

    name = models.CharField(max_length=80)
    position = models.IntegerField(default=0)
    on = models.BooleanField(default=True)
    archived = models.BooleanField(default=False)
    """Kept for the promises made under it."""

    priorities = models.JSONField(default=list, blank=True)
    """The priorities it is for; empty: all."""
    groups = models.JSONField(default=list, blank=True)
    """The customer groups it is for; empty: all."""
    teams = models.JSONField(default=list, blank=True)
    accounts = models.JSONField(default=list, blank=True)
    brands = models.JSONField(default=list, blank=True)
    """Ids; empty: all."""

    first_reply = models.PositiveIntegerField(null=True, blank=True)
    next_reply = models.PositiveIntegerField(null=True, blank=True)
    resolution = models.PositiveIntegerField(null=True, blank=True)
    """Within how many seconds; empty: nothing is promised."""
    time = models.CharField(max_length=8, choices=Clock.choices, default=Clock.BUSINESS)
    warn_before = models.PositiveIntegerField(default=900)
    """How many seconds before the due time it is said that it is near."""
    pause_pending = models.BooleanField(default=True)
    pause_hold = models.BooleanField(default=True)
    pause_snoozed = models.BooleanField(default=False)
    """Whether the clock stands while a ticket is pending, on hold, asleep."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["position", "id"], name="policy_order")]

    def __str__(self) -> str:
        return self.name


class Promise(models.Model):
    """One thing promised for a ticket: since when it runs, when it is due, and how it ended."""

    class Target(models.TextChoices):
        FIRST_REPLY = "first_reply"
        NEXT_REPLY = "next_reply"
        RESOLUTION = "resolution"

    class End(models.TextChoices):
        KEPT = "kept"
        LATE = "late"
        DROPPED = "dropped"
        """No reply was needed, or nothing is promised any more."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="promises", db_index=False)
    target = models.CharField(max_length=12, choices=Target.choices)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="promises")
    hours = models.ForeignKey(Hours, on_delete=models.PROTECT, null=True, blank=True)
    """The hours its clock runs by; empty: all the time."""
    seconds = models.PositiveIntegerField()
    """How much time is promised."""
    since = models.DateTimeField()
    used = models.FloatField(default=0)
    """Seconds of the promise that had run when they were last counted,"""
    counted_at = models.DateTimeField()
    """which was then. A pause or a change of hours ends one stretch and begins another."""
    paused = models.BooleanField(default=False)
    due = models.DateTimeField(null=True, blank=True)
    """Empty while the clock stands, and where it never runs."""
    warn_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    """The due time that passed."""
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=8, choices=End.choices, blank=True, default="")
    by = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    """The answer that ended it."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "ticket", "target", condition=Q(ended_at=None), name="one_running_promise"
            ),
            models.UniqueConstraint("ticket", "target", "since", name="one_promise"),
        ]
        indexes: ClassVar = [
            models.Index(
                "due",
                condition=Q(ended_at=None, missed_at=None, due__isnull=False),
                name="promise_due",
            ),
            models.Index(
                "warn_at",
                condition=Q(ended_at=None, warned_at=None, missed_at=None, warn_at__isnull=False),
                name="promise_warn",
            ),
            models.Index("id", condition=Q(ended_at=None), name="promise_running"),
        ]


class AutomaticMessage(models.Model):
    """What is said by itself: outside the hours, to a first message, to somebody new."""

    class Kind(models.TextChoices):
        AWAY = "away"
        INSTANT = "instant"
        GREETING = "greeting"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="automatic_messages"
    )
    """Empty: for every account without one of its own."""
    on = models.BooleanField(default=True)
    texts = models.JSONField(default=dict)
    """The words by language (ISO 639-1)."""
    language = models.CharField(max_length=8, default="en")
    """The one for people whose language has no words here."""
    publicly = models.BooleanField(default=False)
    """Also under public comments; otherwise only in private talks."""
    again_after = models.PositiveIntegerField(default=12 * 3600)
    """Seconds in which the same person gets it at most once."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("kind", "account", nulls_distinct=False, name="one_automatic_message")
        ]


class AutomaticSent(models.Model):
    """That an automatic message was given to somebody."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=8, choices=AutomaticMessage.Kind.choices)
    at = models.DateTimeField(default=clock.now)
    to = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="automatic_reply")
    """The customer's message it answers: one gets one at most."""
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes: ClassVar = [models.Index("identity", "kind", "at", name="automatic_to_somebody")]
