"""The lists of tickets.

A list is read in *sections*, one after the other, each along an index that has its order. A list by a
condition is looked for among the newest tickets first, row by row; only where these do not fill the page, the
database gathers all that fit and sorts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.conditions import Condition
from heed.inbox.models import BEGAN, Ticket, TicketWords
from heed.inbox.reach.counters import MOST_COUNTED
from heed.inbox.reach.exactly import wrongly_found
from heed.inbox.reach.pages import Page, opened, sealed
from heed.inbox.reach.parts import PART, of_each_part, parts, sql_of
from heed.inbox.reach.refusals import BadCursor
from heed.inbox.reach.views import NEWEST, Listed, Section, listed, sections
from heed.lib import clock
from heed.lib.rows import Joined

NEAR = 5000
"""How many of the newest tickets are looked at row by row before the database gathers all."""

Place = tuple[datetime, int]
"""Where a page ended: the value of the section's column, and the ticket's number."""


def tickets(
    user: User,
    view: str,
    *,
    account: int | None = None,
    after: str = "",
    limit: int = 50,
    order: str = "newest",
    beside: Sequence[str] = ("customer", "post", "team"),
    accounts: Sequence[Account] = (),
    condition: Condition | None = None,
) -> Page[Ticket]:
    """A page of a view, or of what of it fits a condition, in one of `ORDERS`; overdue and sleeping
    tickets always come by their time. `beside` names what to load besides what every list shows;
    `accounts` are all there are, where they have been read already. Raises `NoSuchView`, `NoSuchOrder`,
    `BadCursor`."""
    wanted = listed(user, view, account, condition)
    page = _page(wanted, sections(view, order), after, limit, ("identity", "assignee", *beside))
    by_id = {each.pk: each for each in accounts}
    missing = {row.account_id for row in page.items} - by_id.keys()
    if missing:
        by_id |= {each.pk: each for each in _ACCOUNTS.read("WHERE id = ANY(%s)", [sorted(missing)])}
    for row in page.items:
        row.account = by_id[row.account_id]
    return page


_ACCOUNTS = Joined(Account)


def numbers(
    user: User,
    view: str,
    *,
    account: int | None = None,
    most: int = 10_000,
    condition: Condition | None = None,
) -> list[int]:
    """The numbers of a view's tickets, newest news first, and of no more than so many."""
    wanted = listed(user, view, account, condition)
    held = Ticket.objects.filter(wanted.part, wanted.of_account, wanted.q, wanted.seen.q())
    found = held.order_by("-last_at", "-id")
    chosen = list(found.values_list("pk", flat=True)[:most])
    wrong = _wrong(wanted, chosen)
    return [number for number in chosen if number not in wrong]


def count(user: User, view: str, condition: Condition) -> int:
    """How many of the newest tickets of a view fit a condition, up to `MOST_COUNTED`."""
    wanted = listed(user, view, None, condition)
    edge, place = _edge(wanted, None), None
    fitting: set[int] = set()
    while True:
        (found,) = _numbers([_near(wanted, NEWEST, place, edge, MOST_COUNTED)])
        fitting |= set(found) - _wrong(wanted, set(found) - fitting)
        if len(found) < MOST_COUNTED or len(fitting) >= MOST_COUNTED:
            return min(len(fitting), MOST_COUNTED)
        place = _last(found)


def _last(numbers: Sequence[int]) -> Place | None:
    """Where these tickets end, the newest first. One that something was just said in is none of the last."""
    rows = Ticket.objects.filter(pk__in=numbers).order_by("last_at", "pk")
    return rows.values_list("last_at", "pk").first()


def _page(
    wanted: Listed, along: Sequence[Section], after: str, limit: int, beside: Sequence[str]
) -> Page[Ticket]:
    rows: list[tuple[int, Ticket]] = []
    while True:
        most = limit + 1 - len(rows) + (SPARE if wanted.exact else 0)
        index, place = _place_in(after, len(along)) if after else (0, None)
        read = _looked_for if wanted.searched else _read
        found = read(wanted, along[index:], place, most)
        by_number = {row.pk: row for row in _joined(*beside).read(_THESE, [[pk for _, pk in found]])}
        there = [(index + past, by_number[number]) for past, number in found if number in by_number]
        wrong = _wrong(wanted, by_number)
        rows += [(index, row) for index, row in there if row.pk not in wrong]
        if len(rows) > limit:
            return Page([row for _index, row in rows[:limit]], _end(along, rows[:limit]))
        after = _end(along, there)
        if len(found) < most or not after:
            return Page([row for _index, row in rows], "")


SPARE = 10
"""How many more are read of a list whose tickets may turn out not to fit."""


