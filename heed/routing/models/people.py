"""Who can do what and when, and how each team gets its tickets."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from heed.accounts.models import Team
from heed.channels.models import Account
from heed.lib import clock


class Skill(models.Model):
    """Something not everybody can do, such as repairs. Tickets with one of its tags need it."""

    name = models.CharField(max_length=60, unique=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """What a colleague can take: languages, skills, how much, and when they work. Somebody without one
    speaks every language, has no skill, no limit and no shift."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    """ISO 639-1 codes; empty: any."""
    skills = models.ManyToManyField(Skill, related_name="people", blank=True)
    capacity = models.PositiveIntegerField(default=0)
    """So many open tickets are given to them at most; 0: no limit."""
    zone = models.CharField(max_length=60, default="UTC")
    shifts = models.JSONField(default=dict, blank=True)
    """By weekday ("0" is Monday) the hours worked: [["09:00", "17:00"], …]; an end before its start is on
    the next day. Empty: always."""
    away_since = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(null=True, blank=True)
    """Away until then, or while this is empty until they come back themselves."""
    gives_back = models.BooleanField(default=True)
    """When the shift ends, what is unanswered goes back to the team."""
    handed_back_at = models.DateTimeField(null=True, blank=True)
    """The end of the shift for which that was done."""

    def __str__(self) -> str:
        return str(self.user)


class TeamRouting(models.Model):
    """How a team gets its tickets. A team without one: by pull."""

    class Way(models.TextChoices):
        HAND = "hand"
        PULL = "pull"
        TURNS = "turns"
        LEAST = "least"

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="routing", primary_key=True)
    way = models.CharField(max_length=6, choices=Way.choices, default=Way.PULL)
    same_language = models.BooleanField(default=True)
    """Only to somebody who speaks the customer's language, where both are known."""
    same_skill = models.BooleanField(default=True)
    """Only to somebody who has the skills that the ticket's tags ask for."""
    prefer_last = models.BooleanField(default=True)
    """First to whoever answered this customer last, if they are here and have room."""
    takes_back = models.BooleanField(default=True)
    """Unanswered tickets come back when their person goes away."""
    turns = models.BigIntegerField(default=0)
    """How many turns were given so far. Whoever gives one out locks this row."""


class Turn(models.Model):
    """When it was somebody's turn in a team: next is whose last turn is the longest ago."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="turns_given")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    turn = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("team", "user", name="one_turn")]


class AccountTeam(models.Model):
    """The team that new tickets of an account go to."""

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, related_name="goes_to", primary_key=True
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="accounts_from")
    since = models.DateTimeField(default=clock.now)
