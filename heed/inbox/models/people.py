"""Customers, and how each network knows them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from heed.channels.models import Account
from heed.lib import clock
from heed.lib.rows import Row

NAMELESS = re.compile(r"Customer (\w{1,6})")
"""What somebody is called of whom the network tells neither name nor handle, as it is kept. Real names may
look the same."""


class Customer(Row):
    """A person, however many identities they have."""

    name = models.CharField(max_length=255, blank=True)
    group = models.CharField(max_length=60, blank=True, default="", db_default="")
    """What kind of customer the company says this is, such as "wholesale"; targets may depend on it."""
    joined_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="joined"
    )
    """This is the same person as that one. The row stays, so that joining can be undone."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes: ClassVar = [models.Index("group", condition=~Q(group=""), name="customer_group")]

    def __str__(self) -> str:
        return self.name

    def regrouped(self, before: str) -> dict[str, Any]:
        """What the event tells, besides the new one, when their group changes: which it was, and for whom."""
        people = self.identities.order_by("id").values_list("pk", flat=True)
        return {"group_before": before, "identities": list(people)}


class Identity(Row):
    """A customer as one account's network knows them."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="identities", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    external_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True)
    handle = models.CharField(max_length=255, blank=True)
    avatar_url = models.TextField(blank=True)
    language = models.CharField(max_length=20, blank=True)
    blocked = models.BooleanField(default=False, db_default=False)
    """What they write is kept but wakes nobody."""
    reachable = models.BooleanField(default=True)
    reachable_at = models.DateTimeField(null=True, blank=True)
    """When the network said so; what it said earlier and comes later does not count."""
    described_at = models.DateTimeField(null=True, blank=True)
    """When the network said the name, handle, picture and language, as far as it told the time."""
    private_id = models.CharField(max_length=255, blank=True)
    """The id to write to privately, where it differs from the public one and was learned."""
    also_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    """A second id the network uses for this person: by it they are known again, too."""
    delivered_until = models.DateTimeField(null=True, blank=True)
    seen_until = models.DateTimeField(null=True, blank=True)
    looked_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", "external_id", name="one_identity"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "private_id"], condition=~Q(private_id=""), name="identity_private"
            ),
            models.Index(fields=["account", "also_id"], condition=~Q(also_id=""), name="identity_also"),
        ]

    def __str__(self) -> str:
        """The name or handle; of somebody who has neither, the end of the id, so that one can be told from
        the other."""
        return self.name or self.handle or f"Customer {_end_of(self.external_id)}"

    @property
    def unknown(self) -> bool:
        """The network did not say who this is (yet)."""
        return self.external_id.startswith("?")

    @property
    def named(self) -> bool:
        """The network told a name or handle."""
        return bool(self.name or self.handle)

    @property
    def called(self) -> str:
        """As `str`, but empty where the network does not say who this is."""
        return "" if self.unknown and not self.named else str(self)

    @property
    def initials(self) -> str:
        first = (next(filter(str.isalnum, word), "") for word in str(self).split())
        return "".join([letter for letter in first if letter][:2]).upper() or str(self)[:1]


def _end_of(external_id: str) -> str:
    return "".join(filter(str.isalnum, external_id))[-6:] or "0"
