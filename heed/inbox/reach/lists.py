"""The lists of tickets and their counters.

A list is read in *sections*, one after the other, each along an index that has its order. Whoever sees
only some accounts and teams has each of them read from its own index, a page's length, and merged: their
page costs what an owner's does. A list by a condition is looked for among the newest tickets first, row by
row; only where these do not fill the page, the database gathers all that fit and sorts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from heed.inbox.models import OPEN, Notice, Ticket, TicketWords
from heed.inbox.reach.pages import Page, sealed, unsealed
from heed.inbox.reach.refusals import BadCursor, NoSuchOrder, NoSuchView
from heed.inbox.reach.seeing import Sight, sight
from heed.lib import clock
from heed.lib.rows import Joined

VIEWS = ("mine", "unanswered", "overdue", "mentions", "unassigned", "open", "snoozed", "spam", "all")
ORDERS = ("newest", "waiting", "due", "priority", "closing")

NEAR = 5000
"""How many of the newest tickets are looked at row by row before the database gathers all."""
MOST_COUNTED = 100
"""A counter that is really counted ends here; the page says “99+”."""


@dataclass(frozen=True)
class Tallies:
    mine: int = 0
    unanswered: int = 0
    unassigned: int = 0
    open: int = 0
    by_account: dict[int, int] = field(default_factory=dict)
    overdue: int = 0
    mentions: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a list: which tickets, and along which column, from the end or from the beginning."""

    q: Q
    column: str = "last_at"
    backwards: bool = True

    @property
    def begun(self) -> Q:
        """The tickets the order begins with: those that have a value at all."""
        return self.q if self.column == "last_at" else self.q & Q(**{f"{self.column}__isnull": False})

    @property
    def order(self) -> tuple[str, str]:
        sign = "-" if self.backwards else ""
        return f"{sign}{self.column}", f"{sign}id"


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
    listed = _listed(user, view, account, condition)
    page = _page(listed, _sections(view, order), after, limit, ("identity", "assignee", *beside))
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
    listed = _listed(user, view, account, condition)
    found = Ticket.objects.filter(listed.part, listed.q, listed.seen.q()).order_by("-last_at", "-id")
    return list(found.values_list("pk", flat=True)[:most])


