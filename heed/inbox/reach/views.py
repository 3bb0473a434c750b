"""What each view holds, and the sections its order is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.db.models import Q

from heed.accounts.models import User
from heed.inbox.conditions import Condition, Test
from heed.inbox.models import OPEN, Notice
from heed.inbox.reach.refusals import NoSuchOrder, NoSuchView
from heed.inbox.reach.seeing import Sight, sight
from heed.lib import clock

VIEWS = ("mine", "unanswered", "overdue", "mentions", "unassigned", "open", "snoozed", "spam", "all")
ORDERS = ("newest", "waiting", "due", "priority", "closing")


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


NEWEST = Section(Q())
BY_DUE = Section(Q(), "due_at", False)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list holds, for whom."""

    q: Q
    part: Q
    """Of one person only."""
    of_account: Q
    """Of one account only."""
    seen: Sight
    searched: bool
    """By a condition: it may fit few tickets or none."""
    broad: bool
    """A view that holds much of what waits, is due or closes."""
    exact: Test | None = None
    """What the condition means, where the database may find tickets for which it does not hold."""
    sure: Q = field(default_factory=Q)
    """Then, those for which it certainly holds."""
    within: Q = field(default_factory=Q)
    """A part of the question that has an index in the order of news: nearness is counted among these."""


def listed(user: User, view: str, account: int | None, condition: Condition | None) -> Listed:
    """What a view holds for somebody, or what of it fits a condition. Raises `NoSuchView`."""
    seen = sight(user)
    q, part, of_account = _view(user, view), Q(), Q()
    if view == "mine":
        part = Q(assignee=user)
        seen = replace(seen, everywhere=True)  # one's own are always in sight
    if account is not None:
        of_account = Q(account_id=account)
        if account in seen.accounts:
            seen = replace(seen, everywhere=True)
    exact, sure, now = None, Q(), clock.now()
    if condition is not None:
        test = condition.test(user, now)
        q &= test.q()
        if condition.guessed:
            exact, sure = test, condition.sure(user, now)
    if view == "all":
        q &= _seldom_wanted(condition)
    searched = condition is not None and not condition.everything
    within = _within(view, condition) if condition is not None else Q()
    return Listed(q, part, of_account, seen, searched, view in _BROAD, exact, sure, within)


def sections(view: str, order: str) -> tuple[Section, ...]:
    """The sections of a view in one of `ORDERS`. Raises `NoSuchOrder`."""
    if order not in ORDERS:
        raise NoSuchOrder(order)
    if view == "overdue":
        return (BY_DUE,)
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
    return (NEWEST,)


def _with_a_time_first(column: str) -> tuple[Section, Section]:
    return Section(Q(), column, False), Section(Q(**{f"{column}__isnull": True}))


_BROAD = frozenset({"mine", "unanswered", "unassigned", "open", "all"})


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


def _within(view: str, condition: Condition) -> Q:
    if view == "unanswered" or condition.needs("is", "unanswered"):
        return Q(unanswered=True)
    if view == "open" or condition.needs("is", "open"):
        return OPEN
    return Q(spam=True) if view == "spam" or condition.needs("is", "spam") else Q()


def _seldom_wanted(condition: Condition | None) -> Q:
    """What "all" leaves out unless it is asked for: what goes on in another ticket, and spam."""
    q = Q()
    if condition is None or not condition.asks("is", "merged"):
        q &= Q(merged_into=None)
    if condition is None or not condition.asks("is", "spam"):
        q &= Q(spam=False)
    return q
