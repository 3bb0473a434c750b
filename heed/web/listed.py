"""Where one is in the inbox: which list is open, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.conditions import Condition, parse
from heed.inbox.models import SavedView, Ticket
from heed.inbox.reach import saved
from heed.inbox.reach.seeing import account_seen
from heed.inbox.search import finding
from heed.inbox.search.hits import Hit
from heed.lib.text import whole
from heed.web import nav
from heed.web.account_names import all_names

SEARCH = "search"
_SAVED = "saved-"


@dataclass(frozen=True)
class Place:
    """A list: one of the views, everything open of one account, a view somebody kept, or a search."""

    view: str
    """A name of `reach.VIEWS`, "search", or "saved-" and the number of the view."""
    account: int | None = None
    kept: SavedView | None = None
    asked: str = ""
    """What is looked for."""
    all_kept: tuple[SavedView, ...] | None = None
    """All views one keeps, where they have been read."""

    @cached_property
    def base(self) -> str:
        if self.account is not None:
            return reverse("account_view", args=[self.account])
        if self.kept is not None:
            return reverse("saved_view", args=[self.kept.pk])
        return reverse("search") if self.view == SEARCH else reverse("view", args=[self.view])

    @property
    def current(self) -> str | int:
        """What the side bar marks."""
        return self.account if self.account is not None else self.view

    @property
    def query(self) -> str:
        """What every address of this list ends with."""
        return f"?{urlencode({'q': self.asked})}" if self.asked else ""

    @property
    def rows(self) -> str:
        """The address of its further pages, to which the cursor is added."""
        return f"{self.base}rows/{self.query or '?'}{'&' if self.asked else ''}after="

    @property
    def condition(self) -> str:
        """What it holds, in the condition language, where it is one's own choice."""
        return self.kept.condition if self.kept is not None else self.asked

    @cached_property
    def title(self) -> str:
        if self.account is not None:
            return all_names()[self.account]
        if self.kept is not None:
            return self.kept.name
        return _("Search") if self.view == SEARCH else str(nav.TITLES[self.view])

    @property
    def ordered(self) -> bool:
        """Whether one may choose how it is sorted: some lists have an order of their own."""
        return self.kept is None and self.view not in ("overdue", "snoozed")

    @property
    def of_waiting(self) -> bool:
        """Whether it is the list of those who wait for an answer."""
        return self.current == "unanswered"

    def count(self, tallies: reach.Tallies) -> int:
        """How many tickets the list holds; for an account, how many of them are unanswered."""
        if self.account is not None:
            return tallies.by_account.get(self.account, 0)
        return int(getattr(tallies, self.view, 0))


@dataclass(frozen=True)
class Listed:
    """A page of a place, and where in its tickets stands what was looked for."""

    page: reach.Page[Ticket]
    hits: dict[int, Hit] = field(default_factory=dict)


def place(user: User, view: str, account: int | None = None, asked: str = "") -> Place:
    """The place of this name. Raises `NoSuchView`, `NoSuchAccount`."""
    if account is not None:
        account_seen(user, account)
        return Place("open", account)
    if view == SEARCH:
        return Place(SEARCH, asked=asked)
    if view.startswith(_SAVED):
        return kept_place(user, view.removeprefix(_SAVED))
    if view not in reach.VIEWS:
        raise reach.NoSuchView(view)
    return Place(view)


def kept_place(user: User, number: str | int) -> Place:
    pk = whole(str(number))
    views = tuple(saved.saved_views(user)) if pk is not None else ()
    kept = next((each for each in views if each.pk == pk), None)
    if kept is None:
        raise reach.NoSuchView(str(number))
    return Place(f"{_SAVED}{kept.pk}", kept=kept, all_kept=views)


def tickets(
    user: User, place: Place, *, order: str, after: str, limit: int, known: Sequence[Account] = ()
) -> Listed:
    """A page of the place. Raises `BadCondition` and what `reach.tickets` raises."""
    if place.view == SEARCH:
        found = finding.find(
            user, place.asked, order=order, after=after, limit=limit, beside=("post",), accounts=known
        )
        return Listed(found.page, found.hits)
    order = "newest" if order == finding.BY_RELEVANCE else order
    page = reach.tickets(
        user,
        "all" if place.kept else place.view,
        account=place.account,
        after=after,
        limit=limit,
        order=place.kept.order if place.kept else order,
        beside=("post",),
        accounts=known,
        condition=_condition(place),
    )
    return Listed(page)


def numbers(user: User, place: Place) -> list[int]:
    """The numbers of the place's tickets, as many as one may do something to at once."""
    chosen = "all" if place.kept or place.view == SEARCH else place.view
    return reach.numbers(user, chosen, account=place.account, condition=_condition(place))


def _condition(place: Place) -> Condition | None:
    if place.kept is not None:
        return parse(place.kept.condition)
    return parse(place.asked, unfinished=True) if place.view == SEARCH else None
