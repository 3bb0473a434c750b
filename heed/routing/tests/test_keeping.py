"""Whoever sets up teams and rules does not come by tickets that they do not see."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import Brand, Grant, OwnRole, Team, User
from heed.channels.models import Account
from heed.routing import keeping
from heed.routing.keeping import CannotKeep
from heed.routing.models import AccountTeam, Rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def some(ana: User) -> User:
    """Ana sets up the desk, and sees the tickets of one brand."""
    ana.grants.all().delete()
    Grant.objects.create(user=ana, own=OwnRole.objects.create(name="Desk", permissions=["routing"]))
    Grant.objects.create(user=ana, role="agent", brand=Brand.objects.create(name="Acme Kids"))
    return User.objects.get(pk=ana.pk)


def change(user: User, team: Team, accounts: list[int]) -> None:
    facts: dict[str, Any] = {"way": "turns", "same_language": False, "same_skill": False}
    keeping.change_team(
        user,
        team,
        name="Returns",
        members=[],
        accounts=accounts,
        prefer_last=False,
        takes_back=False,
        **facts,
    )


def test_the_accounts_of_a_team_are_chosen_by_who_sees_all(
    account: Account, returns: Team, some: User, maja: User
) -> None:
    with pytest.raises(CannotKeep) as refused:
        change(some, returns, [account.pk])
    assert refused.value.field == "accounts"
    assert not AccountTeam.objects.exists()
    change(maja, returns, [account.pk])
    change(some, returns, [account.pk])
    assert AccountTeam.objects.get().account_id == account.pk


def test_a_rule_gives_tickets_out_only_for_who_sees_all(returns: Team, some: User, maja: User) -> None:
    for action in ({"do": "assign_person", "person": some.pk}, {"do": "assign_team", "team": returns.pk}):
        facts = {"name": "To me", "when": ["message_received"], "condition": "", "actions": [action]}
        with pytest.raises(CannotKeep) as refused:
            keeping.keep_rule(some, Rule(), facts)
        assert refused.value.field == "actions"
        keeping.keep_rule(maja, Rule(), facts)
    tags = {"name": "Zips", "when": ["message_received"], "actions": [{"do": "add_tags", "tags": ["zip"]}]}
    keeping.keep_rule(some, Rule(), tags)
