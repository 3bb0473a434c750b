"""What a desk sets up for its tickets: tags, own fields, views; and what it tells its people."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from heed.accounts.models import Team
from heed.channels.models import Account
from heed.inbox.models.messages import Message
from heed.inbox.models.tickets import Ticket
from heed.lib import clock


class Tag(models.Model):
    """A word to sort tickets by. Tickets carry the name itself."""

    name = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Field(models.Model):
    """A question the company asks of every ticket, with a typed answer."""

    class Kind(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        CHOICE = "choice"
        YES_NO = "yes_no"
        DATE = "date"

    key = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    required_on_solve = models.BooleanField(default=False)
    position = models.IntegerField(default=0)
    archived = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.title


class SavedView(models.Model):
    """A condition kept under a name: one's own, a team's, or everybody's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(max_length=60)
    condition = models.TextField()
    """In the condition language."""
    order = models.CharField(max_length=10, default="newest")
    shared = models.BooleanField(default=False)
    """With the team, or without one with everybody."""
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("owner", "name", name="one_view_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """Something one person should know: they were mentioned, given a ticket, reminded."""

    class Kind(models.TextChoices):
        MENTIONED = "mentioned"
        ASSIGNED = "assigned"
        FOLLOW_UP = "follow_up"
        DUE = "due"
        RULE = "rule"
        FAILED = "failed"
        """One's answer did not arrive."""
        UNKNOWN = "unknown"
        """Nobody knows whether it did."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    text = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index("user", "kind", condition=Q(seen_at=None), name="notice_unseen"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "user",
                "kind",
                "message",
                condition=Q(message__isnull=False),
                name="one_notice_of_a_message",
            ),
        ]


class FollowUpQuestion(models.Model):
    """What an account asks some days after a matter was solved: whether it really is."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="follow_up_question")
    after_days = models.PositiveSmallIntegerField(default=3)
    text = models.TextField()
    texts = models.JSONField(default=dict, db_default={}, blank=True)
    """The same in other languages, by ISO 639-1 code."""
    rates = models.BooleanField(default=False, db_default=False)
    """Whether the customer is offered two choices to tap, good and bad, where the network has them."""
