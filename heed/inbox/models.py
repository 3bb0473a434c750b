"""Deliveries, customers, tickets, messages and what happened to them.

Keys are 64 bits. `external_id` is always the network's own id, unique within one account.
A foreign key has no index of its own where another one begins with it, nor where it leads to the few
accounts: every index is paid for with every message that comes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5

from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.lib import clock

_SHORT_ID = 20


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
    """For each item set aside or not understood: `{"what": …, "error": …}`."""
    tries = models.IntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)

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
    """When a process last said that it runs. From it a restart knows how long Heed was down."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()


class Customer(models.Model):
    """A person, however many identities they have."""

    name = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Identity(models.Model):
    """A customer as one account's network knows them."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="identities", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    external_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True)
    handle = models.CharField(max_length=255, blank=True)
    avatar_url = models.TextField(blank=True)
    language = models.CharField(max_length=20, blank=True)
    reachable = models.BooleanField(default=True)
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
        """The name or handle; of somebody who has neither, the end of a long id."""
        if self.name or self.handle or len(self.external_id) <= _SHORT_ID:
            return self.name or self.handle or self.external_id
        return f"…{self.external_id[-6:]}"

    @property
    def unknown(self) -> bool:
        """The network did not say who this is (yet)."""
        return self.external_id.startswith("?")

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in str(self).lstrip("@").split()[:2]).upper()


class Post(models.Model):
    """Something public, ours or others', under which people comment."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="posts", db_index=False)
    external_id = models.CharField(max_length=255)
    author_name = models.CharField(max_length=255, blank=True)
    author_external_id = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    picture_url = models.TextField(blank=True)
    picture = models.CharField(max_length=255, blank=True)
    """Path of the kept picture inside the data folder's files."""
    permalink = models.TextField(blank=True)
    at = models.DateTimeField(null=True, blank=True)
    likes = models.IntegerField(null=True, blank=True)
    comments = models.IntegerField(null=True, blank=True)
    shares = models.IntegerField(null=True, blank=True)
    removed = models.BooleanField(default=False)
    refs = models.JSONField(default=dict)
    looked_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("account", "external_id", name="one_post")]

    def __str__(self) -> str:
        return self.text[:60] or self.external_id


