"""One deed on many tickets, and taking it back exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import Team, User
from heed.accounts.rights import NotAllowed
from heed.channels.base import Echo, Person
from heed.channels.models import Account
from heed.inbox import news, reach, verbs
from heed.inbox.models import Event, Notice, Sweep, Ticket
from heed.inbox.reach import sorting
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_tending import fresh, kinds, ticket, writes
from heed.inbox.verbs import many, merging
from heed.lib import clock

pytestmark = pytest.mark.django_db

Since = Callable[[Ticket, User, Account], None]


@pytest.fixture
def tickets(rubber: Rubber, account: Account) -> list[Ticket]:
    return [ticket(account, name) for name in ("Lea Marn", "Omar Badr", "Tuya Bold")]


def rows(tickets: list[Ticket]) -> list[dict[str, Any]]:
    found = Ticket.objects.filter(pk__in=[each.pk for each in tickets]).order_by("pk")
    return [dict(row) for row in found.values()]


def soon() -> str:
    return (clock.now() + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("deed", "value"),
    [
        ("assign", "ivo"),
        ("team", "team"),
        ("status", "solved"),
        ("status", "hold"),
        ("priority", "4"),
        ("tag", "recall"),
        ("untag", "old"),
        ("snooze", "soon"),
        ("answered", ""),
        ("spam", ""),
    ],
)
def test_every_deed_is_done_and_taken_back_exactly(
    tickets: list[Ticket], ana: User, ivo: User, deed: str, value: str
) -> None:
    verbs.assign(tickets[0], ana, ana)
    verbs.tag(tickets[1], ana, add=["old", "zip"])
    verbs.tag(tickets[2], ana, add=["old"])
    team = Team.objects.create(name="Returns")
    before = rows(tickets)
    meant = {"ivo": str(ivo.pk), "team": str(team.pk), "soon": soon()}.get(value, value)
    sweep = verbs.sweep(ana, deed, meant, [each.pk for each in tickets])
    expected = 2 if deed == "untag" else 3
    assert (sweep.state, sweep.changed, sweep.unchanged, sweep.refused) == ("done", expected, 3 - expected, 0)
    assert rows(tickets) != before
    undone = verbs.undo(sweep, ana)
    assert (undone.state, undone.taken_back, undone.kept) == ("undone", expected, 0)
    assert rows(tickets) == before


def test_what_somebody_changed_since_stays(tickets: list[Ticket], ana: User, ivo: User) -> None:
    sweep = verbs.sweep(ana, "assign", str(ivo.pk), [each.pk for each in tickets])
    assert [(each.user, each.text) for each in Notice.objects.all()] == [(ivo, "+2")]
    verbs.assign(tickets[0], ivo, None)
    verbs.assign(tickets[1], ivo, ana)
    verbs.assign(tickets[1], ana, ivo)  # there and back is a change, too
    undone = verbs.undo(sweep, ana)
    assert (undone.taken_back, undone.kept) == (1, 2)
    assert [fresh(each).assignee for each in tickets] == [None, ivo, None]


def test_a_customers_message_since_keeps_a_ticket_open(
    tickets: list[Ticket], account: Account, ana: User
) -> None:
    sweep = verbs.sweep(ana, "status", "solved", [each.pk for each in tickets])
    with clock.moved(timedelta(seconds=5)):
        writes(account, "Lea Marn")
        undone = verbs.undo(sweep, ana)
    assert (undone.taken_back, undone.kept) == (2, 1)
    assert fresh(tickets[0]).status == "open"
    assert fresh(tickets[1]).status == "new"


def test_the_events_tell_the_way_there_and_back(tickets: list[Ticket], ana: User) -> None:
    sweep = verbs.sweep(ana, "status", "solved", [tickets[0].pk])
    verbs.undo(sweep, ana)
    assert kinds(tickets[0]) == ["status_changed", "answered_marked", "status_changed", "unanswered_marked"]
    last = Event.objects.order_by("pk").last()
    assert last is not None
    assert last.facts["undone"]


def test_rights_hold_ticket_by_ticket(rubber: Rubber, account: Account, ana: User) -> None:
    other = Account.objects.create(network="rubber", name="Other", external_id="o", base_url="http://o")
    here, there = ticket(account, "Lea Marn"), ticket(other, "Omar Badr")
    ana.grants.all().delete()
    ana.grants.create(role="agent", account=account.pk)
    ana.grants.create(role="viewer", account=other.pk)
    person = User.objects.get(pk=ana.pk)
    sweep = verbs.sweep(person, "priority", "4", [here.pk, there.pk])
    assert (sweep.changed, sweep.refused) == (1, 1)
    assert (fresh(here).priority, fresh(there).priority) == (4, 2)
    person.grants.filter(role="viewer").delete()
    blind = User.objects.get(pk=ana.pk)
    with pytest.raises(verbs.CannotTend, match="Choose some"):
        verbs.sweep(blind, "priority", "1", [there.pk])
    viewer = User.objects.create_user("v@acme.example", role="viewer", name="Sam Cole")
    with pytest.raises(NotAllowed):
        verbs.sweep(viewer, "priority", "1", [here.pk])


def test_only_who_did_it_takes_it_back_and_once(tickets: list[Ticket], ana: User, ivo: User) -> None:
    sweep = verbs.sweep(ana, "priority", "4", [each.pk for each in tickets])
    with pytest.raises(NotAllowed):
        verbs.undo(sweep, ivo)
    with pytest.raises(reach.NoSuchSweep):
        reach.sweep(ivo, sweep.pk)
    verbs.undo(sweep, ana)
    with pytest.raises(verbs.CannotTend, match="already"):
        verbs.undo(sweep, ana)


def test_fields_required_on_solving_hold_for_many(tickets: list[Ticket], ana: User, maja: User) -> None:
    verbs.make_field(maja, "Order", "text", required=True)
    verbs.fill(tickets[0], ana, "order", "88140")
    sweep = verbs.sweep(ana, "status", "solved", [each.pk for each in tickets])
    assert (sweep.changed, sweep.refused) == (1, 2)


@pytest.mark.parametrize(
    ("deed", "value"),
    [
        ("fly", ""),
        ("assign", "999999"),
        ("assign", "ana"),
        ("team", "7"),
        ("status", "asleep"),
        ("priority", "9"),
        ("tag", " "),
        ("snooze", "yesterday"),
        ("snooze", "2001-01-01T00:00:00"),
    ],
)
def test_nonsense_is_refused_before_anything(tickets: list[Ticket], ana: User, deed: str, value: str) -> None:
    with pytest.raises(verbs.CannotTend):
        verbs.sweep(ana, deed, value, [each.pk for each in tickets])
    assert not Sweep.objects.exists()


def test_many_are_left_to_the_worker_which_may_die(
    rubber: Rubber, account: Account, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_SMALL", 2)
    monkeypatch.setattr(many, "_AT_ONCE", 2)
    numbers = [ticket(account, f"Customer {number}").pk for number in range(5)]
    assert reach.numbers(ana, "open", most=3) == sorted(numbers, reverse=True)[:3]
    sweep = verbs.sweep(ana, "tag", "recall", reach.numbers(ana, "open"))
    assert (sweep.state, sweep.changed) == ("waiting", 0)
    job = ProcrastinateJob.objects.get(task_name=many.SWEEP)
    assert job.args == {"sweep": sweep.pk}
    many._next_piece(sweep.pk)  # and the worker dies
    sweep.refresh_from_db()
    assert (sweep.state, sweep.changed) == ("waiting", 2)
    many.go_on(sweep.pk)
    many.go_on(sweep.pk)
    sweep.refresh_from_db()
    assert (sweep.state, sweep.changed) == ("done", 5)
    assert Event.objects.filter(kind="tags_changed").count() == 5


def test_nothing_is_taken_back_where_one_may_no_longer(rubber: Rubber, account: Account, ana: User) -> None:
    other = Account.objects.create(network="rubber", name="Other", external_id="o", base_url="http://o")
    here, there = ticket(account, "Lea Marn"), ticket(other, "Omar Badr")
    sweep = verbs.sweep(ana, "priority", "4", [here.pk, there.pk])
    ana.grants.update(account=account.pk)
    undone = verbs.undo(sweep, User.objects.get(pk=ana.pk))
    assert (undone.taken_back, undone.kept) == (1, 1)
    assert (fresh(here).priority, fresh(there).priority) == (2, 4)


@pytest.mark.parametrize("deed", ["assign", "team"])
def test_what_went_out_of_sight_by_the_deed_itself_comes_back(
    rubber: Rubber, account: Account, ana: User, ivo: User, deed: str
) -> None:
    team, other = Team.objects.create(name="Returns"), Team.objects.create(name="Repairs")
    gone = ticket(account, "Lea Marn")
    ana.grants.update(team=team)
    facts = {"assignee": ana} if deed == "assign" else {"team": team}
    Ticket.objects.filter(pk=gone.pk).update(**facts)
    person = User.objects.get(pk=ana.pk)
    sweep = verbs.sweep(person, deed, str(ivo.pk if deed == "assign" else other.pk), [gone.pk])
    assert sweep.changed == 1
    undone = verbs.undo(sweep, person)
    assert (undone.taken_back, undone.kept) == (1, 0)


def test_what_was_given_to_others_since_does_not_come_back(
    rubber: Rubber, account: Account, ana: User, ivo: User
) -> None:
    """Though who gave it away by the deed saw it until then."""
    returns, secret = Team.objects.create(name="Returns"), Team.objects.create(name="Secret")
    gone = ticket(account, "Lea Marn")
    Ticket.objects.filter(pk=gone.pk).update(assignee=ana)
    sweep = verbs.sweep(ana, "assign", str(ivo.pk), [gone.pk])
    verbs.give_to_team(fresh(gone), ivo, secret)
    ana.grants.update(team=returns)
    undone = verbs.undo(sweep, User.objects.get(pk=ana.pk))
    assert (undone.taken_back, undone.kept) == (0, 1)
    assert fresh(gone).assignee_id == ivo.pk


def test_somebody_is_named_by_their_whole_number(tickets: list[Ticket], ana: User, ivo: User) -> None:
    """Not by one whose first digits fit."""
    long = str(ivo.pk).zfill(18) + "7"
    with pytest.raises(verbs.CannotTend, match="no longer here"):
        verbs.sweep(ana, "assign", long, [tickets[0].pk])


def test_the_uses_of_a_tag_are_counted_up_to_a_bound(
    tickets: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    Ticket.objects.update(tags=["zip"])
    assert reach.tag_uses(["zip", "none"]) == {"zip": len(tickets), "none": 0}
    monkeypatch.setattr(sorting, "MOST_USES", 1)
    assert reach.tag_uses(["zip"]) == {"zip": 2}


def answers(ticket: Ticket, ivo: User, account: Account) -> None:
    verbs.answer(fresh_with_all(ticket), ivo, "It is on its way.", "private", mark=True)


def answers_outside(ticket: Ticket, ivo: User, account: Account) -> None:
    person = Person(ticket.identity.external_id, ticket.identity.name)
    facts: dict[str, Any] = {"visibility": "private", "at": clock.now(), "person": person}
    news.apply(account, Echo(external_id="out", text="It is on its way.", **facts))


def solves(ticket: Ticket, ivo: User, account: Account) -> None:
    verbs.set_status(fresh(ticket), ivo, "solved")


def merges(ticket: Ticket, ivo: User, account: Account) -> None:
    kept = Ticket.objects.create(
        account=account, identity=ticket.identity, customer=ticket.customer, last_at=clock.now()
    )
    merging.merge(fresh_with_all(ticket), kept, ivo)


def fresh_with_all(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("account", "identity", "customer").get(pk=ticket.pk)


@pytest.mark.parametrize(
    ("deed", "value", "since"),
    [
        ("answered", "", answers),
        ("answered", "", answers_outside),
        ("answered", "", solves),
        ("answered", "", merges),
        ("status", "solved", answers),
        ("status", "solved", answers_outside),
        ("priority", "4", merges),
    ],
)
def test_who_was_answered_meanwhile_does_not_wait_again(
    tickets: list[Ticket], account: Account, ana: User, ivo: User, deed: str, value: str, since: Since
) -> None:
    Ticket.objects.update(last_private_in=clock.now())
    swept = verbs.sweep(ana, deed, value, [each.pk for each in tickets[:2]])
    since(tickets[0], ivo, account)
    before = rows(tickets[:1])
    undone = verbs.undo(swept, ana)
    assert (undone.taken_back, undone.kept) == (1, 1)
    assert rows(tickets[:1]) == before


def test_what_came_while_it_was_spam_waits_when_that_is_taken_back(
    tickets: list[Ticket], account: Account, ana: User
) -> None:
    verbs.mark_answered(tickets[0], ana)
    sweep = verbs.sweep(ana, "spam", "", [each.pk for each in tickets])
    with clock.moved(timedelta(seconds=5)):
        wrote = clock.now()
        writes(account, "Lea Marn", at=wrote)
        assert verbs.undo(sweep, ana).taken_back == 3
    lea = fresh(tickets[0])
    assert (lea.spam, lea.unanswered, lea.waiting_since) == (False, True, wrote)
