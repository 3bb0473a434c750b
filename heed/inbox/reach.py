"""Fetch and authorise in one step. Whoever is signed in and active sees every ticket for now;
what concerns the accounts themselves is for those who administer."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.events import TOLD
from heed.inbox.models import (
    Attachment,
    Delivery,
    Draft,
    Event,
    Identity,
    Message,
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
    accounts: Sequence[Account] = (),
) -> Page[Ticket]:
    """A page of a view: newest news first, or by `order` "closing" first the unanswered tickets whose
    window closes first. `beside` names what to load besides what every list shows; `accounts` are all
    there are, where they have been read already. Raises `NoSuchView`, `NoSuchOrder`, `BadCursor`."""
    found = _view(user, view)
    if account is not None:
        found = found.filter(account_id=account)
    if order not in ORDERS:
        raise NoSuchOrder(order)
    found = found.select_related("identity", "assignee", *beside)
    read = _newest if order == "newest" else _closing_first
    if not accounts:
        return read(found.prefetch_related("account"), after, limit)
    page = read(found, after, limit)
    by_id = {each.pk: each for each in accounts}
    for row in page.items:
        row.account = by_id.get(row.account_id) or row.account
    return page


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
    return _with_all_around(ticket, _said(ticket))


def messages(ticket: Ticket, *, after: str = "", limit: int = 500) -> Page[Message]:
    """A page of the thread, from its beginning. Raises `BadCursor`."""
    rows = _said(ticket, _beyond(">", after) if after else None, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    return Page(_with_all_around(ticket, rows), _place_of(rows[-1]) if more else "")


@dataclass(frozen=True)
class Story:
    """The end of a thread, or what came before a part of it, with what happened in between.

    `start` is the cursor of its first message where there are earlier ones, else empty.
    """

    items: list[Message | Event]
    start: str


def story(ticket: Ticket, *, before: str = "", since: str = "", limit: int = 50) -> Story:
    """The last messages of a ticket, or the last ones before a cursor, with what happened between
    them. With `since`, all from that cursor's message on (`*`: from the beginning). Raises `BadCursor`."""
    opened = since not in ("", "*")
    limit = _MOST_SHOWN if since else limit
    bound = _beyond("<", before) if before else _beyond(">=", since) if opened else None
    rows = _said(ticket, bound, limit + 1, newest_first=True)
    more = len(rows) > limit or opened
    rows = rows[:limit][::-1]
    events = ticket.events.filter(kind__in=TOLD).select_related("actor").order_by("at", "id")
    if more and rows:
        events = events.filter(at__gte=rows[0].at)
    if before:
        events = events.filter(at__lt=_opened_place(before)[0])
    told: list[Message | Event] = [*_with_all_around(ticket, rows), *events]
    return Story(sorted(told, key=lambda each: each.at), _place_of(rows[0]) if more and rows else "")


_MOST_SHOWN = 3000


Bound = tuple[str, datetime, str, int]
"""Which side of a message, and its place in the thread."""


def _beyond(side: Literal["<", ">", ">="], cursor: str) -> Bound:
    return side, *_opened_place(cursor)


def _said(
    ticket: Ticket, bound: Bound | None = None, limit: int | None = None, *, newest_first: bool = False
) -> list[Message]:
    """Messages in the thread's order. In SQL: building this query would take longer than running it."""
    side, *place = bound or ("", *())
    where = f"AND (at, external_id, id) {side} (%s, %s, %s)" if bound else ""
    order = "at DESC, external_id DESC, id DESC" if newest_first else "at, external_id, id"
    sql = f"SELECT * FROM inbox_message WHERE ticket_id = %s {where} ORDER BY {order} LIMIT %s"  # noqa: S608
    return list(Message.objects.raw(sql, [ticket.pk, *place, limit]))


def _with_all_around(ticket: Ticket, rows: list[Message]) -> list[Message]:
    """What a page shows beside the words. Looked up by ids, and only where there are some: most
    messages are the ticket's own person's, answer nothing and were never edited."""
    people = Identity.objects.in_bulk({row.identity_id for row in rows} - {None, ticket.identity_id})
    people[ticket.identity_id] = ticket.identity
    authors = User.objects.in_bulk({row.author_id for row in rows} - {None})
    answered = {row.pk: row for row in rows}
    answered |= Message.objects.in_bulk({row.answers_id for row in rows} - {None} - set(answered))
    likes = _likes(ticket, rows)
    for row in rows:
        row.account = ticket.account
        row.ticket = ticket
        row.identity = people.get(row.identity_id) if row.identity_id else None
        row.author = authors.get(row.author_id) if row.author_id else None
        row.answers = answered.get(row.answers_id) if row.answers_id else None
        row.like_count = likes.get(row.external_id, 0)  # type: ignore[attr-defined]
    prefetch_related_objects(rows, Prefetch("attachments", Attachment.objects.order_by("position")))
    edited = [row for row in rows if row.edited_at]
    prefetch_related_objects(edited, Prefetch("revisions", Revision.objects.order_by("at")))
    return rows


def _likes(ticket: Ticket, rows: list[Message]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT target, count(*) FROM inbox_reaction
               WHERE account_id = %s AND target = ANY(%s) AND "on" AND NOT repost GROUP BY 1""",
            [ticket.account_id, [row.external_id for row in rows]],
        )
        return dict(cursor.fetchall())


def message(user: User, message_id: int) -> Message:
    _signed_in(user)
    rows = Message.objects.select_related("account", "ticket", "identity")
    found = rows.filter(pk=message_id).first()
    if found is None:
        raise NoSuchMessage(message_id)
    found.like_count = _likes(found.ticket, [found]).get(found.external_id, 0)  # type: ignore[attr-defined]
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
    return list(others.order_by("-last_at")[:10])


def identities(ticket: Ticket) -> list[Identity]:
    """Where the customer of this ticket reached us from."""
    found = list(Identity.objects.filter(customer_id=ticket.customer_id).order_by("id"))
    accounts = Account.objects.in_bulk({each.account_id for each in found} - {ticket.account_id})
    accounts[ticket.account_id] = ticket.account
    for each in found:
        each.account = accounts[each.account_id]
    return found


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
    return {draft.visibility: draft for draft in Draft.objects.filter(user=user, ticket=ticket)}


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
    return _sealed(at.isoformat(), number)


def _opened_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        at, number = _unsealed(cursor)
        return clock.from_iso(at), int(number)
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error


def _place_of(message: Message) -> str:
    return _sealed(message.at.isoformat(), message.external_id, message.pk)


def moment_of(cursor: str) -> datetime:
    """The time of the message that a story's cursor stands for."""
    return _opened_place(cursor)[0]


def _opened_place(cursor: str) -> tuple[datetime, str, int]:
    try:
        at, external_id, number = _unsealed(cursor)
        return clock.from_iso(at), str(external_id), int(number)
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error


def _sealed(*place: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _unsealed(cursor: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
