"""Lists and counters are read along an index that has their order: nothing is gathered and sorted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import Grant, Team, User
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.conditions import parse
from heed.inbox.models import Customer, Identity, Ticket
from heed.lib import clock

Plan = dict[str, Any]


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Returns")


@pytest.fixture
def nadia(account: Account, team: Team) -> User:
    """Somebody of one account and one team."""
    person = User.objects.create_user("nadia@acme.example", role="", name="Nadia")
    Grant.objects.create(user=person, role="agent", account=account.pk)
    Grant.objects.create(user=person, role="agent", team=team)
    return person


@pytest.fixture
def desk(account: Account, team: Team, nadia: User) -> None:
    """Much that is done, and a little of all that a list may hold; most of it on another account, of another
    team."""
    with connection.cursor() as cursor:  # of what other tests left behind its indexes look larger
        cursor.execute("TRUNCATE inbox_ticket CASCADE")
    now = clock.now()
    other = Account.objects.create(
        network="rubber", name="Two", external_id="2", base_url="http://127.0.0.1:1"
    )
    others = Team.objects.create(name="Care")
    customer = Customer.objects.create(name="Lea Marn")
    identity = Identity.objects.create(account=account, customer=customer, external_id="lea")
    Ticket.objects.bulk_create(
        Ticket(
            account=account if number // 12 % 5 == 0 else other,
            identity=identity,
            customer=customer,
            kind="private",
            running=False,
            team=[team, others, others, others, None][number // 60 % 5],
            assignee=nadia if number % 7 == 0 else None,
            status="open" if number % 5 == 0 else "solved",
            unanswered=number % 10 == 0,
            waiting_since=now - timedelta(hours=number) if number % 10 == 0 else None,
            window_closes_at=now + timedelta(hours=number) if number % 10 == 0 else None,
            due_at=now - timedelta(hours=number) if number % 15 == 0 else None,
            snoozed_until=now + timedelta(hours=number) if number % 25 == 0 else None,
            priority=4 if number % 10 == 1 or number % 50 == 0 else 2,
            spam=number % 20 == 3,
            last_at=now - timedelta(minutes=number),
        )
        for number in range(600)
    )


@pytest.fixture
def along(desk: None) -> None:
    """The database takes an order from an index wherever there is one, as it does with many tickets."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_ticket")
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


@pytest.fixture
def in_parts(along: None) -> None:
    """With few tickets, walking the whole desk costs next to nothing: its indexes are gone."""
    with connection.cursor() as cursor:
        for name in {index.name for index in Ticket._meta.indexes} - _MUST_STAY:
            if "_of_" not in name:
                cursor.execute(f"DROP INDEX {name}")


_MUST_STAY = {"ticket_follow_up", "ticket_tags"}
_LISTS = [
    ("unanswered", "newest", "unanswered"),
    ("open", "newest", "open"),
    ("spam", "newest", "spam"),
    ("overdue", "newest", "due"),
    ("snoozed", "newest", "snoozed"),
    ("open", "waiting", "waiting"),
    ("unanswered", "waiting", "waiting"),
    ("all", "due", "due"),
    ("open", "closing", "closing"),
    ("all", "priority", "prio"),
    ("open", "priority", "work_prio"),
    ("unanswered", "priority", "work_prio"),
]
_OF_THE_DESK = {"prio": "ticket_priority", "work_prio": "ticket_work_priority"}


def _ways(view: str, order: str, way: str) -> set[str]:
    """The indexes that have the order of a list. A few unanswered or open tickets may as well be read from
    the newest on and asked for their priority: which is cheaper hangs on what else an index holds."""
    return {way, view} if order == "priority" and view != "all" else {way}


def test_each_part_is_read_along_an_index_of_its_own(in_parts: None, nadia: User) -> None:
    for view, order, way in _LISTS:
        plan = _plan(partial(reach.tickets, nadia, view, order=order, beside=()), "LATERAL")
        read = {part["Index Name"] for part in _parts(plan)}
        ways = _ways(view, order, way)
        assert {name.rpartition("_of_")[2] for name in read} == {"account", "team", "assignee"}, (view, order)
        found = {name.removeprefix("ticket_").rpartition("_of_")[0] for name in read}
        assert found <= ways, (view, order)


def test_the_whole_is_read_along_an_index(along: None, maja: User) -> None:
    for view, order, way in _LISTS:
        plan = _plan(partial(reach.tickets, maja, view, order=order, beside=()), "LIMIT")
        scans = [node for node in _nodes(plan) if node.get("Relation Name") == "inbox_ticket"]
        assert len(scans) == 1, (view, order)
        ways = {_OF_THE_DESK.get(each, f"ticket_{each}") for each in _ways(view, order, way)}
        assert scans[0]["Index Name"] in ways, (view, order)
        assert not any("Sort" in node["Node Type"] for node in _nodes(plan)), (view, order)


def test_what_nobody_has_yet_is_read_along_an_index_of_each_part(in_parts: None, nadia: User) -> None:
    plan = _plan(lambda: reach.tickets(nadia, "unassigned", beside=()), "LATERAL")
    assert {"ticket_free_of_account", "ticket_free_of_team"} <= {part["Index Name"] for part in _parts(plan)}


