"""What is kept of visitors beside their messages."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models

from heed.channels.models import Account
from heed.lib import clock


class Visitor(models.Model):
    """Someone who wrote in the chat: whether they are here, and where to mail when they are not."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="visitors")
    visitor = models.CharField(max_length=200)
    """Their id on the account, as in `Identity.external_id`."""
    email = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=20, blank=True)
    page = models.CharField(max_length=2000, blank=True)
    """Where they last wrote: the way back."""
    here_at = models.DateTimeField(default=clock.now)
    mailed = models.BigIntegerField(default=0)
    """The newest message that was mailed to them, as far as is known."""
    returned = models.BigIntegerField(default=0, db_default=0)
    """The newest mail whose link was used: it and all before it open nothing any more."""
    mail_problem = models.CharField(max_length=200, blank=True)
    spent = models.IntegerField(default=0)
    spent_since = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("account", "visitor", name="one_visitor")]
        indexes: ClassVar = [models.Index("account", "created_at", name="visitor_new")]

    def __str__(self) -> str:
        return self.visitor


class Letter(models.Model):
    """A mail that brings a visitor what they have not seen, from the moment at which it may leave."""

    class State(models.TextChoices):
        LEAVING = "leaving"
        """Handed over, or about to be: what became of it is asked for."""
        SENT = "sent"
        REFUSED = "refused"
        UNKNOWN = "unknown"
        """Nobody can say whether it left. It is not sent again."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="letters")
    box = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="letters")
    """The mailbox it leaves from; None for Heed's own server."""
    to = models.CharField(max_length=254, blank=True, db_default="")
    """The visitor's address when it was written: another may have been left since."""
    key = models.UUIDField(unique=True, default=uuid4)
    """Its Message-ID is made of it."""
    word = models.CharField(max_length=60, blank=True)
    """By which what is answered to it finds the ticket."""
    newest = models.BigIntegerField()
    """The newest message it brings."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.LEAVING)
    mail_id = models.CharField(max_length=500, blank=True, db_index=True)
    """Its Message-ID, which what is answered to it names. Heed's own server tells none."""
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("visitor", "newest", name="one_letter")]

    def __str__(self) -> str:
        return f"{self.state} to {self.visitor_id}"


class Spending(models.Model):
    """What was asked for from one client address since some moment. It is forgotten after a day."""

    caller = models.CharField(max_length=32)
    """A digest: the address itself is not kept."""
    what = models.CharField(max_length=5)
    since = models.DateTimeField()
    amount = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("caller", "what", name="one_spending")]
        indexes: ClassVar = [models.Index("since", name="spending_age")]

    def __str__(self) -> str:
        return f"{self.amount} {self.what}"


class Upload(models.Model):
    """A file a visitor sent ahead of the message it belongs to."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="uploads")
    visitor = models.CharField(max_length=200)
    path = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    mime = models.CharField(max_length=120)
    size = models.BigIntegerField()
    used = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes: ClassVar = [
            models.Index("created_at", name="upload_age"),
            models.Index("account", condition=models.Q(used=False), name="upload_unclaimed"),
        ]

    def __str__(self) -> str:
        return self.name
