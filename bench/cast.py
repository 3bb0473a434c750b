"""The people whose pages are measured at size: twenty agents of different rights, and the owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.company import AGENTS
from bench.desk import OWNER, PASSWORD, Desk


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and an account whose tickets they see."""

    email: str
    account: int


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody by what they see, and what the tickets are spread over."""

    people: Mapping[str, tuple[Person, ...]]
    accounts: list[int]
    agents: list[int]
    teams: list[int]

    def one(self, rights: str) -> str:
        """The first of those with these rights."""
        return self.people[rights][0].email


def cast(desk: Desk) -> Cast:
    """Twelve accounts in three brands, four teams, and agents who see all, a brand, an account, a team, or an
    account and a team."""
    from heed.accounts.models import Brand, Grant, Team, User
    from heed.channels.models import Account

    accounts = [desk.account(f"size-{number}").pk for number in range(12)]
    brands = [Brand.objects.create(name=f"Brand {number}") for number in range(3)]
    for number, brand in enumerate(brands):
        Account.objects.filter(pk__in=accounts[number::3]).update(brand=brand)
    teams = [Team.objects.create(name=f"Team {number}") for number in range(4)]
    people: dict[str, list[Person]] = {"owner": [Person(OWNER, accounts[0])]}
    agents = []
    for number in range(AGENTS):
        user = User.objects.create_user(
            f"agent{number}@acme.example", PASSWORD, name=f"Agent {number}", role=""
        )
        account, team, brand = accounts[number % 12], teams[number // 4 % 4], brands[number % 3]
        rights, places = _RIGHTS[number % len(_RIGHTS)]
        where: dict[str, Any] = {"account": account, "team": team, "brand": brand}
        for place in places:
            Grant.objects.create(user=user, role="agent", **({place: where[place]} if place else {}))
        people.setdefault(rights, []).append(Person(user.email, account))
        agents.append(user.pk)
    by_rights = {rights: tuple(found) for rights, found in people.items()}
    return Cast(by_rights, accounts, agents, [each.pk for each in teams])


_RIGHTS = (
    ("agent", ("",)),
    ("one account", ("account",)),
    ("one team", ("team",)),
    ("one brand", ("brand",)),
    ("account and team", ("account", "team")),
)
