"""What comes in together is worked on together: with the same outcome, and with as many statements."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from heed.accounts.models import Team, User
from heed.channels.base import Person
from heed.channels.models import Account
from heed.inbox import events, reactions
from heed.inbox.models import Event, Field, Message, Notice, ReactionFailure, Ticket
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import comment
from heed.inbox.tests.deliveries import news as told
from heed.inbox.verbs import together
from heed.lib import clock
from heed.routing import by_time, rules
from heed.routing.models import AccountTeam, Policy, Promise, RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, comes, fresh, rule

pytestmark = pytest.mark.django_db


# ----------------------------------------------------------------------------- as one by one


Outcome = tuple[Any, ...]


def outcome(tickets: list[Ticket]) -> list[Outcome]:
    """How each ticket stands, what was told of it and what its runs say."""
    found: list[Outcome] = []
    for ticket in map(fresh, tickets):
        told_of = Event.objects.filter(ticket=ticket).exclude(kind="rule_ran").order_by("pk")
        ran = RuleRun.objects.filter(ticket=ticket).order_by("rule", "pk")
        facts = (ticket.tags, ticket.priority, ticket.team_id, ticket.assignee_id, ticket.status)
        found.append(
            (
                *facts,
                ticket.unanswered,
                ticket.waiting_since is None,
                ticket.solved_at is None,
                [(each.kind, {**each.facts, "waiting_since": None}) for each in told_of],
                [(each.rule_id, each.outcome, each.failed) for each in ran],
                list(Notice.objects.filter(ticket=ticket).order_by("pk").values_list("user", "kind", "text")),
                list(ticket.messages.order_by("pk").values_list("text", "visibility")),
                Event.objects.filter(ticket=ticket, kind="rule_ran").count(),
            )
        )
    return found


def mixed(opened: Open, maja: User, into: Ticket) -> list[Ticket]:
    """Tickets to which not everything can be done."""
    moment = clock.now() - timedelta(hours=1)
    plain = {"waiting_since": moment}
    return [
        opened("Where is my parcel?", **plain),
        opened("I want a refund", tags=["parcel"], **plain),
        opened("Refund, please", priority=3, **plain),
        opened("refund", tags=[f"tag {number:02}" for number in range(30)], **plain),
        opened("refund!", fields={"size": "42"}, status="pending", **plain),
        opened("A refund", spam=True, status="solved", unanswered=False, waiting_since=None),
        opened("My refund", assignee=maja, **plain),
        opened("refund again", merged_into=into, **plain),
    ]


DEEDS: list[Callable[[Team, User], dict[str, Any]]] = [
    lambda team, ana: {"do": "add_tags", "tags": ["money", "zip"]},
    lambda team, ana: {"do": "remove_tags", "tags": ["parcel", "tag 01"]},
    lambda team, ana: {"do": "priority", "priority": 3},
    lambda team, ana: {"do": "status", "status": "open"},
    lambda team, ana: {"do": "status", "status": "solved"},
    lambda team, ana: {"do": "assign_team", "team": team.pk},
    lambda team, ana: {"do": "assign_team", "team": 0},
    lambda team, ana: {"do": "assign_team", "team": 999999},
    lambda team, ana: {"do": "assign_person", "person": ana.pk},
    lambda team, ana: {"do": "assign_person", "person": 0},
    lambda team, ana: {"do": "notify_person", "person": ana.pk, "text": "Look"},
    lambda team, ana: {"do": "notify_team", "team": team.pk},
    lambda team, ana: {"do": "note", "text": "Money"},
    lambda team, ana: {"do": "hide"},
    lambda team, ana: {"do": "answer", "text": "One moment, {first_name}"},
    lambda team, ana: {"do": "answer_quick_text", "quick_text": "none such"},
    lambda team, ana: {"do": "webhook", "url": "https://other.example/x"},
]


@pytest.mark.parametrize("number", range(len(DEEDS)))
def test_each_deed_does_to_many_what_it_does_to_one(
    opened: Open, ana: User, maja: User, returns: Team, number: int
) -> None:
    Field.objects.create(key="size", title="Size", kind="text", required_on_solve=True)
    deed = DEEDS[number](returns, ana)
    rule(deed, add("after"), condition="refund OR is:merged OR is:spam", name="One")
    rule({"do": "priority", "priority": 4}, condition="tag:after money", name="Two", position=5)
    into = opened("Hello")
    alone, many = mixed(opened, maja, into), mixed(opened, maja, into)
    for ticket in alone:
        rules.run_rules([comes(ticket)])
    rules.run_rules([comes(ticket) for ticket in many])
    assert outcome(many) == outcome(alone)
    assert any(each[9] for each in outcome(many))


def test_what_cannot_be_done_together_is_done_one_by_one(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, tickets = together.set_priority, [opened(), opened(), opened()]

    def broken_for_the_second(numbers: list[int], priority: int) -> dict[int, Any]:
        if tickets[1].pk in numbers:
            Ticket.objects.raw("SELECT nonsense")[0]
        return known(numbers, priority)

    monkeypatch.setattr(together, "set_priority", broken_for_the_second)
    rule({"do": "priority", "priority": 4}, add("after"))
    rules.run_rules([comes(each) for each in tickets])
    assert [fresh(each).priority for each in tickets] == [4, 2, 4]
    assert [fresh(each).tags for each in tickets] == [["after"]] * 3
    [failed] = RuleRun.objects.filter(failed=True)
    assert failed.ticket == tickets[1]
    assert [(each["ok"], each.get("said")) for each in failed.outcome] == [
        (False, "ProgrammingError"),
        (True, None),
    ]


def test_a_rule_that_fails_for_many_runs_for_each(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    known = rules._tell

    def tells_of_one(runs: list[RuleRun]) -> None:
        if len(runs) > 1:
            raise RuntimeError
        known(runs)

    monkeypatch.setattr(rules, "_tell", tells_of_one)
    rule(add("on"))
    tickets = [opened(), opened()]
    rules.run_rules([comes(each) for each in tickets])
    assert [fresh(each).tags for each in tickets] == [["on"]] * 2
    assert RuleRun.objects.count() == 2


def test_a_later_rule_reads_what_an_earlier_one_did(opened: Open) -> None:
    rule(add("refund"), condition="zip", position=1)
    rule({"do": "note", "text": "A voucher"}, condition="refund", position=2)
    rule({"do": "priority", "priority": 4}, condition="voucher", position=3)
    tickets = [opened("The zip is torn"), opened("A zip"), opened("Hello")]
    rules.run_rules([comes(each) for each in tickets])
    assert [fresh(each).priority for each in tickets] == [4, 4, 2]


def test_each_ticket_of_a_batch_carries_what_led_to_it(opened: Open) -> None:
    mine = rule(add("on"))
    first, second = opened(), opened()
    rules.run_rules([comes(first, rules=[999_999]), comes(second)])
    led = {each.ticket_id: rules.led_by(each) for each in Event.objects.filter(kind="tags_changed")}
    assert led == {first.pk: [999_999, mine.pk], second.pk: [mine.pk]}


def test_many_that_wait_too_long_are_run_once(opened: Open) -> None:
    rule({"do": "note", "text": "Late"}, add("late"), when="time", condition="waiting:>2h")
    late = [opened(), opened(), opened()]
    assert [by_time.run_by_time() for _twice in range(2)] == [3, 0]
    assert [fresh(each).tags for each in late] == [["late"]] * 3
    assert Message.objects.filter(visibility="note").count() == 3


# ----------------------------------------------------------------------------- with as many statements


def work() -> None:
    """Do the reactions that wait, and those that follow from them."""
    while waiting := run("DELETE FROM procrastinate_jobs RETURNING task_name, args->'events'"):
        for name, numbers in waiting:
            if name == events.REACT:
                reactions.react(json.loads(numbers))


def test_a_large_batch_takes_as_many_statements_as_a_small_one(
    account: Account, returns: Team, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    known = psycopg.Cursor.execute

    def heard(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        said.append(str(query))
        return known(self, query, *rest, **more)

    returns.routing.way = "hand"
    returns.routing.save()
    AccountTeam.objects.create(account=account, team=returns)
    Policy.objects.create(name="All", first_reply=3600, next_reply=3600, resolution=86400)
    rule(add("zip"), {"do": "priority", "priority": 3}, when="ticket_opened", condition="words OR zip")
    rule(
        {"do": "assign_person", "person": ana.pk},
        {"do": "notify_team", "team": returns.pk},
        {"do": "webhook", "url": "https://other.example/x"},
        {"do": "note", "text": "{first_name} waits"},
        {"do": "hide"},
        {"do": "status", "status": "pending"},
        condition="is:unanswered",
    )
    rule({"do": "priority", "priority": 4}, when="tags_changed priority_changed")
    counts: list[Counter[str]] = []
    for start, size in ((0, 3), (100, 40)):
        people = range(start, start + size)
        told(account, *(comment(f"{each}", 1, Person(f"p-{each}")) for each in people))
        with monkeypatch.context() as listening:
            listening.setattr(psycopg.Cursor, "execute", heard)
            said.clear()
            work()
        counts.append(Counter(re.sub(r"\s+|\d+", " ", each)[:100] for each in said))
    assert Ticket.objects.filter(priority=4, status="pending", assignee=ana).count() == 43
    assert Promise.objects.count() == 86
    assert not ReactionFailure.objects.exists()
    assert counts[1] - counts[0] == Counter()