class Ticket(models.Model):
    """One person's matter on one account: one per person and post, one running private one.

    The row carries what the list shows. Its `id` is the number people see.
    """

    class Status(models.TextChoices):
        NEW = "new"
        OPEN = "open"
        PENDING = "pending"
        SOLVED = "solved"

    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tickets", db_index=False)
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="tickets")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="tickets", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.SET_NULL, null=True, blank=True, related_name="tickets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.NEW)
    running = models.BooleanField(default=True)
    """New messages of this person (under this post) come here. One per person and post."""
    unanswered = models.BooleanField(default=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    """The oldest customer message nobody has answered."""
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,
    )
    subject = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    solved_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(default=clock.now)
    last_text = models.CharField(max_length=200, blank=True)
    last_direction = models.CharField(max_length=3, default="in")
    last_author = models.CharField(max_length=255, blank=True)
    last_private_in = models.DateTimeField(null=True, blank=True)
    """When the customer last wrote privately: the reply window counts from here."""
    window_closes_at = models.DateTimeField(null=True, blank=True)
    """Until then we may write freely in private, where the network sets such a time."""
    took_private = models.BooleanField(default=False)
    """We answered this public matter privately: the private talk goes on in this ticket."""
    outside_until = models.DateTimeField(null=True, blank=True)
    """Somebody answered outside Heed then: what customers wrote before it is answered."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "identity",
                "post",
                condition=Q(running=True, kind="public"),
                nulls_distinct=False,
                name="one_public_ticket",
            ),
            models.UniqueConstraint(
                "identity", condition=Q(running=True, kind="private"), name="one_private_ticket"
            ),
        ]
        # Each list is read in exactly this order: newest news first, keyset by (last_at, id).
        indexes: ClassVar = [
            models.Index("last_at", "id", condition=~Q(status="solved"), name="ticket_open"),
            models.Index("last_at", "id", condition=Q(unanswered=True), name="ticket_unanswered"),
            models.Index(
                "last_at", "id", condition=Q(assignee=None) & ~Q(status="solved"), name="ticket_unassigned"
            ),
            models.Index(
                "assignee",
                "last_at",
                "id",
                condition=Q(assignee__isnull=False) & ~Q(status="solved"),
                name="ticket_mine",
            ),
            models.Index("account", "last_at", "id", condition=~Q(status="solved"), name="ticket_by_account"),
            models.Index("last_at", "id", name="ticket_all"),
            models.Index(
                "window_closes_at",
                "id",
                condition=Q(unanswered=True, window_closes_at__isnull=False),
                name="ticket_closing",
            ),
            models.Index("customer", "last_at", name="ticket_of_customer"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def number(self) -> int:
        return self.pk

    @property
    def solved(self) -> bool:
        return self.status == self.Status.SOLVED


class FormerNumber(models.Model):
    """A number that a ticket had before it was poured into another: whoever asks for it finds that one."""

    number = models.BigIntegerField(primary_key=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="former_numbers")


class Message(models.Model):
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

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="messages", db_constraint=False, db_index=False
    )
    """The ticket's account, repeated for the unique key; the ticket's constraint vouches for it."""
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages", db_index=False)
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
    """A machine of the network sent it: shown, never counted as an answer."""
    attempts = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    try_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)

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
            models.Index(
                "account",
                "created_at",
                condition=Q(direction="out", refs__has_key="more"),
                name="message_parts",
            ),
            models.Index("account", "created_at", condition=Q(state="failed"), name="message_failed"),
            models.Index(
                "ticket",
                "id",
                condition=Q(state__in=["queued", "sending", "retrying", "unknown"]),
                name="message_in_flight",
            ),
            models.Index("answers", condition=Q(answers__isnull=False), name="message_answers"),
            models.Index("author", condition=Q(author__isnull=False), name="message_author"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def outside(self) -> bool:
        """We said it, but not from Heed."""
        return self.direction == "out" and self.author_id is None

    @property
    def words(self) -> Words | None:
        """Why it failed and the way out, for the person."""
        return REASONS.get(self.reason)  # type: ignore[call-overload,no-any-return]


class Revision(models.Model):
    """What a message said from a moment on. The latest is shown; the earlier ones stay."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("message", "at", MD5("text"), name="one_revision")]


class Attachment(models.Model):
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

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", "external_id", "what", "at", name="one_early_news"),
        ]


class Draft(models.Model):
    """What someone has begun to write."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE)
    visibility = models.CharField(max_length=8)
    text = models.TextField()
    failed = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True)
    """The answer that failed and came back as this draft."""
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("user", "ticket", "visibility", name="one_draft")]


class Event(models.Model):
    """One thing that happened, written in the transaction in which it happened."""

    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now)
    """When it happened: the network's time where it gives one."""
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False
    )
    ticket = models.ForeignKey(
        Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="events", db_index=False
    )
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index("ticket", "at", "id", name="event_of_ticket"),
            models.Index("actor", condition=Q(actor__isnull=False), name="event_of_actor"),
        ]

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.data)


class ReactionFailure(models.Model):
    """A reaction to an event that failed. It is retried and does not hold up the others."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE)
    reaction = models.CharField(max_length=120)
    error = models.CharField(max_length=500)
    tries = models.IntegerField(default=1)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("event", "reaction", name="one_failure")]


class TallyChange(models.Model):
    """A change of how many tickets are open, unanswered …, per account and assignee.

    Written by a database trigger whenever tickets change; the counters are their sums. A sweep
    folds them. Appending never waits for a lock, unlike updating one counter row.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    open = models.IntegerField()
    unanswered = models.IntegerField()
