"""Keeping rules, and what is shown of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import Membership, Team, User
from heed.accounts.refusals import CannotChange
from heed.accounts.verbs import ensure_person
from heed.inbox.conditions import BadCondition
from heed.lib import clock
from heed.routing import keeping, reach
from heed.routing.models import Rule, RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, rule

pytestmark = pytest.mark.django_db


def test_what_cannot_be_kept_says_where(maja: User) -> None:
    vera = ensure_person("vera@acme.example", "Vera Mlakar", role="viewer")
    good = {"name": "Zips", "when": ["message_received"], "condition": "", "actions": [add("zip")]}
    keeping.keep_rule(maja, Rule(), good)
    for wrong, field in (
        ({"name": " "}, "name"),
        ({"when": ["nonsense"]}, "when"),
        ({"actions": []}, "actions"),
        ({"actions": [{"do": "explode"}]}, "actions"),
        ({"actions": [{"do": "webhook", "url": "ftp://x"}]}, "actions"),
        ({"actions": [{"do": "priority", "priority": 9}]}, "actions"),
        ({"actions": [{"do": "answer", "text": "Hi {nobody}"}]}, "actions"),
        ({"actions": [{"do": "assign_person", "person": vera.pk}]}, "actions"),
    ):
        with pytest.raises(CannotChange) as refused:
            keeping.keep_rule(maja, Rule(), good | wrong)
        assert refused.value.field == field
    with pytest.raises(BadCondition) as bad:
        keeping.keep_rule(maja, Rule(), good | {"condition": "is:open tag:zip is:nonsense"})
    assert bad.value.word == "nonsense"
    assert Rule.objects.count() == 1


def test_rules_change_places(maja: User) -> None:
    first, second, third = rule(add("a")), rule(add("b")), rule(add("c"))
    keeping.move_rule(maja, third, up=True)
    keeping.move_rule(maja, first, up=True)
    assert list(Rule.objects.all()) == [first, third, second]
    assert [each.rule for each in reach.rules(maja)] == [first, third, second]


def test_runs_are_counted_lately_and_up_to_a_bound(
    opened: Open, maja: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = rule(add("zip")), rule(add("late"))
    ticket = opened()
    RuleRun.objects.bulk_create(RuleRun(rule=mine, ticket=ticket, failed=n == 0) for n in range(5))
    RuleRun.objects.create(rule=mine, ticket=ticket, at=clock.now() - timedelta(days=8))
    assert [(each.rule, each.runs, each.failed) for each in reach.rules(maja)] == [
        (mine, 5, 1),
        (other, 0, 0),
    ]
    monkeypatch.setattr(reach, "MOST_RUNS", 3)
    assert reach.rules(maja)[0].runs == 4


def test_teams_ask_once_for_all_members(
    maja: User, returns: Team, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        person = User.objects.create_user(f"p{number}@acme.example", name=f"Person {number}")
        Membership.objects.create(team=returns, user=person)
    with django_assert_max_num_queries(8):
        (team,) = reach.teams(maja)
    assert len(team.people) == 10
