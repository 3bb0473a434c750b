"""What somebody looks for, found in everything they may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.conditions import Condition, parse
from heed.inbox.conditions.tree import Number, Words
from heed.inbox.models import Ticket
from heed.inbox.reach.pages import opened, sealed
from heed.inbox.search.hits import Hit, hits
from heed.inbox.statements import run
from heed.lib.text import whole

BY_RELEVANCE = "relevance"
ORDERS = (*reach.ORDERS, BY_RELEVANCE)
MOST_RANKED = 200
"""By relevance the newest so many are sorted; the others follow, the newest first."""


@dataclass(frozen=True)
class Found:
    """A page of tickets, where in them the words stand, and what was understood."""

    page: reach.Page[Ticket]
    condition: Condition
    hits: dict[int, Hit] = field(default_factory=dict)


def find(
    user: User,
    text: str,
    *,
    order: str = "newest",
    after: str = "",
    limit: int = 50,
    beside: Sequence[str] = ("customer", "post", "team"),
    accounts: Sequence[Account] = (),
    unfinished: bool = True,
) -> Found:
    """The tickets this person may see that fit a condition or hold some words; with the ticket of a
    number, if one is given, at the top. Raises `BadCondition`, `reach.NoSuchOrder`, `reach.BadCursor`."""
    condition = parse(text, unfinished=unfinished)
    condition.check(user)
    asked = _Asked(user, condition, limit, beside, accounts)
    page = asked.by_relevance(after) if order == BY_RELEVANCE else asked.in_order(order, after)
    if not after:
        page = asked.with_number_first(page)
    return Found(page, condition, hits([row.pk for row in page.items], condition.words))


@dataclass(frozen=True)
class _Asked:
    user: User
    condition: Condition
    limit: int
    beside: Sequence[str]
    accounts: Sequence[Account]

    def in_order(self, order: str, after: str, limit: int = 0) -> reach.Page[Ticket]:
        return reach.tickets(
            self.user,
            "all",
            order=order,
            after=after,
            limit=limit or self.limit,
            beside=self.beside,
            accounts=self.accounts,
            condition=self.condition,
        )

    def by_relevance(self, after: str) -> reach.Page[Ticket]:
        """The newest that fit, those first where the words stand in the subject or often; then the others."""
        start = _start_of(after) if after else 0
        if start is None:
            return self.in_order("newest", after)
        page = self.in_order("newest", "", MOST_RANKED)
        newest = page.items
        asked = " & ".join(f"({words.phrase.tsquery})" for words in self.condition.words)
        if asked:
            ranks = dict(run(_RANK, asked, [row.pk for row in newest]))
            newest.sort(key=lambda row: -ranks.get(row.pk, 0.0))
        end = start + self.limit
        return reach.Page(newest[start:end], sealed(end) if end < len(newest) else page.next)

    def with_number_first(self, page: reach.Page[Ticket]) -> reach.Page[Ticket]:
        number = _number_in(self.condition)
        if number is None or number in {row.pk for row in page.items}:
            return page
        try:
            return reach.Page([reach.ticket(self.user, number), *page.items], page.next)
        except reach.NoSuchTicket:
            return page


_RANK = """
SELECT ticket_id, ts_rank(words, %s::tsquery) FROM inbox_ticketwords WHERE ticket_id = ANY(%s::bigint[])
"""


def _number_in(condition: Condition) -> int | None:
    """The number, where nothing but one was asked for."""
    match condition.tree:
        case Number(number):
            return number
        case Words(_phrase, text):
            return whole(text)
    return None


def _start_of(cursor: str) -> int | None:
    """A place among those that are sorted; None where the cursor is one of the others."""
    try:
        (start,) = opened(cursor, int)
    except reach.BadCursor:
        return None
    return min(max(0, int(start)), MOST_RANKED)
