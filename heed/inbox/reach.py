"""Fetch and authorise in one step. Whoever is signed in and active sees every ticket for now;
what concerns the accounts themselves is for those who administer."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from heed.accounts.models import User
from heed.inbox.events import TOLD
from heed.inbox.models import (
    Attachment,
    Delivery,
    Draft,
    Event,
    Identity,
    Message,
    Reaction,
    Revision,
    Ticket,
)
from heed.lib import clock

ORDERS = ("newest", "closing")
VIEWS = ("mine", "unanswered", "unassigned", "open", "all")

T = TypeVar("T")


class NoSuchTicket(LookupError):
    """No ticket of this number that this person may see."""


class NoSuchMessage(LookupError):
    pass


class NoSuchAttachment(LookupError):
    pass


class NoSuchDelivery(LookupError):
    pass


class NoSuchView(LookupError):
    """The views are those of `VIEWS`."""


class NoSuchOrder(LookupError):
    """The orders are those of `ORDERS`."""


class BadCursor(ValueError):
    """The cursor was not one we gave."""


class NotAllowed(PermissionDenied):
    """This is for owners and admins."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list; `next` is the cursor of the following page, empty at the end."""

    items: list[T]
    next: str


@dataclass(frozen=True)
class Tallies:
    mine: int = 0
    unanswered: int = 0
    unassigned: int = 0
    open: int = 0
    by_account: dict[int, int] = field(default_factory=dict)


def tickets(
    user: User,
    view: str,
    *,
    account: int | None = None,
    after: str = "",
    limit: int = 50,
    order: str = "newest",
    beside: Sequence[str] = ("customer", "post"),
) -> Page[Ticket]:
    """A page of a view: newest news first, or by `order` "closing" first the unanswered tickets whose
    window closes first. `beside` names what to load besides what every list shows. Raises
    `NoSuchView`, `NoSuchOrder`, `BadCursor`."""
    found = _view(user, view)
    if account is not None:
        found = found.filter(account_id=account)
    found = found.select_related("identity", "assignee", *beside).prefetch_related("account")
    match order:
        case "newest":
            return _newest(found, after, limit)
        case "closing":
            return _closing_first(found, after, limit)
    raise NoSuchOrder(order)


def _newest(found: QuerySet[Ticket], after: str, limit: int) -> Page[Ticket]:
    if after:
        at, number = _opened_cursor(after)
        found = found.extra(where=["(last_at, inbox_ticket.id) < (%s, %s)"], params=[at, number])
    rows = list(found.order_by("-last_at", "-id")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _cursor(rows[-1].last_at, rows[-1].pk) if more else "")


_CLOSING = "closing-"


def _closing_first(found: QuerySet[Ticket], after: str, limit: int) -> Page[Ticket]:
    """Two lists one after the other, each read from its own index: what closes, then the rest."""
    closing = Q(unanswered=True, window_closes_at__gt=clock.now())
    rest = found.exclude(closing)
    if after and not after.startswith(_CLOSING):
        return _newest(rest, after, limit)
    urgent = found.filter(closing)
    if after:
        at, number = _opened_cursor(after.removeprefix(_CLOSING))
        urgent = urgent.extra(where=["(window_closes_at, inbox_ticket.id) > (%s, %s)"], params=[at, number])
    rows = list(urgent.order_by("window_closes_at", "id")[: limit + 1])
    if len(rows) > limit or (len(rows) == limit and rest.exists()):
        last = rows[limit - 1]
        assert last.window_closes_at is not None
        return Page(rows[:limit], _CLOSING + _cursor(last.window_closes_at, last.pk))
    filled = _newest(rest, "", limit - len(rows))
    return Page(rows + filled.items, filled.next)


def ticket(user: User, number: int) -> Ticket:
    """The ticket of this number, also when it was poured into another since. Raises `NoSuchTicket`."""
    _signed_in(user)
    rows = Ticket.objects.select_related("account", "identity", "customer", "post", "assignee")
    found = rows.filter(pk=number).first() or rows.filter(former_numbers=number).first()
    if found is None:
        raise NoSuchTicket(number)
    return found


def thread(ticket: Ticket) -> list[Message]:
    """The messages and notes of a ticket in the network's order, with all a page shows of them."""
    messages = (
        ticket.messages.select_related("author", "identity", "answers")
        .prefetch_related(
            Prefetch("attachments", Attachment.objects.order_by("position")),
            Prefetch("revisions", Revision.objects.order_by("at")),
        )
        .annotate(like_count=_likes())
        .order_by("at", "external_id", "id")
    )
    rows: list[Message] = list(messages)
    for row in rows:
        row.account = ticket.account
        row.ticket = ticket
    return rows