def count(user: User, view: str, condition: Condition) -> int:
    """How many of the newest tickets of a view fit a condition, up to `MOST_COUNTED`."""
    listed = _listed(user, view, None, condition)
    edge = _edge(listed, None)
    found = _near(listed, Section(Q()), None, edge, MOST_COUNTED).values_list("pk", flat=True)
    return len(found)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a list holds, for whom."""

    q: Q
    part: Q
    """Of one account or person only."""
    seen: Sight
    account: int | None
    searched: bool
    """By a condition: it may fit few tickets or none."""
    broad: bool
    """A view that holds much of what waits, is due or closes."""
    within: Q = field(default_factory=Q)
    """A part of the question that has an index in the order of news: nearness is counted among these."""


def _listed(user: User, view: str, account: int | None, condition: Condition | None) -> _Listed:
    seen = sight(user)
    q, part = _view(user, view), Q()
    if view == "mine":
        part = Q(assignee=user)
        seen = replace(seen, everywhere=True)  # one's own are always in sight
    if account is not None:
        part &= Q(account_id=account)
        if account in seen.accounts:
            seen = replace(seen, everywhere=True)
    if condition is not None:
        q &= condition.q(user)
    if view == "all":
        q &= _seldom_wanted(condition)
    searched = condition is not None and not condition.everything
    within = _within(view, condition) if condition is not None else Q()
    return _Listed(q, part, seen, account, searched, view in _BROAD, within)


def _within(view: str, condition: Condition) -> Q:
    if view == "unanswered" or condition.needs("is", "unanswered"):
        return Q(unanswered=True)
    if view == "open" or condition.needs("is", "open"):
        return OPEN
    return Q(spam=True) if view == "spam" or condition.needs("is", "spam") else Q()


_BROAD = frozenset({"mine", "unanswered", "unassigned", "open", "all"})


def _seldom_wanted(condition: Condition | None) -> Q:
    """What "all" leaves out unless it is asked for: what goes on in another ticket, and spam."""
    q = Q()
    if condition is None or not condition.asks("is", "merged"):
        q &= Q(merged_into=None)
    if condition is None or not condition.asks("is", "spam"):
        q &= Q(spam=False)
    return q


def _page(
    listed: _Listed, sections: Sequence[Section], after: str, limit: int, beside: Sequence[str]
) -> Page[Ticket]:
    index, place = _place_in(after, len(sections)) if after else (0, None)
    rows: list[tuple[int, Ticket]] = []
    while index < len(sections) and len(rows) <= limit:
        found = _read(listed, sections[index], place, limit + 1 - len(rows), beside)
        rows += [(index, row) for row in found]
        index, place = index + 1, None
    if len(rows) <= limit:
        return Page([row for _index, row in rows], "")
    index, last = rows[limit - 1]
    at = getattr(last, sections[index].column)
    return Page([row for _index, row in rows[:limit]], sealed(index, at.isoformat(), last.pk))


def _place_in(cursor: str, sections: int) -> tuple[int, Place]:
    try:
        index, at, number = unsealed(cursor)
        if not 0 <= int(index) < sections:
            raise BadCursor(cursor)
        return int(index), (clock.from_iso(at), int(number))
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error


def _read(
    listed: _Listed, section: Section, place: Place | None, limit: int, beside: Sequence[str]
) -> list[Ticket]:
    def rows(found: QuerySet[Ticket]) -> list[Ticket]:
        numbers = list(found.values_list("pk", flat=True))
        by_number = {each.pk: each for each in _joined(*beside).read(_THESE, [numbers])} if numbers else {}
        return [by_number[number] for number in numbers if number in by_number]

    if not listed.searched:
        return rows(_along(listed, section, place, limit))
    if section.column == "last_at":
        edge = _edge(listed, place)
        near = rows(_near(listed, section, place, edge, limit))
        if edge is None or len(near) == limit:
            return near
    return rows(_gathered(listed, section, place, limit))


_THESE = "WHERE inbox_ticket.id = ANY(%s)"


@cache
def _joined(*beside: str) -> Joined[Ticket]:
    return Joined(Ticket, *beside)


def _along(listed: _Listed, section: Section, place: Place | None, limit: int) -> QuerySet[Ticket]:
    """Read along the section's order."""
    aside = listed.broad and section.column != "last_at"
    wanted = _looked_at(listed.q) if aside else listed.q
    found = _beyond(Ticket.objects.filter(listed.part, wanted), section, place)
    return _scope_by_scope(found, listed.seen, section, limit)


def _looked_at(q: Q) -> Q:
    """The same question, put to each row that is read. Who waits is mostly unanswered and open; the
    database thinks these have nothing to do with each other, expects few rows and would sort them all."""
    return Q(Case(When(q, then=Value(True)), default=Value(False), output_field=BooleanField())) if q else q


def _near(
    listed: _Listed, section: Section, place: Place | None, edge: datetime | None, limit: int
) -> QuerySet[Ticket]:
    """Read along the order as far as the edge, looking at the words of each ticket."""
    found = _beyond(Ticket.objects.filter(listed.part, _row_by_row(listed.q)), section, place)
    if edge is not None:
        found = found.filter(last_at__gt=edge)
    return _scope_by_scope(found, listed.seen, section, limit)


def _gathered(listed: _Listed, section: Section, place: Place | None, limit: int) -> QuerySet[Ticket]:
    """Gather all that fit by whatever index finds them, then sort."""
    found = _beyond(Ticket.objects.filter(listed.part, listed.q, listed.seen.q()), section, place)
    sql, values = _sql(found.order_by().values_list("id", section.column))
    chosen = RawSQL(f"SELECT id FROM ({sql} OFFSET 0) AS found {_first(section, limit)}", values)  # noqa: S608, S611
    return Ticket.objects.filter(pk__in=chosen).order_by(*section.order)


def _scope_by_scope(found: QuerySet[Ticket], seen: Sight, section: Section, limit: int) -> QuerySet[Ticket]:
    """The first of these tickets; where somebody sees only parts, the first of each part, merged."""
    found = found.order_by(*section.order)
    if seen.everywhere:
        return found[:limit]
    sql, values = _first_of_parts(found, seen, section, limit)
    chosen = RawSQL(f"SELECT id FROM ({sql}) AS first", values)  # noqa: S608, S611
    return Ticket.objects.filter(pk__in=chosen).order_by(*section.order)


