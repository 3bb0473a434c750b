"""What was said in a ticket, and what goes with it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import MD5, Cast
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.inbox.models.people import Identity
from heed.inbox.models.tickets import Post, Ticket
from heed.lib import clock
from heed.lib.rows import Row

_PARTS = _("It went out in parts, of which %(arrived)d of %(all)d arrived: send again only what is missing.")


class Message(Row):
    """One inbound or outbound item, or an internal note."""

    class State(models.TextChoices):
        RECEIVED = "received"
        QUEUED = "queued"
        SENDING = "sending"
        RETRYING = "retrying"
        SENT = "sent"
        DELIVERED = "delivered"
        SEEN = "seen"
        FAILED = "failed"
        UNKNOWN = "unknown"
        NOTED = "noted"

    IN_FLIGHT: ClassVar = (State.QUEUED, State.SENDING, State.RETRYING, State.UNKNOWN)
    ARRIVED: ClassVar = (State.SENT, State.DELIVERED, State.SEEN)

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="messages", db_constraint=False, db_index=False
    )
    """The account that got or sent it: the ticket's, except for a public answer from another one of ours, and
    for mail in a chat's ticket."""
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages", db_index=False)
    home = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    """The ticket it belongs to, where that one was merged into this."""
    identity = models.ForeignKey(Identity, on_delete=models.SET_NULL, null=True, blank=True)
    """The customer who wrote it (inbound) or gets it (outbound)."""
    external_id = models.CharField(max_length=255, blank=True)
    direction = models.CharField(max_length=3)
    visibility = models.CharField(max_length=8)
    """public, private or note."""
    kind = models.CharField(max_length=20, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    """The colleague who wrote it in Heed. Outbound without one: written outside Heed."""
    text = models.TextField(blank=True)
    at = models.DateTimeField(default=clock.now)
    """The network's time; for our own, the time of sending until the network gives one."""
    created_at = models.DateTimeField(default=clock.now)
    parent = models.CharField(max_length=255, blank=True)
    permalink = models.TextField(blank=True)
    refs = models.JSONField(default=dict)
    edited_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    hidden = models.BooleanField(default=False)
    hidden_at = models.DateTimeField(null=True, blank=True)
    """The network's time of the last hide or show: an older one changes nothing."""
    liked = models.BooleanField(default=False)
    """We like it."""
    reposted = models.BooleanField(default=False)

    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    send_key = models.UUIDField(null=True, blank=True)
    """Ours for an answer: the same at every attempt, so it is known again and never sent twice."""
    answers = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="answered_by", db_index=False
    )
    """The message this one answers."""
    manner = models.JSONField(default=dict, db_default={}, blank=True)
    """How an answer goes out: `quote`, `chosen`, `late`, `template` of `base.Answer`, where given."""
    automatic = models.BooleanField(default=False, db_default=False)
    """A machine sent it, the network's or ours: shown, never counted as an answer."""
    origin = models.CharField(max_length=10, blank=True, default="", db_default="")
    """What in Heed wrote it where no person did: away, instant, greeting, rule, follow_up."""
    language = models.CharField(max_length=8, blank=True, default="", db_default="")
    """The language of the words, as an ISO 639-1 code; empty while it cannot be told."""
    attempts = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    slowed_at = models.DateTimeField(null=True, blank=True)
    """When its network began to ask it to come later, which it has asked at every try since."""
    lease_until = models.DateTimeField(null=True, blank=True)
    try_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    quoted: Message | Post | None = None
    """What it quotes, as far as it is known; filled where a thread is read."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "account", "external_id", condition=~Q(external_id=""), name="one_message"
            ),
            models.UniqueConstraint(
                "send_key", condition=Q(send_key__isnull=False), name="one_message_of_key"
            ),
        ]
        # A customer's message, of which there are most, stands in as few of them as can be.
        indexes: ClassVar = [
            models.Index("ticket", "at", "external_id", "id", name="message_thread"),
            GinIndex(
                KeyTransform("more", "refs"),
                condition=Q(direction="out", refs__has_key="more"),
                name="message_part",
            ),
            models.Index("account", "created_at", condition=Q(direction="out"), name="message_out"),
            models.Index("account", "created_at", condition=Q(state="failed"), name="message_failed"),
            models.Index(
                "ticket",
                "id",
                condition=Q(state__in=["queued", "sending", "retrying", "unknown"]),
                name="message_in_flight",
            ),
            models.Index("answers", condition=Q(answers__isnull=False), name="message_answers"),
            models.Index("home", condition=Q(home__isnull=False), name="message_home"),
            models.Index("author", condition=Q(author__isnull=False), name="message_author"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def outside(self) -> bool:
        """We said it, but not from Heed."""
        return self.direction == "out" and self.author_id is None and self.send_key is None

    @property
    def said_before(self) -> list[Revision]:
        """What it said before it was changed, the oldest first."""
        if self.edited_at is None:
            return []
        found: list[Revision] = []
        for each in sorted(self.revisions.all(), key=lambda each: (each.at, each.pk)):
            if not found or found[-1].text != each.text:
                found.append(each)
        return found[:-1] if found and found[-1].text == self.text else found

    @property
    def by_machine(self) -> bool:
        """No person wrote it."""
        return self.automatic or bool(self.origin)

    @property
    def words(self) -> Words | None:
        """Why it failed and the way out, for the person. Where only a part of it failed, it says so."""
        known: Words | None = REASONS.get(self.reason)  # type: ignore[call-overload]
        lost = len(self.refs.get("lost", ()))
        if known is None or not lost:
            return known
        all_parts = 1 + len(self.refs.get("more", ()))
        arrived = _PARTS % {"arrived": all_parts - lost, "all": all_parts}
        return Words(format_lazy("{} {}", known.sentence, arrived), known.way_out)


class Revision(models.Model):
    """What a message said from a moment on. The latest is shown; the earlier ones stay."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("message", "at", MD5("text"), name="one_revision")]


