"""What was said in a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import connection
from django.db.models import Prefetch, prefetch_related_objects

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, Permission
from heed.channels.models import Account
from heed.inbox.events import TOLD
from heed.inbox.models import (
    Attachment,
    Event,
    Identity,
    Message,
    Revision,
    Ticket,
)
from heed.inbox.reach.pages import Page, sealed, unsealed
from heed.inbox.reach.refusals import BadCursor, NoSuchMessage
from heed.inbox.reach.seeing import sight
from heed.lib import clock


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
    accounts = Account.objects.in_bulk({row.account_id for row in rows} - {ticket.account_id})
    accounts[ticket.account_id] = ticket.account
    likes = _likes(ticket, rows)
    for row in rows:
        row.account = accounts[row.account_id]
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


def message(user: User, message_id: int, to: Permission = "see") -> Message:
    """One message, for somebody who wants `to` do something with it. Raises `NoSuchMessage`, `NotAllowed`."""
    rows = Message.objects.select_related("account", "ticket", "identity")
    found = rows.filter(sight(user).q("ticket__"), pk=message_id).first()
    if found is None:
        raise NoSuchMessage(message_id)
    if to != "see" and not sight(user, to).takes_in(found.ticket):
        raise NotAllowed(to)
    found.like_count = _likes(found.ticket, [found]).get(found.external_id, 0)  # type: ignore[attr-defined]
    return found


def _place_of(message: Message) -> str:
    return sealed(message.at.isoformat(), message.external_id, message.pk)


def moment_of(cursor: str) -> datetime:
    """The time of the message that a story's cursor stands for."""
    return _opened_place(cursor)[0]


def _opened_place(cursor: str) -> tuple[datetime, str, int]:
    try:
        at, external_id, number = unsealed(cursor)
        return clock.from_iso(at), str(external_id), int(number)
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error
