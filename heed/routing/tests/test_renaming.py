"""A tag, team, brand or account is called another name, and what names it goes on meaning it."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import AuditRow, Brand, Grant, Team, User
from heed.accounts.verbs import name_brand
from heed.channels import verbs as channels
from heed.channels.models import Account
from heed.inbox import verbs
from heed.inbox.conditions import BadCondition
from heed.inbox.models import Customer, SavedView, Tag
from heed.inbox.verbs import CannotTend, drop_tag, rename_tag, where_named
from heed.routing import keeping, rules
from heed.routing.models import Policy, Rule, Skill
from heed.routing.moving import MOVE_PROMISES
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, comes, fresh, rule

pytestmark = pytest.mark.django_db


def test_rules_and_skills_take_the_new_name(maja: User) -> None:
    tags = [Tag.objects.create(name=name) for name in ("zipper", "late")]
    deeds = [{"do": "add_tags", "tags": ["a", "zipper"]}, {"do": "set_status", "status": "pending"}]
    rule = Rule.objects.create(name="Zips", when=["ticket_opened"], condition="tag:zipper", actions=deeds)
    skill = Skill.objects.create(name="Repairs", tags=["heel", "zipper"])
    rename_tag(maja, tags[0], "Zip")
    rule.refresh_from_db()
    skill.refresh_from_db()
    assert rule.condition == "tag:zip"
    assert rule.actions == [{"do": "add_tags", "tags": ["a", "zip"]}, deeds[1]]
    assert skill.tags == ["heel", "zip"]
    rename_tag(maja, tags[1], "heel")
    skill.refresh_from_db()
    assert skill.tags == ["heel", "zip"]


def test_what_the_team_still_needs_is_not_deleted(maja: User) -> None:
    tag = Tag.objects.create(name="zip")
    mine = SavedView.objects.create(owner=maja, name="Mine", condition="tag:zip")
    assert where_named(tag) == []
    SavedView.objects.create(owner=maja, name="All of them", condition="tag:z*", shared=True)
    shared = SavedView.objects.create(owner=maja, name="Zips", condition="is:open -tag:late,ZIP", shared=True)
    asks = Rule.objects.create(name="Late", when=["ticket_opened"], condition="tag:zip", actions=[])
    sets = Rule.objects.create(
        name="Sort", when=["ticket_opened"], condition="zip", actions=[{"do": "add_tags", "tags": ["zip"]}]
    )
    skill = Skill.objects.create(name="Repairs", tags=["zip"])
    assert where_named(tag) == [
        "the view “Zips”",
        "the rule “Late”",
        "the rule “Sort”",
        "the skill “Repairs”",
    ]
    for each in (shared, asks, sets, skill):
        with pytest.raises(CannotTend, match="Change that first"):
            drop_tag(maja, tag)
        each.delete()
    drop_tag(maja, tag)
    assert not Tag.objects.exists()
    assert SavedView.objects.filter(pk=mine.pk).exists()


def call(maja: User, team: Team, name: str) -> None:
    facts = {"same_language": True, "same_skill": True, "prefer_last": True, "takes_back": True}
    keeping.change_team(maja, team, name=name, members=[], accounts=[], way="pull", **facts)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("is:open -team:Returns", "is:open -team:Exchanges"),
        ('team:"returns",Sales vip', "team:Exchanges,Sales vip"),
        ("team:re", 'team:Exchanges,"Retail shop"'),
        ("-Team:Sal returns", "-Team:Sal returns"),
        ("team:none", "team:none"),
    ],
)
def test_a_team_of_another_name_stays_meant(maja: User, returns: Team, before: str, after: str) -> None:
    Team.objects.create(name="Retail shop")
    Team.objects.create(name="Sales")
    asks = rule(add("x"), condition=before)
    view = SavedView.objects.create(owner=maja, name="Mine", condition=before)
    call(maja, returns, "Exchanges")
    asks.refresh_from_db()
    view.refresh_from_db()
    assert (asks.condition, view.condition) == (after, after)


def test_a_view_is_rewritten_by_the_names_its_owner_may_know(
    maja: User, ivo: User, account: Account, returns: Team
) -> None:
    Team.objects.create(name="Retail shop")
    Grant.objects.filter(user=ivo).update(team=returns)
    view = SavedView.objects.create(owner=ivo, name="Mine", condition="team:ret")
    call(maja, returns, "Exchanges")
    view.refresh_from_db()
    assert view.condition == "team:Exchanges"


def test_a_name_another_one_had_the_beginning_of_takes_nothing_over(maja: User, returns: Team) -> None:
    Team.objects.create(name="Sales abroad")
    asks = rule(add("x"), condition="team:Sales")
    call(maja, returns, "Sales")
    asks.refresh_from_db()
    assert asks.condition == 'team:"Sales abroad"'


def test_brands_and_accounts_of_another_name_stay_meant(maja: User, account: Account) -> None:
    brand = Brand.objects.create(name="Acme Kids")
    other = Account.objects.create(network="rubber", name="Shop", external_id="shop-2")
    asks = rule(add("x"), condition=f'-brand:"Acme Kids" account:"{account.name}"')
    name_brand(maja, brand, "Little Acme")
    channels.rename(account, "Shop", by=maja)
    asks.refresh_from_db()
    assert asks.condition == f'-brand:"Little Acme" account:{account.pk}'
    channels.rename(other, "Outlet", by=maja)
    asks.refresh_from_db()
    assert asks.condition == f'-brand:"Little Acme" account:{account.pk}'


@pytest.mark.parametrize("condition", ["-team:Gone", "-assignee:me", "-is:mine", "-author:me"])
def test_a_rule_with_a_name_that_nobody_has_does_not_run(opened: Open, condition: str) -> None:
    asks = rule(add("x"), condition=condition)
    ticket = opened()
    rules.run_rules([comes(ticket)])
    assert fresh(ticket).tags == []
    asks.refresh_from_db()
    assert asks.problem


def test_a_rule_has_no_me(maja: User) -> None:
    facts = {"name": "Mine", "when": ["time"], "condition": "assignee:me", "actions": [add("x")]}
    with pytest.raises(BadCondition, match="no “me”"):
        keeping.keep_rule(maja, Rule(), facts)


def test_a_name_that_fits_no_condition_is_not_taken(maja: User) -> None:
    """Else a view or rule would go on to ask for what is no more, and find nobody."""
    tag = Tag.objects.create(name="zip")
    view = SavedView.objects.create(owner=maja, name="Mine", condition="tag:zip group:vip " + "x" * 1980)

    def is_refused(place: str) -> None:
        with pytest.raises(CannotTend, match=f"too long: {place}"):
            rename_tag(maja, tag, "zipper")
        with pytest.raises(CannotTend, match=f"too long: {place}"):
            verbs.rename_group(maja, "vip", "wholesale")

    is_refused(f"a view of {maja.name}")
    SavedView.objects.update(shared=True)
    is_refused("the view “Mine”")
    view.delete()
    rule(add("x"), name="Late", condition=view.condition)
    is_refused("the rule “Late”")
    assert Tag.objects.get().name == "zip"


def test_renamings_lock_in_one_order(maja: User, returns: Team) -> None:
    """Else two of them at once would each wait for what the other holds."""
    tag = Tag.objects.create(name="zipper")
    Customer.objects.create(name="Lea", group="wholesale")
    with CaptureQueriesContext(connection) as asked_for:
        rename_tag(maja, tag, "Zip")
        verbs.rename_group(maja, "wholesale", "Trade")
        call(maja, returns, "Exchanges")
    kept = '"(inbox_savedview|routing_rule)" .*FOR UPDATE'
    locked = [found[1] for each in asked_for if (found := re.search(kept, each["sql"]))]
    assert locked == ["inbox_savedview", "routing_rule"] * 3


def test_what_names_a_customer_group_takes_the_new_name(maja: User) -> None:
    for name, group in (("Lea", "wholesale"), ("Omar", "Trade"), ("Sam", "")):
        Customer.objects.create(name=name, group=group)
    asked = "is:open group:wholesale,none -group:WHOLESALE"
    view = SavedView.objects.create(owner=maja, name="Big", condition=asked)
    rule = Rule.objects.create(name="Late", when=["ticket_opened"], condition='group:"wholesale"', actions=[])
    target = Policy.objects.create(name="Fast", first_reply=60, groups=["press", "wholesale"])
    with CaptureQueriesContext(connection) as asked_for:
        assert verbs.rename_group(maja, "wholesale", ' Big  "buyers" ') is False
    (moving,) = [each["sql"] for each in asked_for if "UPDATE inbox_customer" in each["sql"]]
    assert "FOR NO KEY UPDATE" in moving  # else nothing of theirs comes in meanwhile
    for each in (view, rule, target):
        each.refresh_from_db()
    assert view.condition == 'is:open group:"Big buyers",none -group:WHOLESALE,"Big buyers"'
    assert (rule.condition, target.groups) == ('group:"Big buyers"', ["Big buyers", "press"])
    assert ProcrastinateJob.objects.filter(queueing_lock=MOVE_PROMISES).exists()
    assert verbs.rename_group(maja, "Big buyers", "Trade") is True
    rule.refresh_from_db()
    assert rule.condition == "group:Trade"
    assert list(Customer.objects.order_by("name").values_list("group", flat=True)) == ["Trade", "Trade", ""]
    told = AuditRow.objects.filter(kind="customergroup").order_by("pk").values_list("what", "facts")
    assert list(told) == [
        ("renamed", {"before": "wholesale", "after": "Big buyers"}),
        ("removed", {"before": "Big buyers", "after": "Trade"}),
    ]


def test_a_group_that_is_still_needed_is_not_removed(maja: User) -> None:
    Customer.objects.create(name="Lea", group="wholesale")
    SavedView.objects.create(owner=maja, name="Mine", condition="group:wholesale")
    rule = Rule.objects.create(name="Late", when=["ticket_opened"], condition="-group:Wholesale", actions=[])
    target = Policy.objects.create(name="Fast", first_reply=60, groups=["wholesale"])
    assert verbs.where_group_named("wholesale") == ["the rule “Late”", "the target “Fast”"]
    for each in (rule, target):
        with pytest.raises(CannotTend, match="Change that first"):
            verbs.drop_group(maja, "wholesale")
        each.delete()
    verbs.drop_group(maja, "wholesale")
    assert not Customer.objects.exclude(group="").exists()
    for name, why in (("", "needs a name"), ("None", "in no group"), ("x" * 61, "at most 60")):
        with pytest.raises(CannotTend, match=why):
            verbs.rename_group(maja, "wholesale", name)
