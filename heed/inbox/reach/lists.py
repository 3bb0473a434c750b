"""The lists of tickets and their counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q, QuerySet

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import OPEN, Notice, Ticket
from heed.inbox.reach.pages import Page, cursor_at, place_in
from heed.inbox.reach.refusals import NoSuchOrder, NoSuchView
from heed.inbox.reach.seeing import sight
from heed.lib import clock

ORDERS = ("newest", "closing")


VIEWS = ("mine", "unanswered", "overdue", "mentions", "unassigned", "open", "snoozed", "spam", "all")


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


def numbers(user: User, view: str, *, account: int | None = None, most: int = 10_000) -> list[int]:
    """The numbers of a view's tickets, newest news first, and of no more than so many."""
    found = _view(user, view)
    if account is not None:
        found = found.filter(account_id=account)
    return list(found.order_by("-last_at", "-id").values_list("pk", flat=True)[:most])


def _newest(found: QuerySet[Ticket], after: str, limit: int) -> Page[Ticket]:
    if after:
        at, number = place_in(after)
        found = found.extra(where=["(last_at, inbox_ticket.id) < (%s, %s)"], params=[at, number])
    rows = list(found.order_by("-last_at", "-id")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, cursor_at(rows[-1].last_at, rows[-1].pk) if more else "")


_CLOSING = "closing-"


def _closing_first(found: QuerySet[Ticket], after: str, limit: int) -> Page[Ticket]:
    """Two lists one after the other, each read from its own index: what closes, then the rest."""
    closing = Q(unanswered=True, window_closes_at__gt=clock.now())
    rest = found.exclude(closing)
    if after and not after.startswith(_CLOSING):
        return _newest(rest, after, limit)
    urgent = found.filter(closing)
    if after:
        at, number = place_in(after.removeprefix(_CLOSING))
        urgent = urgent.extra(where=["(window_closes_at, inbox_ticket.id) > (%s, %s)"], params=[at, number])
    rows = list(urgent.order_by("window_closes_at", "id")[: limit + 1])
    if len(rows) > limit or (len(rows) == limit and rest.exists()):
        last = rows[limit - 1]
        assert last.window_closes_at is not None
        return Page(rows[:limit], _CLOSING + cursor_at(last.window_closes_at, last.pk))
    filled = _newest(rest, "", limit - len(rows))
    return Page(rows + filled.items, filled.next)


def tallies(user: User) -> Tallies:
    """The counters of the sidebar, kept by the database as tickets change."""
    seen = sight(user)
    where, values = seen.sql("inbox_tallychange")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT account_id, assignee_id, sum(open), sum(unanswered)
                FROM inbox_tallychange WHERE {where} GROUP BY 1, 2""",  # noqa: S608
            values,
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


def _view(user: User, view: str) -> QuerySet[Ticket]:
    rows = Ticket.objects.filter(sight(user).q())
    match view:
        case "mine":
            return rows.filter(OPEN, assignee=user)
        case "unanswered":
            return rows.filter(unanswered=True)
        case "overdue":
            return rows.filter(due_at__lte=clock.now())
        case "mentions":
            told = Notice.objects.filter(user=user, kind=Notice.Kind.MENTIONED, seen_at=None)
            return rows.filter(pk__in=told.values("ticket"))
        case "unassigned":
            return rows.filter(OPEN, assignee=None)
        case "open":
            return rows.filter(OPEN)
        case "snoozed":
            return rows.filter(snoozed_until__isnull=False)
        case "spam":
            return rows.filter(spam=True)
        case "all":
            return rows.filter(merged_into=None, spam=False)
    raise NoSuchView(view)
