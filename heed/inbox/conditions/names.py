"""The names a condition may use: teams, accounts, people, tags. Read once a condition."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property

from django.db.models import Q

from heed.accounts.models import Brand, Team, User
from heed.accounts.rights import Where
from heed.channels.models import Account
from heed.inbox.models import Field, Tag
from heed.lib.text import whole
from heed.lib.tokens import folded_name

NOBODY = frozenset({"nobody", "none"})
Named = tuple[str, int]


@dataclass
class Asker:
    """Who asks, when, and what they may know the names of. Without a person (a rule asks), all."""

    user: User | None
    now: datetime
    zone: tzinfo
    strict: bool = False
    """A name nobody has is a mistake, instead of fitting no ticket."""

    def at(self, now: datetime) -> Asker:
        """The same at another time, with the names that were read already."""
        then = copy.copy(self)
        then.now = now
        return then

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

    @cached_property
    def accounts(self) -> list[Account]:
        found = Account.objects.order_by("name", "pk").only("pk", "name", "handle", "network", "brand_id")
        where = self._where
        if not where.everywhere:
            found = found.filter(Q(pk__in=where.accounts) | Q(brand__in=where.brands))
        return list(found)

    @cached_property
    def brands(self) -> list[Named]:
        found = Brand.objects.order_by("name")
        if not self._where.everywhere:
            found = found.filter(pk__in=[each.brand_id for each in self.accounts if each.brand_id])
        return list(found.values_list("name", "pk"))

    @cached_property
    def teams(self) -> list[Named]:
        found = Team.objects.order_by("name")
        if not self._where.everywhere:
            found = found.filter(Q(pk__in=self._where.teams) | Q(members=self.user)).distinct()
        return list(found.values_list("name", "pk"))

    @cached_property
    def people(self) -> list[User]:
        return list(
            User.objects.order_by("-is_active", "name", "pk").only("pk", "name", "email", "is_active")
        )

    @cached_property
    def tags(self) -> list[str]:
        return list(Tag.objects.order_by("name").values_list("name", flat=True))

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {each.key: each for each in Field.objects.order_by("position", "key")}

    @property
    def _where(self) -> Where:
        return self.user.rights.where("see") if self.user else Where(everywhere=True)


def meant(operator: str, wanted: str, asker: Asker, was: Mapping[int, str] = {}) -> frozenset[int]:
    """The teams, brands or accounts that a value of this operator means; `was` are names of before, by id."""
    match operator:
        case "team":
            known = asker.teams if wanted.lower() not in NOBODY else []
        case "brand":
            known = asker.brands
        case _:
            called_so = [each for each in asker.accounts if each.pk not in was]
            before = [
                Account(pk=each.pk, name=was[each.pk], handle=each.handle)
                for each in asker.accounts
                if each.pk in was
            ]
            return accounts_called(wanted, [*called_so, *before])
    return named(wanted, [(was.get(pk, name), pk) for name, pk in known])


def named(wanted: str, known: Iterable[Named]) -> frozenset[int]:
    """Whose name this is, however it is written; if nobody's, whose name begins so."""
    asked = folded_name(wanted)
    folded = [(folded_name(name), pk) for name, pk in known]
    same = frozenset(pk for name, pk in folded if name == asked)
    return same or _beginning(asked, folded)


def tags_named(wanted: str, known: list[str]) -> frozenset[str]:
    """The tags meant: this one, or with a star all that begin so."""
    asked = folded_name(wanted.removesuffix("*"))
    fits: Callable[[str], bool] = asked.__eq__
    if wanted.endswith("*"):
        fits = lambda name: name.startswith(asked)  # noqa: E731
    return frozenset(name for name in known if fits(folded_name(name)))


def people_called(wanted: str, people: list[User]) -> frozenset[int]:
    """Colleagues by name, first name or address."""
    asked = wanted.lstrip("@").lower()
    by_address = frozenset(each.pk for each in people if asked in (each.email, each.email.split("@")[0]))
    return by_address or named(asked, [(each.name, each.pk) for each in people])


def accounts_called(wanted: str, accounts: list[Account]) -> frozenset[int]:
    """Accounts by name, handle or number."""
    number = whole(wanted)
    if number is not None:
        return frozenset(each.pk for each in accounts if each.pk == number)
    if wanted.startswith("@"):
        return named(wanted, [(each.handle, each.pk) for each in accounts if each.handle])
    return named(wanted, [(each.name, each.pk) for each in accounts]) or named(
        wanted, [(each.handle, each.pk) for each in accounts if each.handle]
    )


def _beginning(asked: str, folded: list[Named]) -> frozenset[int]:
    return frozenset(pk for name, pk in folded if name.startswith(asked)) if asked else frozenset()