def _likes() -> Coalesce:
    """How many people react to a message now."""
    likes = (
        Reaction.objects.filter(
            account=OuterRef("account"), target=OuterRef("external_id"), on=True, repost=False
        )
        .order_by()
        .values("target")
        .annotate(n=Count("*"))
        .values("n")
    )
    return Coalesce(Subquery(likes), 0)


def story(ticket: Ticket) -> list[Message | Event]:
    """The thread with what happened in between, in order of time."""
    events = ticket.events.filter(kind__in=TOLD).select_related("actor").order_by("at", "id")
    told: list[Message | Event] = [*thread(ticket), *events]
    return sorted(told, key=lambda each: each.at)


def message(user: User, message_id: int) -> Message:
    _signed_in(user)
    rows = Message.objects.select_related("account", "ticket", "identity").annotate(like_count=_likes())
    found = rows.filter(pk=message_id).first()
    if found is None:
        raise NoSuchMessage(message_id)
    return found


def attachment(user: User, attachment_id: int) -> Attachment:
    """A file of a message, or of one's own draft."""
    _signed_in(user)
    found = Attachment.objects.filter(Q(message__isnull=False) | Q(owner=user), pk=attachment_id).first()
    if found is None:
        raise NoSuchAttachment(attachment_id)
    return found


def earlier(ticket: Ticket) -> list[Ticket]:
    """The customer's other tickets, newest first."""
    others = Ticket.objects.filter(customer_id=ticket.customer_id).exclude(pk=ticket.pk)
    return list(others.select_related("account").order_by("-last_at")[:10])


def identities(ticket: Ticket) -> list[Identity]:
    """Where the customer of this ticket reached us from."""
    return list(
        Identity.objects.filter(customer_id=ticket.customer_id).select_related("account").order_by("id")
    )


def tallies(user: User) -> Tallies:
    """The counters of the sidebar, kept by the database as tickets change."""
    _signed_in(user)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT account_id, assignee_id, sum(open), sum(unanswered)
               FROM inbox_tallychange GROUP BY 1, 2"""
        )
        rows = cursor.fetchall()
    by_account: dict[int, int] = {}
    for account, _assignee, _open, unanswered in rows:
        by_account[account] = by_account.get(account, 0) + int(unanswered)
    return Tallies(
        mine=sum(int(row[2]) for row in rows if row[1] == user.pk),
        unanswered=sum(by_account.values()),
        unassigned=sum(int(row[2]) for row in rows if row[1] is None),
        open=sum(int(row[2]) for row in rows),
        by_account=by_account,
    )


def drafts(user: User, ticket: Ticket) -> dict[str, Draft]:
    """What this person has begun to write here, by visibility."""
    found = Draft.objects.filter(user=user, ticket=ticket).select_related("failed")
    return {draft.visibility: draft for draft in found}


def draft_files(user: User, ticket: Ticket) -> list[Attachment]:
    return list(Attachment.objects.filter(owner=user, ticket=ticket, message=None).order_by("id"))


def deliveries(user: User, state: str, *, after: str = "", limit: int = 50) -> Page[Delivery]:
    """Deliveries in a state, newest first. Raises `NotAllowed`, `BadCursor`."""
    _may_administer(user)
    found = Delivery.objects.filter(state=state).select_related("account").order_by("-id")
    if after:
        if not after.isdigit():
            raise BadCursor(after)
        found = found.filter(pk__lt=int(after))
    rows = list(found[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, str(rows[-1].pk) if more else "")


def delivery(user: User, delivery_id: int) -> Delivery:
    _may_administer(user)
    found = Delivery.objects.select_related("account").filter(pk=delivery_id).first()
    if found is None:
        raise NoSuchDelivery(delivery_id)
    return found


def latest_event() -> int:
    """How far the log has come: a page that saw a smaller number missed something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM inbox_event")
        return cursor.fetchone()[0] or 0


def _view(user: User, view: str) -> QuerySet[Ticket]:
    _signed_in(user)
    rows = Ticket.objects.all()
    match view:
        case "mine":
            return rows.filter(assignee=user).exclude(status=Ticket.Status.SOLVED)
        case "unanswered":
            return rows.filter(unanswered=True)
        case "unassigned":
            return rows.filter(assignee=None).exclude(status=Ticket.Status.SOLVED)
        case "open":
            return rows.exclude(status=Ticket.Status.SOLVED)
        case "all":
            return rows
    raise NoSuchView(view)


def _signed_in(user: User) -> None:
    if not (user.is_authenticated and user.is_active):
        raise NotAllowed


def _may_administer(user: User) -> None:
    _signed_in(user)
    if not user.may_administer:
        raise NotAllowed


def _cursor(at: datetime, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), number]).encode()).decode().rstrip("=")


def _opened_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return clock.from_iso(at), int(number)
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error
