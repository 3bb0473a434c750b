"""Tickets and the posts they hang under. The row of a ticket carries what a list shows."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import Team
from heed.channels.models import Account
from heed.inbox.models.people import Customer, Identity
from heed.lib import clock
from heed.lib.rows import Row

OPEN = ~Q(status="solved") & Q(snoozed_until=None)
"""What open work is: neither solved nor put to sleep. The lists and their counters agree on it."""

_WORK = ~Q(status="solved") | Q(unanswered=True)
_SPECIAL = ~Q(priority=2)
"""Of another priority than most."""
_CLOSING = Q(unanswered=True, window_closes_at__isnull=False)
_SINCE_UNKNOWN = Q(unanswered=True, waiting_since=None)


def _has(column: str) -> Q:
    return Q(**{f"{column}__isnull": False})


def _along(part: str, name: str) -> list[models.Index]:
    """The orders of the lists within an account, a team, or what somebody has."""
    own = Q() if part == "account" else _has(part)
    ways: list[tuple[str, tuple[str, ...], Q]] = [
        ("", ("last_at",), Q()),
        ("open_", ("last_at",), OPEN),
        ("unanswered_", ("last_at",), Q(unanswered=True)),
        ("spam_", ("last_at",), Q(spam=True)),
        ("due_", ("due_at",), _has("due_at")),
        ("snoozed_", ("snoozed_until",), _has("snoozed_until")),
        ("waiting_", ("waiting_since",), _has("waiting_since")),
        ("closing_", ("window_closes_at",), _CLOSING),
        ("prio_", ("priority", "last_at"), _SPECIAL),
        ("work_prio_", ("priority", "last_at"), _WORK & _SPECIAL),
    ]
    return [
        models.Index(part, *columns, "id", condition=(where & own) or None, name=f"ticket_{way}{name}")
        for way, columns, where in ways
    ]


About = Literal["message", "comment", "mention", "visitor_post", "quote", "review"]

BEGAN = """(SELECT began.kind FROM inbox_message AS began
WHERE inbox_ticket.kind = 'public' AND began.ticket_id = inbox_ticket.id AND began.direction = 'in'
ORDER BY began.at, began.external_id, began.id LIMIT 1)"""
"""`Ticket.began` as a column, for those who read many."""


class Post(Row):
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
    as_of = models.DateTimeField(null=True, blank=True)
    """When the network said what is known; what it said earlier and comes later does not count."""
    stale_at = models.DateTimeField(null=True, blank=True)
    """When something about it changed last that is to be read from the network."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("account", "external_id", name="one_post")]

    def __str__(self) -> str:
        return self.text[:60] or self.external_id


