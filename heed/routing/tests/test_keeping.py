"""Whoever sets up teams and rules does not come by tickets that they do not see."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import AuditRow, Brand, Grant, OwnRole, Team, User
from heed.accounts.refusals import CannotChange
from heed.channels.models import Account
from heed.routing import desk_hours, keeping
from heed.routing.desk_hours import Place
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
    with pytest.raises(CannotChange) as refused:
        change(some, returns, [account.pk])
    assert refused.value.field == "accounts"
    assert not AccountTeam.objects.exists()
    change(maja, returns, [account.pk])
    change(some, returns, [account.pk])
    assert AccountTeam.objects.get().account_id == account.pk


def test_a_rule_shows_tickets_only_for_who_sees_all(returns: Team, some: User, maja: User) -> None:
    for action in (
        {"do": "assign_person", "person": some.pk},
        {"do": "assign_team", "team": returns.pk},
        {"do": "webhook", "url": "https://anas.example/hook"},
    ):
        facts = {"name": "To me", "when": ["message_received"], "condition": "", "actions": [action]}
        with pytest.raises(CannotChange) as refused:
            keeping.keep_rule(some, Rule(), facts)
        assert refused.value.field == "actions"
        keeping.keep_rule(maja, Rule(), facts)
    tags = {"name": "Zips", "when": ["message_received"], "actions": [{"do": "add_tags", "tags": ["zip"]}]}
    keeping.keep_rule(some, Rule(), tags)


def test_whoever_sees_some_tickets_does_not_turn_the_call_of_a_rule_to_themselves(
    some: User, maja: User
) -> None:
    call = {"do": "webhook", "url": "https://shop.example/hook"}
    facts = {"name": "Shop", "when": ["message_received"], "condition": "", "actions": [call]}
    row = keeping.keep_rule(maja, Rule(), facts)
    for actions in (
        [{**call, "url": "https://anas.example/hook"}],
        [call, {**call, "url": "https://a.example"}],
    ):
        with pytest.raises(CannotChange):
            keeping.keep_rule(some, Rule.objects.get(pk=row.pk), facts | {"actions": actions})
    with pytest.raises(CannotChange):
        keeping.keep_rule(some, Rule.objects.get(pk=row.pk), facts | {"condition": "is:open"})
    assert Rule.objects.get(pk=row.pk).actions == [call]


def test_the_audit_tells_how_a_team_and_its_hours_were(maja: User, ana: User) -> None:
    team = keeping.make_team(maja, "Zips")
    facts: dict[str, Any] = {
        "members": [ana.pk],
        "accounts": [],
        "way": "turns",
        "same_language": True,
        "same_skill": True,
    }
    keeping.change_team(maja, team, name="Heels", **facts, prefer_last=True, takes_back=True)
    changed = AuditRow.objects.get(kind="team", what="changed").facts
    assert changed["before"] == {"name": "Zips", "way": "pull", "people": []}
    assert changed["after"] == {"name": "Heels", "way": "turns", "people": [str(ana)]}
    week: list[list[list[int]]] = [[[540, 1020]], *([[]] * 6)]
    desk: dict[str, Any] = {"name": "Desk", "zone": "UTC", "holidays": [], "places": [Place(team=team.pk)]}
    held = desk_hours.keep(None, maja, week=week, **desk)
    desk_hours.keep(held, maja, week=[*week[:6], [[600, 660]]], **desk)
    changed = AuditRow.objects.get(kind="schedule", what="changed").facts
    assert changed["before"] == {"week": ["Mon 09:00–17:00"]}
    assert changed["after"] == {"week": ["Mon 09:00–17:00", "Sun 10:00–11:00"]}