def _wrong(wanted: Listed, numbers: Iterable[int]) -> set[int]:
    """Those that do not fit after all."""
    if wanted.exact is None:
        return set()
    return wrongly_found(wanted.exact, wanted.sure, wanted.seen.user, numbers)


def _end(along: Sequence[Section], rows: Sequence[tuple[int, Ticket]]) -> str:
    """The cursor of what comes after these. A ticket that was answered just now waits no longer: what is next
    then begins after the one before it."""
    places = ((index, getattr(row, along[index].column), row.pk) for index, row in reversed(rows))
    return next((sealed(index, at.isoformat(), number) for index, at, number in places if at), "")


_THESE = "WHERE inbox_ticket.id = ANY(%s::bigint[])"


@cache
def _joined(*beside: str) -> Joined[Ticket]:
    return Joined(Ticket, *beside, also=BEGAN, name="began")


def _place_in(cursor: str, sections: int) -> tuple[int, Place]:
    index, at, number = opened(cursor, int, clock.from_iso, int)
    if not 0 <= index < sections:
        raise BadCursor(cursor)
    return index, (at, number)


Found = list[tuple[int, int]]
"""Which of the sections, and a ticket's number."""

Sql = tuple[str, list[Any]]
"""A query for numbers in their order, with its parameters."""


def _read(wanted: Listed, along: Sequence[Section], place: Place | None, limit: int) -> Found:
    """The first tickets: by one query where the first section fills the page, else by one more for all the
    others, which are read along indexes, too."""
    here = [_along(wanted, section, beyond, limit) for section, beyond in _legs(along[0], place)]
    found = [(0, number) for leg in _numbers(here) for number in leg][:limit]
    missing = limit - len(found)
    if not missing or not along[1:]:
        return found
    rest = _numbers([_along(wanted, section, section.begun, missing) for section in along[1:]])
    found += [(index, number) for index, part in enumerate(rest, 1) for number in part]
    return found[:limit]


def _legs(section: Section, place: Place | None) -> Iterator[tuple[Section, Q | Place]]:
    """What of a section comes after a place: where thousands have the same time, those are read from the very
    number on, not from the first of them."""
    if place is None:
        yield section, section.begun
    elif section.column == "last_at":
        yield section, place
    else:
        at, number = place
        yield section, section.q & Q(**{section.column: at, "pk__gt": number})
        yield section, section.q & Q(**{f"{section.column}__gt": at})


def _looked_for(wanted: Listed, along: Sequence[Section], place: Place | None, limit: int) -> Found:
    """The first that fit a condition, section by section."""
    found: Found = []
    edges = {place: _edge(wanted, place)}
    for index, section in enumerate(along):
        missing = limit - len(found)
        if not missing:
            break
        beyond = place if index == 0 else None
        if beyond not in edges:
            edges[beyond] = _edge(wanted, beyond)
        ones = _fitting(wanted, section, beyond, edges[beyond], missing)
        found += [(index, number) for number in ones]
    return found


def _fitting(
    wanted: Listed, section: Section, place: Place | None, edge: datetime | None, limit: int
) -> list[int]:
    if section.column == "last_at":
        (near,) = _numbers([_near(wanted, section, place, edge, limit)])
        if edge is None or len(near) == limit:
            return near
    elif wanted.broad and not _gathers(wanted.q):  # no index finds what fits any sooner
        legs = [_along(wanted, leg, beyond, limit) for leg, beyond in _legs(section, place)]
        return [number for found in _numbers(legs) for number in found][:limit]
    (found,) = _numbers([_gathered(wanted, section, place, limit)])
    return found


def _numbers(queries: Sequence[Sql]) -> list[list[int]]:
    """The numbers each query gives, asked for at once."""
    with connection.cursor() as cursor:
        asked = ", ".join(f"ARRAY({sql})" for sql, _values in queries)
        cursor.execute(f"SELECT {asked}", [value for _sql, values in queries for value in values])
        return list(cursor.fetchone())


def _along(wanted: Listed, section: Section, beyond: Q | Place, limit: int) -> Sql:
    """Read along the section's order. An account's tickets of a team or person are read along theirs, and
    each row is asked for its account: else the database gathers all that the account ever had."""
    aside = section.column != "last_at"
    q = _looked_at(wanted.q) if wanted.broad and aside else wanted.q
    of_account = wanted.of_account
    if aside and (wanted.part or not wanted.seen.everywhere):
        of_account = _looked_at(of_account)
    found = Ticket.objects.filter(wanted.part, of_account, q)
    found = found.filter(beyond) if isinstance(beyond, Q) else _before(found.filter(section.q), beyond)
    return _first(found, wanted, section, limit)


