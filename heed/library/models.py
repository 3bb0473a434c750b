"""What a team writes down once: quick texts and guidelines."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from heed.accounts.models import Brand, Team
from heed.lib import clock


class QuickText(models.Model):
    """A text one writes often: somebody's own, a team's, or without both everybody's."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="quick_texts"
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=40)
    """What is typed after the slash: lower case, without spaces."""
    title = models.CharField(max_length=120)
    text = models.TextField()
    """With placeholders like {first_name}; see `filling`."""
    language = models.CharField(max_length=8, blank=True)
    """ISO 639; empty where it fits any language."""
    used = models.PositiveIntegerField(default=0)
    """How often it was put into an answer."""
    created_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "owner", "team", "name", "language", nulls_distinct=False, name="one_quick_text_of_a_name"
            ),
            models.CheckConstraint(
                condition=Q(owner=None) | Q(team=None), name="quick_text_is_somebodys_or_shared"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shared(self) -> bool:
        return self.owner_id is None


class Guideline(models.Model):
    """How the team works, in plain text with headings: for one team, account or brand, or for the desk."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True)
    account = models.BigIntegerField(null=True, blank=True)
    """The id of a connected account. Accounts live in the room beside; this goes with it."""
    text = models.TextField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "team", "brand", "account", nulls_distinct=False, name="one_guideline_a_place"
            ),
            models.CheckConstraint(
                condition=Q(brand=None, team=None) | Q(brand=None, account=None) | Q(team=None, account=None),
                name="one_place_a_guideline",
            ),
        ]

    def __str__(self) -> str:
        return f"guideline {self.pk}"
