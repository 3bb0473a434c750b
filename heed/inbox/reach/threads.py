"""What was said in a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from django.db.models import Prefetch, Q, prefetch_related_objects

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, Permission
from heed.channels.base import QUOTED
from heed.channels.models import Account
from heed.inbox.events import TOLD
from heed.inbox.models import (
    Attachment,
    Event,
    Identity,
    Message,
    Post,
    Revision,
    Ticket,
)
from heed.inbox.reach.pages import Page, opened, sealed
from heed.inbox.reach.refusals import NoSuchMessage
from heed.inbox.reach.seeing import sight
from heed.lib import clock
from heed.lib.rows import Joined, prepared


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
    from_there = since not in ("", "*")
    limit = _MOST_SHOWN if since else limit
    bound = _beyond("<", before) if before else _beyond(">=", since) if from_there else None
    rows = _said(ticket, bound, limit + 1, newest_first=True)
    more = len(rows) > limit or from_there
    rows = rows[:limit][::-1]
    first = rows[0].at if more and rows else None
    events = _happened(ticket, first, _opened_place(before)[0] if before else None)
    told: list[Message | Event] = [*_with_all_around(ticket, rows), *events]
    return Story(sorted(told, key=_standing), _place_of(rows[0]) if more and rows else "")


def _standing(item: Message | Event) -> datetime:
    at: datetime = item.at if isinstance(item, Message) else vars(item)[_PLACE]
    return at


_MOST_SHOWN = 3000


def _happened(ticket: Ticket, since: datetime | None, before: datetime | None) -> list[Event]:
    """What a page tells of between the messages, from a place on and up to another, each with where it
    `stands_at`: at its own time, but never above the message it came with. An answer takes its place when it
    leaves, and that may be long after the click that wrote it and marked the ticket. That a ticket was opened
    is told only of one that was split off."""
    return _EVENTS.read(
        f"""WHERE ticket_id = %s AND (kind = ANY(%s) OR kind = 'ticket_opened' AND data ? 'number')
           AND (%s::timestamptz IS NULL OR {_STANDS_AT} >= %s)
           AND (%s::timestamptz IS NULL OR {_STANDS_AT} < %s) ORDER BY {_STANDS_AT}, inbox_event.id""",
        [ticket.pk, sorted(TOLD), since, since, before, before],
    )


_STANDS_AT = """greatest(inbox_event.at, (
    SELECT of.at FROM inbox_message AS of
    WHERE of.id = inbox_event.message_id AND of.ticket_id = inbox_event.ticket_id))"""
_PLACE = "stands_at"
_EVENTS = Joined(Event, "actor", also=_STANDS_AT, name=_PLACE)


Bound = tuple[str, datetime, str, int]
"""Which side of a message, and its place in the thread."""


def _beyond(side: Literal["<", ">", ">="], cursor: str) -> Bound:
    return side, *_opened_place(cursor)


_SAID = Joined(Message, "author")


def _said(
    ticket: Ticket, bound: Bound | None = None, limit: int | None = None, *, newest_first: bool = False
) -> list[Message]:
    """Messages in the thread's order, with the colleagues who wrote them."""
    side, *place = bound or ("", *())
    where = f"AND (at, external_id, inbox_message.id) {side} (%s, %s, %s)" if bound else ""
    way = "DESC" if newest_first else "ASC"
    order = f"at {way}, external_id {way}, inbox_message.id {way}"
    rest = f"WHERE ticket_id = %s {where} ORDER BY {order} LIMIT %s"
    return _SAID.read(rest, [ticket.pk, *place, limit])


def _with_all_around(ticket: Ticket, rows: list[Message]) -> list[Message]:
    """What a page shows beside the words. Looked up by ids, and only where there are some: most
    messages are the ticket's own person's, answer nothing and were never edited."""
    people = Identity.objects.in_bulk({row.identity_id for row in rows} - {None, ticket.identity_id})
    people[ticket.identity_id] = ticket.identity
    answered = {row.pk: row for row in rows}
    elsewhere = {row.answers_id for row in rows} - {None} - set(answered)
    answered |= Message.objects.select_related("identity").in_bulk(elsewhere)
    accounts = Account.objects.in_bulk({row.account_id for row in rows} - {ticket.account_id})
    accounts[ticket.account_id] = ticket.account
    likes = _likes(ticket, rows)
    for row in rows:
        row.account = accounts[row.account_id]
        row.ticket = ticket
        row.identity = people.get(row.identity_id) if row.identity_id else None
        row.answers = answered.get(row.answers_id) if row.answers_id else None
        row.like_count = likes.get(row.external_id, 0)  # type: ignore[attr-defined]
    _put_files(rows)
    _put_quoted(rows)
    edited = [row for row in rows if row.edited_at]
    prefetch_related_objects(edited, Prefetch("revisions", Revision.objects.order_by("at")))
    return rows


def _put_quoted(rows: list[Message]) -> None:
    """What the messages quote, looked up only where one does: a post, or a message of either side."""
    quoting = {row: (row.account_id, row.refs[QUOTED]["id"]) for row in rows if QUOTED in row.refs}
    if quoting:
        ids = Q(account_id__in={key[0] for key in quoting.values()}) & Q(
            external_id__in={key[1] for key in quoting.values()}
        )
        known: dict[tuple[int, str], Message | Post] = {}
        messages = Message.objects.filter(ids).select_related("identity")
        for found in cast("list[Message | Post]", [*Post.objects.filter(ids), *messages]):
            key = found.account_id, found.external_id
            known[key] = found if found.text or key not in known else known[key]
        for row, key in quoting.items():
            row.quoted = known.get(key)
    for row in rows:
        if row.manner.get("quote"):
            row.quoted = row.answers


def just_written(message: Message, files: Sequence[Attachment] = ()) -> Message:
    """A message of ours with what is already known of it: the files that go with it, and no like yet."""
    _have_files(message, list(files))
    message.like_count = 0  # type: ignore[attr-defined]
    return message


def _put_files(rows: list[Message]) -> None:
    """Have the messages' files at hand as if they had been prefetched."""
    files: dict[int, list[Attachment]] = {row.pk: [] for row in rows}
    for file in _FILES.read("WHERE message_id = ANY(%s) ORDER BY position", [list(files)]) if rows else ():
        files[file.message_id or 0].append(file)
    for row in rows:
        _have_files(row, files[row.pk])


def _have_files(message: Message, files: list[Attachment]) -> None:
    kept: Any = message.attachments.all()
    kept._result_cache, kept._prefetch_done = files, True
    message.__dict__.setdefault("_prefetched_objects_cache", {})["attachments"] = kept


_FILES = Joined(Attachment)


def _likes(ticket: Ticket, rows: list[Message]) -> dict[str, int]:
    known = [row.external_id for row in rows if row.external_id]
    if not known:
        return {}
    with prepared() as cursor:
        cursor.execute(
            """SELECT target, count(*) FROM inbox_reaction
               WHERE account_id = %s AND target = ANY(%s) AND "on" AND NOT repost GROUP BY 1""",
            [ticket.account_id, known],
        )
        return dict(cursor.fetchall())


_MESSAGES = Joined(Message, "account", "ticket", "identity", "author")


def message(user: User, message_id: int, to: Permission = "see") -> Message:
    """One message, for somebody who wants `to` do something with it. Raises `NoSuchMessage`, `NotAllowed`."""
    seen, scopes = sight(user).sql("ticket")
    found = _MESSAGES.first(f"WHERE inbox_message.id = %s AND {seen}", [message_id, *scopes])
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
    at, external_id, number = opened(cursor, clock.from_iso, str, int)
    return at, external_id, number