def _looked_at(q: Q) -> Q:
    """The same question, put to each row that is read. Who waits is mostly unanswered and open; the
    database thinks these have nothing to do with each other, expects few rows and would sort them all."""
    return Q(Case(When(q, then=Value(True)), default=Value(False), output_field=BooleanField())) if q else q


def _near(wanted: Listed, section: Section, place: Place | None, edge: datetime | None, limit: int) -> Sql:
    """Read along the order as far as the edge, looking at the words of each ticket."""
    found = _beyond(
        Ticket.objects.filter(wanted.part, wanted.of_account, _row_by_row(wanted.q)), section, place
    )
    if edge is not None:
        found = found.filter(last_at__gt=edge)
    return _first(found, wanted, section, limit)


def _gathered(wanted: Listed, section: Section, place: Place | None, limit: int) -> Sql:
    """Gather all that fit by whatever index finds them, then sort."""
    held = Ticket.objects.filter(wanted.part, wanted.of_account, wanted.q, wanted.seen.q())
    found = _beyond(held, section, place)
    sql, values = sql_of(found.order_by().values_list("id", section.column))
    return f"SELECT id FROM ({sql} OFFSET 0) AS found {_ordered(section, limit)}", values  # noqa: S608


def _first(found: QuerySet[Ticket], wanted: Listed, section: Section, limit: int) -> Sql:
    """The first of these tickets; where somebody sees only parts, the first of each part, merged."""
    found = found.order_by(*section.order)
    if wanted.seen.everywhere:
        return sql_of(found.values_list("id")[:limit])
    each, values = sql_of(found.extra(where=[PART]).values_list("id", section.column)[:limit])  # noqa: S610
    sql, values = of_each_part(each, values, wanted.seen)
    return f"SELECT id FROM ({sql}) AS merged {_ordered(section, limit)}", values  # noqa: S608


def _ordered(section: Section, limit: int) -> str:
    way = "DESC" if section.backwards else "ASC"
    return f"ORDER BY {section.column} {way}, id {way} LIMIT {limit}"


def _edge(wanted: Listed, place: Place | None) -> datetime | None:
    """The time before which we do not look row by row: of the so-manieth newest ticket from here on.
    None where there are not so many."""
    within = Ticket.objects.filter(wanted.within, wanted.of_account)
    found = _beyond(within, NEWEST, place).order_by("-last_at")
    if wanted.seen.everywhere:
        return found.values_list("last_at", flat=True)[NEAR : NEAR + 1].first()
    skip = NEAR // sum(len(numbers) for _where, numbers in parts(wanted.seen))
    each, values = sql_of(found.extra(where=[PART]).values_list("last_at")[skip : skip + 1])  # noqa: S610
    sql, values = of_each_part(each, values, wanted.seen, "UNION ALL")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(last_at) FROM ({sql}) AS edges", values)  # noqa: S608
        edge: datetime | None = cursor.fetchone()[0]
    return edge


def _beyond(found: QuerySet[Ticket], section: Section, place: Place | None) -> QuerySet[Ticket]:
    if place is None:
        return found.filter(section.begun)
    if section.column == "last_at":
        return _before(found.filter(section.q), place)
    at, number = place
    # Written so that the database knows how many there are: of rows compared it believes there are few.
    later = Q(**{f"{section.column}__gte": at}) & ~Q(**{section.column: at, "pk__lte": number})
    return found.filter(section.q, later)


def _before(found: QuerySet[Ticket], place: Place) -> QuerySet[Ticket]:
    return found.extra(where=["(inbox_ticket.last_at, inbox_ticket.id) < (%s, %s)"], params=place)


def _row_by_row(q: Q) -> Q:
    """The same question, with the words and tags of a ticket looked at when its row is: no plan can then
    begin with all tickets that have a word or a tag."""
    if not _gathers(q):
        return q
    turned = [
        _row_by_row(child) if isinstance(child, Q) else _looked_up(child) if _is_gathered(child) else child
        for child in q.children
    ]
    return Q(*turned, _connector=q.connector, _negated=q.negated)


def _gathers(q: Q) -> bool:
    """Whether it asks for words or tags, by which tickets are found in an index."""
    return any(_gathers(child) if isinstance(child, Q) else _is_gathered(child) for child in q.children)


def _is_gathered(child: Any) -> bool:
    return isinstance(child, tuple) and child[0] in ("worded__words__fit", "tags__overlap", "tags")


def _looked_up(child: Any) -> Any:
    if child[0].startswith("tags"):
        return _looked_at(Q(child))
    asked = TicketWords.objects.filter(ticket=OuterRef("pk")).values_list(
        RawSQL("words @@ %s::tsquery", [child[1]], BooleanField())
    )
    return Q(Coalesce(Subquery(asked, BooleanField()), Value(False)))
