"""What one person should know: they were mentioned, given a ticket, reminded of one.

A notice is shown only while its reader may see the ticket.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed
from heed.inbox.models import Message, Notice, Ticket
from heed.inbox.reach.counters import Tallies
from heed.inbox.reach.pages import Page, opened, sealed
from heed.inbox.reach.seeing import sight
from heed.lib import clock, live
from heed.lib.text import first_words

MOST_COUNTED = 99
"""So many are told by number; beyond that it says that there are more."""
KEPT = timedelta(days=90)
"""How long a notice is kept after it was seen."""
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Unseen:
    """How many notices somebody has not seen: all, and the mentions among them. Each is counted up to one
    more than `MOST_COUNTED`."""

    all: int = 0
    mentions: int = 0


def topic(user_id: int) -> str:
    """The live topic that tells somebody's pages of their notices."""
    return f"person:{user_id}"


def tell_of_many(people: Iterable[int], kind: str, tickets: Iterable[Ticket], *, text: str = "") -> None:
    """Tell these people the same of many tickets."""
    wanted, words = sorted(set(people)), first_words(text, 180)
    rows = [
        Notice(user_id=each, kind=kind, ticket=ticket, text=words) for ticket in tickets for each in wanted
    ]
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        live.tell(map(topic, wanted))


@transaction.atomic
def tell(
    people: Iterable[int],
    kind: str,
    ticket: Ticket,
    *,
    message: Message | None = None,
    by: User | None = None,
    text: str = "",
) -> None:
    """Tell these people something about a ticket, once about a message."""
    words = first_words(text or (message.text if message else ""), 180)
    rows = [
        Notice(user_id=each, kind=kind, ticket=ticket, message=message, by=by, text=words)
        for each in sorted(set(people))
    ]
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        live.tell(topic(row.user_id) for row in rows)


def withdraw(message: Message, *kinds: str) -> None:
    """What was told of this message holds no longer. Who has seen it keeps it."""
    rows = Notice.objects.filter(message=message, kind__in=kinds, seen_at=None)
    people = list(rows.values_list("user_id", flat=True))
    if people:
        rows.delete()
        live.tell(map(topic, people))


def latest(user: User, *, after: str = "", limit: int = 30) -> Page[Notice]:
    """A page of somebody's notices, newest first. Raises `BadCursor`."""
    try:
        seen = sight(user).q("ticket__")
    except NotAllowed:
        return Page([], "")
    rows = Notice.objects.filter(seen, user=user).select_related("ticket__identity", "ticket__account", "by")
    if after:
        rows = rows.filter(pk__lt=_place(after))
    found = list(rows.order_by("-pk")[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    return Page(found, sealed(found[-1].pk) if more else "")


def unseen(user: User) -> Unseen:
    """What the bell counts."""
    try:
        seen = sight(user).q("ticket__")
    except NotAllowed:
        return Unseen()
    most = MOST_COUNTED + 1
    rows = Notice.objects.filter(seen, user=user, seen_at=None).order_by()
    mention = Q(kind=Notice.Kind.MENTIONED)
    mentions, others = (rows.filter(each).values_list("kind")[:most] for each in (mention, ~mention))
    kinds = [kind for (kind,) in mentions.union(others, all=True)]
    return Unseen(min(len(kinds), most), kinds.count(Notice.Kind.MENTIONED))


def unseen_of(tallies: Tallies) -> Unseen:
    """The same, from the counters of the side bar."""
    counted = tallies.unseen_mentions + tallies.unseen_others
    return Unseen(min(counted, MOST_COUNTED + 1), tallies.unseen_mentions)


def mark_seen(user: User, *, ticket: int | None = None, upto: int | None = None) -> None:
    """Somebody has seen their notices: those of a ticket, those up to one, or all."""
    rows = Notice.objects.filter(user=user, seen_at=None)
    if ticket is not None:
        rows = rows.filter(ticket_id=ticket)
    if upto is not None:
        rows = rows.filter(pk__lte=upto)
    if rows.update(seen_at=clock.now()):
        live.tell([topic(user.pk)])


def forget() -> None:
    """Drop what was seen long ago, some thousand at a time."""
    old = Notice.objects.filter(seen_at__lt=clock.now() - KEPT).order_by("pk").values("pk")
    while Notice.objects.filter(pk__in=old[:_AT_ONCE]).delete()[0]:
        continue


def _place(cursor: str) -> int:
    (number,) = opened(cursor, int)
    return int(number)