def _first_of_parts(
    found: QuerySet[Ticket], seen: Sight, section: Section, limit: int
) -> tuple[str, list[Any]]:
    """The numbers of the first tickets of each part somebody sees, merged, as SQL with its parameters."""
    parts, values = [], []
    for where, scopes in _scopes(seen):
        part = found.extra(where=[where]).values_list("id", section.column)[:limit]  # noqa: S610
        sql, inside = _sql(part)
        parts.append(_EACH_SCOPE.format(sql))
        values += [scopes, *inside]
    return f"SELECT id FROM ({' UNION '.join(parts)}) AS merged {_first(section, limit)}", values  # noqa: S608


_EACH_SCOPE = "SELECT part.* FROM unnest(%s::bigint[]) AS scope (num), LATERAL ({}) AS part"


def _scopes(seen: Sight) -> list[tuple[str, list[int]]]:
    """The parts of what somebody sees, each with an index of its own."""
    parts = [
        ("inbox_ticket.account_id = scope.num", sorted(seen.accounts)),
        ("inbox_ticket.team_id = scope.num", sorted(seen.teams)),
        ("inbox_ticket.assignee_id = scope.num", [seen.user]),
    ]
    return [(where, numbers) for where, numbers in parts if numbers]


def _edge(listed: _Listed, place: Place | None) -> datetime | None:
    """The time before which we do not look row by row: of the so-manieth newest ticket from here on.
    None where there are not so many."""
    found = _beyond(Ticket.objects.filter(listed.within), _NEWEST, place).order_by("-last_at")
    if listed.account is not None:
        found = found.filter(account=listed.account)
    if listed.seen.everywhere:
        return found.values_list("last_at", flat=True)[NEAR : NEAR + 1].first()
    scopes = _scopes(listed.seen)
    skip = NEAR // sum(len(numbers) for _where, numbers in scopes)
    parts, values = [], []
    for where, numbers in scopes:
        edge_of = found.extra(where=[where]).values_list("last_at")[skip : skip + 1]  # noqa: S610
        sql, inside = _sql(edge_of)
        parts.append(_EACH_SCOPE.format(sql))
        values += [numbers, *inside]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(last_at) FROM ({' UNION ALL '.join(parts)}) AS edges", values)  # noqa: S608
        edge: datetime | None = cursor.fetchone()[0]
    return edge


def _beyond(found: QuerySet[Ticket], section: Section, place: Place | None) -> QuerySet[Ticket]:
    if place is None:
        return found.filter(section.begun)
    at, number = place
    if section.column == "last_at":
        where = "(inbox_ticket.last_at, inbox_ticket.id) < (%s, %s)"
        return found.filter(section.q).extra(where=[where], params=[at, number])  # noqa: S610
    # Written so that the database knows how many there are: of rows compared it believes there are few.
    later = Q(**{f"{section.column}__gte": at}) & ~Q(**{section.column: at, "pk__lte": number})
    return found.filter(section.q, later)


def _first(section: Section, limit: int) -> str:
    way = "DESC" if section.backwards else "ASC"
    return f"ORDER BY {section.column} {way}, id {way} LIMIT {limit}"


def _sql(found: Any) -> tuple[str, list[Any]]:
    sql, values = found.query.sql_with_params()
    return sql, list(values)


def _row_by_row(q: Q) -> Q:
    """The same question, with the words and tags of a ticket looked at when its row is: no plan can then
    begin with all tickets that have a word or a tag."""
    if not any(isinstance(child, Q) or _is_gathered(child) for child in q.children):
        return q
    turned = [
        _row_by_row(child) if isinstance(child, Q) else _looked_up(child) if _is_gathered(child) else child
        for child in q.children
    ]
    return Q(*turned, _connector=q.connector, _negated=q.negated)


def _is_gathered(child: Any) -> bool:
    return isinstance(child, tuple) and child[0] in ("worded__words__fit", "tags__overlap", "tags")