class Ticket(Row):
    """One person's matter on one account: one per person and post, one running private one.

    The row carries what the list shows. Its `id` is the number people see.
    """

    class Status(models.TextChoices):
        NEW = "new"
        OPEN = "open"
        PENDING = "pending"
        HOLD = "hold"
        SOLVED = "solved"

    class Priority(models.IntegerChoices):
        LOW = 1, _("Low")
        NORMAL = 2, _("Normal")
        HIGH = 3, _("High")
        URGENT = 4, _("Urgent")

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
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="tickets", db_index=False
    )
    """The team whose matter it is, also while nobody of it has taken it."""
    priority = models.SmallIntegerField(
        choices=Priority.choices, default=Priority.NORMAL, db_default=Priority.NORMAL
    )
    tags = ArrayField(models.CharField(max_length=60), default=list, db_default=[], blank=True)
    """Names of tags, sorted."""
    fields = models.JSONField(default=dict, db_default={}, blank=True)
    """Values of the company's own fields, by their keys."""
    language = models.CharField(max_length=8, blank=True, default="", db_default="")
    """The language the customer writes in, as an ISO 639-1 code; empty while it cannot be told."""
    spam = models.BooleanField(default=False, db_default=False)
    """Not a matter at all: solved, in no figure, and news of it wakes nobody."""
    snoozed_until = models.DateTimeField(null=True, blank=True)
    """Out of the lists of open work until then, or until the customer writes."""
    follow_up_at = models.DateTimeField(null=True, blank=True)
    """When the assignee wants to be reminded of it."""
    due_at = models.DateTimeField(null=True, blank=True)
    """The nearest time by which something is promised; empty while nothing is, or the clock stands."""
    due_for = models.CharField(max_length=12, blank=True, default="", db_default="")
    """What is due then: first_reply, next_reply or resolution."""
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged", db_index=False
    )
    """This matter goes on in that ticket. The row stays, so that the merge can be undone."""
    split_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="split_off", db_index=False
    )
    rating = models.BooleanField(null=True, blank=True)
    """Whether the customer said with the last tap that all is well; None while they have not tapped."""
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
        # A list is read along an index that has its order: by news, by when somebody waits, an answer is due
        # or the reply window closes, by priority. Each order once for the whole desk, and once for each part
        # that somebody may see (see reach/lists.py).
        indexes: ClassVar = [
            models.Index("last_at", "id", name="ticket_all"),
            models.Index("last_at", "id", condition=OPEN, name="ticket_open"),
            models.Index("last_at", "id", condition=Q(unanswered=True), name="ticket_unanswered"),
            models.Index("last_at", "id", condition=OPEN & Q(assignee=None), name="ticket_unassigned"),
            models.Index("last_at", "id", condition=Q(spam=True), name="ticket_spam"),
            models.Index("due_at", "id", condition=_has("due_at"), name="ticket_due"),
            models.Index("snoozed_until", "id", condition=_has("snoozed_until"), name="ticket_snoozed"),
            models.Index("waiting_since", "id", condition=_has("waiting_since"), name="ticket_waiting"),
            models.Index("last_at", "id", condition=_SINCE_UNKNOWN, name="ticket_waiting_long"),
            models.Index("window_closes_at", "id", condition=_CLOSING, name="ticket_closing"),
            models.Index("window_closes_at", condition=_has("window_closes_at"), name="ticket_closes"),
            models.Index("priority", "last_at", "id", condition=_SPECIAL, name="ticket_priority"),
            models.Index(
                "priority", "last_at", "id", condition=_WORK & _SPECIAL, name="ticket_work_priority"
            ),
            *_along("account", "of_account"),
            *_along("team", "of_team"),
            *_along("assignee", "of_assignee"),
            models.Index(
                "account", "last_at", "id", condition=OPEN & Q(assignee=None), name="ticket_free_of_account"
            ),
            models.Index(
                "team",
                "last_at",
                "id",
                condition=OPEN & Q(assignee=None) & _has("team"),
                name="ticket_free_of_team",
            ),
            models.Index(
                "account",
                "team",
                "last_at",
                "id",
                condition=OPEN & _has("team"),
                name="ticket_open_of_both",
            ),
            # The next ticket for somebody who takes one.
            models.Index(
                F("priority").desc(),
                "due_at",
                "waiting_since",
                "id",
                condition=OPEN & Q(unanswered=True, assignee=None),
                name="ticket_next",
            ),
            # All that is not done, a part at a time.
            models.Index("id", condition=~Q(status="solved"), name="ticket_unsolved"),
            models.Index("follow_up_at", condition=_has("follow_up_at"), name="ticket_follow_up"),
            models.Index("customer", "last_at", name="ticket_of_customer"),
            models.Index("merged_into", condition=_has("merged_into"), name="ticket_merged"),
            models.Index("split_from", condition=_has("split_from"), name="ticket_split"),
            GinIndex(fields=["tags"], condition=~Q(tags=[]), name="ticket_tags"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @cached_property
    def began(self) -> str | None:
        """The kind of the customer's first message, in a public matter."""
        if self.kind != self.Kind.PUBLIC:
            return None
        theirs = self.messages.filter(direction="in").order_by("at", "external_id", "id")
        return theirs.values_list("kind", flat=True).first()

    @property
    def about(self) -> About:
        """What the customer came with, in a word of the trade."""
        if self.kind == self.Kind.PRIVATE:
            return "message"
        match self.began:
            case "visitor_post" | "quote" | "review" as begun:
                return begun
        author = self.post.author_external_id if self.post else self.identity.external_id
        # Their own post reached us because it names us; under one of ours, who names us comments on it.
        theirs = author == self.identity.external_id
        elsewhere = self.began == "mention" and author != self.account.external_id
        return "mention" if theirs or elsewhere else "comment"

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


class TallyChange(models.Model):
    """A change of how many tickets are open, unanswered …, per account, assignee and team.

    Written by a database trigger whenever tickets change; the counters are their sums. A sweep
    folds them. Appending never waits for a lock, unlike updating one counter row.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    open = models.IntegerField()
    unanswered = models.IntegerField()
    tickets = models.IntegerField(default=0, db_default=0)
    """All of them, also the solved ones."""
