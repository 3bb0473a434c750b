"""Who may see what: the one place that turns somebody's rights into a part of every query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Sum

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, Permission, Where, need
from heed.channels import reach as channels
from heed.channels.models import Account
from heed.inbox.models import TallyChange, Ticket


@dataclass(frozen=True, slots=True)
class Sight:
    """The tickets on which a permission holds for somebody: all of them, or those on these accounts, of
    these teams, and their own."""

    user: int
    everywhere: bool
    accounts: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()

    def q(self, prefix: str = "") -> Q:
        """The condition on tickets, or with a prefix like `ticket__` on what belongs to them."""
        if self.everywhere:
            return Q()
        return (
            Q(**{f"{prefix}account_id__in": self.accounts})
            | Q(**{f"{prefix}team_id__in": self.teams})
            | Q(**{f"{prefix}assignee_id": self.user})
        )

    def sql(self, table: str = "inbox_ticket") -> tuple[str, list[Any]]:
        """The same as SQL over a ticket's columns, with its parameters."""
        if self.everywhere:
            return "TRUE", []
        where = f"({table}.account_id = ANY(%s) OR {table}.team_id = ANY(%s) OR {table}.assignee_id = %s)"
        return where, [sorted(self.accounts), sorted(self.teams), self.user]

    def holds_on(self, account: int) -> bool:
        """Whether it holds for all that belongs to this account."""
        return self.everywhere or account in self.accounts

    def takes_in(self, ticket: Ticket) -> bool:
        return (
            self.everywhere
            or ticket.account_id in self.accounts
            or ticket.team_id in self.teams
            or ticket.assignee_id == self.user
        )


def sight(user: User, permission: Permission = "see") -> Sight:
    """Where a permission holds for this person. Raises `NotAllowed` where it holds nowhere."""
    signed_in(user)
    need(user, permission)
    where = user.rights.where(permission)
    if where.everywhere:
        return Sight(user.pk, True)
    accounts = where.accounts | _of_brands(user, where.brands)
    return Sight(user.pk, False, accounts, where.teams)


def granted(where: Where) -> Q:
    """The tickets on which what was granted there holds, whoever has them."""
    of_brands = Account.objects.filter(brand_id__in=where.brands).values_list("pk", flat=True)
    nobody = 0
    return Sight(nobody, where.everywhere, where.accounts | {*of_brands}, where.teams).q()


def _of_brands(user: User, brands: frozenset[int]) -> frozenset[int]:
    """The accounts of these brands, read once a person: like their rights, once a request."""
    known: dict[frozenset[int], frozenset[int]] = user.__dict__.setdefault("_accounts_of_brands", {})
    if brands and brands not in known:
        found = Account.objects.filter(brand_id__in=brands).values_list("pk", flat=True)
        known[brands] = frozenset(found)
    return known.get(brands, frozenset())


def accounts_seen(
    user: User, known: list[Account] | None = None, counted: frozenset[int] | None = None
) -> list[Account]:
    """The accounts on which this person sees tickets, be it only their team's or their own; all of them for
    those who connect accounts. `known` are all there are, `counted` those with tickets in sight, where they
    are at hand."""
    found = channels.accounts() if known is None else known
    if user.rights.may("accounts"):
        return found
    if not user.rights.may("see"):
        return []
    seen = sight(user)
    if seen.everywhere:
        return found
    named = seen.accounts | (_with_tickets(seen) if counted is None else counted)
    return [each for each in found if each.pk in named]


def _with_tickets(seen: Sight) -> set[int]:
    counted = TallyChange.objects.filter(seen.q()).values("account").annotate(n=Sum("tickets"))
    return set(counted.filter(n__gt=0).values_list("account", flat=True))


def account_seen(user: User, account_id: int) -> Account:
    """One of them; raises `NoSuchAccount`, or `NotAllowed` for those who see no tickets at all."""
    if not user.rights.may("accounts"):
        need(user, "see")
    for each in accounts_seen(user):
        if each.pk == account_id:
            return each
    raise channels.NoSuchAccount(account_id)


def signed_in(user: User) -> None:
    if not (user.is_authenticated and user.is_active):
        raise NotAllowed


def may_administer(user: User) -> None:
    signed_in(user)
    need(user, "accounts")