def _looked_up(child: Any) -> Any:
    if child[0].startswith("tags"):
        return _looked_at(Q(child))
    asked = TicketWords.objects.filter(ticket=OuterRef("pk")).values_list(
        RawSQL("words @@ %s::tsquery", [child[1]], BooleanField())
    )
    return Q(Coalesce(Subquery(asked, BooleanField()), Value(False)))


_NEWEST = Section(Q())
_BY_DUE = Section(Q(), "due_at", False)


def _sections(view: str, order: str) -> tuple[Section, ...]:
    if order not in ORDERS:
        raise NoSuchOrder(order)
    if view == "overdue":
        return (_BY_DUE,)
    if view == "snoozed":
        return (Section(Q(), "snoozed_until", False),)
    match order:
        case "closing":
            closing = Q(unanswered=True, window_closes_at__gt=clock.now())
            return Section(closing, "window_closes_at", False), Section(~closing)
        case "waiting":
            return _with_a_time_first("waiting_since")
        case "due":
            return _with_a_time_first("due_at")
        case "priority":
            return tuple(Section(Q(priority=level)) for level in (4, 3, 2, 1))
    return (_NEWEST,)


def _with_a_time_first(column: str) -> tuple[Section, Section]:
    return Section(Q(), column, False), Section(Q(**{f"{column}__isnull": True}))


def tallies(user: User) -> Tallies:
    """The counters of the sidebar, kept by the database as tickets change. Overdue and mentioned ones
    are counted, up to `MOST_COUNTED`."""
    seen = sight(user)
    where, values = seen.sql("inbox_tallychange")
    in_sight, in_sight_values = seen.sql()
    late, late_values = _late(seen)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT account_id, assignee_id, sum(open), sum(unanswered)
                FROM inbox_tallychange WHERE {where} GROUP BY 1, 2""",  # noqa: S608
            values,
        )
        rows = cursor.fetchall()
        cursor.execute(
            f"""SELECT (SELECT count(*) FROM ({late}) AS late),
                (SELECT count(*) FROM (
                    SELECT DISTINCT ticket_id
                    FROM inbox_notice JOIN inbox_ticket ON inbox_ticket.id = ticket_id
                    WHERE user_id = %s AND inbox_notice.kind = 'mentioned' AND seen_at IS NULL AND {in_sight}
                    LIMIT %s) AS told)""",  # noqa: S608
            [*late_values, user.pk, *in_sight_values, MOST_COUNTED],
        )
        overdue, mentions = cursor.fetchone()
    by_account: dict[int, int] = {}
    for account, _assignee, _open, unanswered in rows:
        by_account[account] = by_account.get(account, 0) + int(unanswered)
    return Tallies(
        mine=sum(int(row[2]) for row in rows if row[1] == user.pk),
        unanswered=sum(by_account.values()),
        unassigned=sum(int(row[2]) for row in rows if row[1] is None),
        open=sum(int(row[2]) for row in rows),
        by_account=by_account,
        overdue=overdue,
        mentions=mentions,
    )


def _late(seen: Sight) -> tuple[str, list[Any]]:
    """Overdue tickets, no more of them than are counted, as SQL with its parameters."""
    found = Ticket.objects.filter(due_at__lte=clock.now())
    if seen.everywhere:
        return _sql(found.order_by(*_BY_DUE.order).values_list("id")[:MOST_COUNTED])
    return _first_of_parts(found.order_by(*_BY_DUE.order), seen, _BY_DUE, MOST_COUNTED)


def _view(user: User, view: str) -> Q:
    match view:
        case "mine":
            return OPEN
        case "unanswered":
            return Q(unanswered=True)
        case "overdue":
            return Q(due_at__lte=clock.now())
        case "mentions":
            told = Notice.objects.filter(user=user, kind=Notice.Kind.MENTIONED, seen_at=None)
            return Q(pk__in=told.values("ticket"))
        case "unassigned":
            return OPEN & Q(assignee=None)
        case "open":
            return OPEN
        case "snoozed":
            return Q(snoozed_until__isnull=False)
        case "spam":
            return Q(spam=True)
        case "all":
            return Q()
    raise NoSuchView(view)