class Attachment(Row):
    """A file of a message. Inbound ones are fetched by the worker and kept in the data folder."""

    class State(models.TextChoices):
        WAITING = "waiting"
        KEPT = "kept"
        FAILED = "failed"
        LINK = "link"

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments"
    )
    """Empty while the file belongs to a draft."""
    position = models.IntegerField(default=0)
    kind = models.CharField(max_length=10)
    url = models.TextField(blank=True)
    name = models.CharField(max_length=255, blank=True)
    mime = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, null=True, blank=True)
    """Of a draft: whose it is and where."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "message", "position", condition=Q(message__isnull=False), name="one_attachment"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(state="waiting"), name="attachment_waiting"),
            models.Index(fields=["path"], condition=~Q(path=""), name="attachment_path"),
        ]


class Reaction(models.Model):
    """Someone's reaction to a message or post, as it stands now."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    target = models.CharField(max_length=255)
    author_external_id = models.CharField(max_length=255)
    author_name = models.CharField(max_length=255, blank=True)
    reaction = models.CharField(max_length=40)
    repost = models.BooleanField(default=False)
    """One may like and repost the same thing; of likes, hearts … only one holds."""
    on = models.BooleanField(default=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", "target", "author_external_id", "repost", name="one_reaction"),
        ]


class EarlyNews(models.Model):
    """News about a message that has not arrived yet: an edit, a removal, a receipt; or an echo of
    which it cannot be told yet whose it is. It waits here."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=255)
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)
    looked_at = models.DateTimeField(null=True, blank=True)
    """When it was last looked whether an echo has its place now."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "account",
                "external_id",
                "what",
                "at",
                MD5(Cast("data", models.TextField())),
                name="one_early_news",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                models.F("looked_at").asc(nulls_first=True),
                "id",
                condition=Q(what="echo"),
                name="echo_to_look_at",
            ),
        ]


class Draft(models.Model):
    """What someone has begun to write."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE)
    visibility = models.CharField(max_length=8)
    text = models.TextField()
    choices = models.JSONField(default=dict, db_default={}, blank=True)
    """What it offers to choose from, as `base.Choices`; empty where nothing."""
    failed = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True)
    """The answer that failed and came back as this draft."""
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("user", "ticket", "visibility", name="one_draft")]