def test_open_work_of_a_team_on_one_account_has_an_index(
    in_parts: None, team: Team, account: Account, nadia: User
) -> None:
    Grant.objects.filter(user=nadia, account__isnull=False).delete()
    theirs = User.objects.get(pk=nadia.pk)
    plan = _plan(lambda: reach.tickets(theirs, "open", account=account.pk, beside=()), "LATERAL")
    assert "ticket_open_of_both" in {part["Index Name"] for part in _parts(plan)}


def test_an_account_s_tickets_of_a_team_are_read_along_the_order_of_the_team(
    in_parts: None, account: Account, nadia: User
) -> None:
    """Never by all that the account ever had: each row is asked for its account."""
    Grant.objects.filter(user=nadia, account__isnull=False).delete()
    theirs = User.objects.get(pk=nadia.pk)
    for order, way in (("waiting", "waiting"), ("due", "due"), ("closing", "closing")):
        call = partial(reach.tickets, theirs, "open", account=account.pk, order=order, beside=())
        parts = _parts(_plan(call, "LATERAL"))
        assert {part["Index Name"] for part in parts} == {
            f"ticket_{way}_of_team",
            f"ticket_{way}_of_assignee",
        }
        assert all("CASE WHEN (account_id" in part["Filter"] for part in parts), order


def test_windows_that_close_are_found_by_an_index(
    along: None, maja: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heed.inbox.reach.lists.NEAR", 20)
    condition = parse("closes:<2h -lang:mn")
    plans = _plans(partial(reach.tickets, maja, "all", condition=condition, beside=()))
    assert any("ticket_closes" in _used(plan) for plan in plans)


def test_the_overdue_and_the_longest_wait_are_found_part_by_part(in_parts: None, nadia: User) -> None:
    parts = _parts(_plan(lambda: reach.tallies(nadia), "due_at"))
    assert {part["Index Name"] for part in parts} == {
        f"ticket_{way}_of_{part}" for way in ("due", "waiting") for part in ("account", "team", "assignee")
    }
    waiting = [part for part in parts if "_waiting_" in part["Index Name"]]
    assert all("unanswered" in part["Filter"] and "CASE" in part["Filter"] for part in waiting)


def test_ones_own_are_read_along_an_index_in_every_order(in_parts: None, nadia: User) -> None:
    for order, way in (("newest", "open"), ("waiting", "waiting"), ("due", "due"), ("priority", "work_prio")):
        plan = _plan(partial(reach.tickets, nadia, "mine", order=order, beside=()), "LIMIT")
        assert f"ticket_{way}_of_assignee" in _used(plan)
        assert not any("Sort" in node["Node Type"] for node in _nodes(plan))


def test_a_search_in_open_work_looks_at_the_nearest_open_tickets(
    along: None, maja: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heed.inbox.reach.lists.NEAR", 20)
    condition = parse("is:open tag:returns zip")
    looked = _plans(lambda: reach.tickets(maja, "all", condition=condition, beside=()))
    assert [_used(plan) & {"ticket_open", "ticket_all", "ticket_tags"} for plan in looked[:2]] == [
        {"ticket_open"},
        {"ticket_open"},
    ]


def test_a_kept_view_is_read_along_its_order(along: None, maja: User) -> None:
    """Those who wait longest are not gathered first, however many wait."""
    condition = parse("is:unanswered waiting:>2h -lang:mn")
    call = partial(reach.tickets, maja, "all", condition=condition, order="waiting", beside=())
    plan = _plan(call, "ASC")
    assert _used(plan) == {"ticket_waiting"}
    assert not any("Sort" in node["Node Type"] for node in _nodes(plan))


def _plan(call: Callable[[], Any], word: str) -> Plan:
    """How the first of the queries with this word is answered."""
    return _plans(call, word)[0]


def _plans(call: Callable[[], Any], word: str = "inbox_ticket") -> list[Plan]:
    with CaptureQueriesContext(connection) as caught:
        call()
    with connection.cursor() as cursor:
        found = []
        for query in caught.captured_queries:
            if word in query["sql"] and query["sql"].startswith("SELECT"):
                cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql'].replace('%', '%%')}", ())
                rows = cursor.fetchone()[0]
                found.append((json.loads(rows) if isinstance(rows, str) else rows)[0]["Plan"])
    return found


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _used(plan: Plan) -> set[str]:
    return {node["Index Name"] for node in _nodes(plan) if "Index Name" in node}


def _parts(plan: Plan) -> list[Plan]:
    """What is read of each account, team and person: right below its limit, without a sort between."""
    limits = [
        node["Plans"][-1]
        for node in _nodes(plan)
        if node["Node Type"] == "Nested Loop" and node["Plans"][0]["Node Type"] == "Function Scan"
    ]
    assert [each["Node Type"] for each in limits] == ["Limit"] * len(limits)
    return [each["Plans"][0] for each in limits]
