"""What is promised for a ticket: begun, kept, missed, paused and moved, from the real events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from heed.accounts.models import Brand, Team, User
from heed.channels import verbs as channels
from heed.channels.base import MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import events, intake, ledger, outbox, receipts, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.reactions import react
from heed.inbox.statements import run
from heed.inbox.tests.rubber import body
from heed.inbox.verbs import merging
from heed.inbox.verbs.automatic import send_automatic
from heed.lib import clock
from heed.routing import desk_hours, promises
from heed.routing.desk_hours import Place
from heed.routing.models import Policy, Promise
from heed.routing.moving import MOVE_PROMISES

pytestmark = pytest.mark.django_db

MINUTE = 60
LEA = Person("lea", "Lea Marn")
WEEK = [[[540, 1020]]] * 5 + [[], []]


@pytest.fixture
def start() -> datetime:
    return clock.now().replace(microsecond=0)


@pytest.fixture
def policy(db: None) -> Policy:
    return Policy.objects.create(
        name="All", first_reply=30 * MINUTE, next_reply=60 * MINUTE, resolution=8 * 3600, time="elapsed"
    )


def write(account: Account, name: str, at: datetime, **facts: Any) -> Ticket:
    facts = {"visibility": "private", "kind": "message", **facts}
    news = MessageReceived(external_id=name, at=at, author=LEA, text=f"words of {name}", **facts)
    ledger.append(account.pk, [body(news)])
    intake.take_batch()
    settle()
    return Ticket.objects.get(messages__external_id=name)


def settle() -> None:
    """Let the reactions follow, twice: they may run twice."""
    rows = list(Event.objects.order_by("id").values_list("pk", flat=True))
    react(rows)
    react(rows)


def answer(ticket: Ticket, who: User) -> None:
    verbs.answer(ticket, who, "On its way.", "private")
    outbox.send_next(ticket.pk)
    settle()


def running(ticket: Ticket) -> dict[str, Promise]:
    return {each.target: each for each in Promise.objects.filter(ticket=ticket, ended_at=None)}


def test_a_message_begins_what_the_policy_promises(account: Account, policy: Policy, start: datetime) -> None:
    ticket = write(account, "a", start)
    assert {target: each.due for target, each in running(ticket).items()} == {
        "first_reply": start + timedelta(minutes=30),
        "resolution": start + timedelta(hours=8),
    }
    ticket.refresh_from_db()
    assert (ticket.due_at, ticket.due_for) == (start + timedelta(minutes=30), "first_reply")
    assert Event.objects.filter(kind="target_set").count() == 2


def test_several_messages_are_one_wait_from_the_first(
    account: Account, policy: Policy, start: datetime
) -> None:
    write(account, "b", start)
    ticket = write(account, "a", start - timedelta(minutes=5))
    assert running(ticket)["first_reply"].due == start + timedelta(minutes=25)
    assert Promise.objects.filter(target="first_reply").count() == 1


def test_an_answer_keeps_it_and_the_next_message_begins_the_next(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    ticket = write(account, "a", start)
    answer(ticket, ana)
    kept = Promise.objects.get(target="first_reply")
    assert kept.end == "kept"
    assert kept.by is not None
    assert kept.by.text == "On its way."
    ticket = write(account, "b", clock.now() + timedelta(minutes=3))
    assert set(running(ticket)) == {"next_reply", "resolution"}


@pytest.mark.parametrize("mark", [True, False])
def test_an_answer_that_fails_later_has_kept_nothing(
    account: Account, policy: Policy, ana: User, start: datetime, mark: bool
) -> None:
    ticket = write(account, "a", start)
    due = running(ticket)["first_reply"].due
    message = verbs.answer(ticket, ana, "On its way.", "private", mark=mark)
    outbox.send_next(ticket.pk)
    settle()
    assert "first_reply" not in running(ticket)
    receipts.fail(message, "unreachable")
    settle()
    assert running(ticket)["first_reply"].due == due
    answer(Ticket.objects.get(), ana)
    assert Promise.objects.get(target="first_reply").by == ticket.messages.order_by("id").last()


def test_what_is_late_is_told_once_at_the_time_it_was_due(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    ticket = write(account, "a", start)
    with clock.moved(timedelta(minutes=20)):
        promises.say_what_is_due(clock.now())
        promises.say_what_is_due(clock.now())
    assert Event.objects.filter(kind="due_soon").count() == 1
    with clock.moved(timedelta(minutes=40)):
        promises.say_what_is_due(clock.now())
        promises.say_what_is_due(clock.now())
        answer(ticket, ana)
    missed = Event.objects.get(kind="due_missed")
    assert missed.at == start + timedelta(minutes=30)
    assert Promise.objects.get(target="first_reply").end == "late"
    ticket.refresh_from_db()
    assert ticket.due_for == "resolution"


def test_a_late_answer_that_nobody_noticed_is_told_as_missed(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    ticket = write(account, "a", start)
    with clock.moved(timedelta(minutes=31)):
        answer(ticket, ana)
    assert Event.objects.get(kind="due_missed").data["target"] == "first_reply"


def test_no_reply_needed_drops_it(account: Account, policy: Policy, ana: User, start: datetime) -> None:
    ticket = write(account, "a", start)
    verbs.mark_answered(ticket, ana)
    settle()
    assert Promise.objects.get(target="first_reply").end == "dropped"
    assert set(running(ticket)) == {"resolution"}


def test_solving_ends_all_and_a_new_message_begins_a_cycle(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    ticket = write(account, "a", start)
    answer(ticket, ana)
    verbs.set_status(ticket, ana, "solved")
    settle()
    assert Promise.objects.get(target="resolution").end == "kept"
    assert running(ticket) == {}
    ticket = write(account, "b", clock.now() + timedelta(minutes=5))
    assert set(running(ticket)) == {"first_reply", "resolution"}  # first again: it is a new cycle


def test_the_clock_stands_where_the_policy_says(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    ticket = write(account, "a", start)
    with clock.moved(timedelta(minutes=10)):
        verbs.set_status(ticket, ana, "hold")
        settle()
        ticket.refresh_from_db()
        assert (ticket.due_at, ticket.due_for) == (None, "")
    with clock.moved(timedelta(minutes=70)):
        verbs.set_status(ticket, ana, "open")
        settle()
    due = running(ticket)["first_reply"].due
    assert due is not None
    assert abs(due - (start + timedelta(minutes=90))) < timedelta(seconds=10)  # an hour of pause


def test_two_changes_at_once_are_both_counted(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    ticket = write(account, "a", start)
    with clock.moved(timedelta(minutes=10)):
        verbs.set_status(ticket, ana, "hold")
    with clock.moved(timedelta(minutes=70)):
        verbs.set_status(ticket, ana, "open")
        settle()
    due = running(ticket)["first_reply"].due
    assert due is not None
    assert abs(due - (start + timedelta(minutes=90))) < timedelta(seconds=10)


def test_a_pause_the_policy_does_not_name_stops_nothing(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    Policy.objects.update(pause_pending=False)
    ticket = write(account, "a", start)
    verbs.set_status(ticket, ana, "pending")
    settle()
    assert running(ticket)["first_reply"].due == start + timedelta(minutes=30)


def test_the_first_policy_that_matches_counts_and_priority_moves_it(
    account: Account, policy: Policy, start: datetime
) -> None:
    Policy.objects.create(
        name="Urgent", position=-1, priorities=[4], first_reply=5 * MINUTE, time="elapsed", warn_before=0
    )
    ticket = write(account, "a", start)
    assert running(ticket)["first_reply"].due == start + timedelta(minutes=30)
    Ticket.objects.filter(pk=ticket.pk).update(priority=4)
    promises.keep({ticket.pk: start + timedelta(minutes=2)})
    due = running(ticket)
    assert due["first_reply"].due == start + timedelta(minutes=5)
    assert "resolution" not in due  # the urgent policy promises none


def test_what_no_policy_asks_for_moves_nothing(
    account: Account, policy: Policy, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = write(account, "a", start)
    kept: list[Mapping[int, datetime]] = []
    monkeypatch.setattr("heed.routing.promises.batch.keep", kept.append)
    returns = Team.objects.create(name="Returns")
    deeds: list[Callable[[], None]] = [
        lambda: verbs.set_priority(ticket, None, 4),
        lambda: verbs.give_to_team(ticket, None, returns),
    ]
    for deed in deeds:
        deed()
        told = [Event.objects.order_by("pk").last()]
        promises.keep_promises(told)  # type: ignore[arg-type]
        assert not kept
        policy.priorities, policy.teams = [1], [9]
        policy.save()
        promises.keep_promises(told)  # type: ignore[arg-type]
        assert [[*each] for each in kept] == [[ticket.pk]]
        kept.clear()
        policy.priorities, policy.teams = [], []
        policy.save()


def test_a_customer_group_and_a_team_choose_the_policy(account: Account, start: datetime) -> None:
    returns = Team.objects.create(name="Returns")
    Policy.objects.create(name="Wholesale", groups=["wholesale"], first_reply=60, time="elapsed", position=1)
    Policy.objects.create(name="Returns", teams=[returns.pk], first_reply=120, time="elapsed", position=2)
    ticket = write(account, "a", start)
    assert running(ticket) == {}
    Ticket.objects.filter(pk=ticket.pk).update(team=returns)
    promises.keep({ticket.pk: start})
    assert running(ticket)["first_reply"].seconds == 120
    ticket.customer.group = "wholesale"
    ticket.customer.save()
    promises.keep({ticket.pk: start})
    assert running(ticket)["first_reply"].seconds == 60


def test_business_hours_of_the_nearest_place(account: Account, maja: User) -> None:
    now = clock.now()  # hours hold from when they are made
    monday = (now + timedelta(days=7 - now.weekday())).replace(hour=10, minute=0, second=0, microsecond=0)
    tuesday = monday + timedelta(days=1)
    returns = Team.objects.create(name="Returns")
    Policy.objects.create(name="All", first_reply=8 * 3600, time="business")
    common: dict[str, Any] = {"week": WEEK, "holidays": []}
    desk_hours.keep(None, maja, name="Desk", zone="UTC", places=[Place()], **common)
    desk_hours.keep(
        None, maja, name="Returns", zone="Asia/Ulaanbaatar", places=[Place(team=returns.pk)], **common
    )
    ticket = write(account, "a", monday)
    # Seven hours until 17:00 on Monday, one on Tuesday.
    assert running(ticket)["first_reply"].due == tuesday
    Ticket.objects.filter(pk=ticket.pk).update(team=returns)
    promises.keep({ticket.pk: monday + timedelta(hours=2)})
    # Two hours have run. In Ulaanbaatar (UTC+8) it is 20:00: six hours from Tuesday 09:00 there on.
    assert running(ticket)["first_reply"].due == tuesday.replace(hour=7)


def test_hours_that_change_move_what_is_running(account: Account, maja: User) -> None:
    Policy.objects.create(name="All", first_reply=3600, time="business")
    closed = desk_hours.keep(
        None, maja, name="Desk", zone="UTC", week=[[]] * 7, holidays=[], places=[Place()]
    )
    start = clock.now()
    ticket = write(account, "a", start)
    assert running(ticket)["first_reply"].due is None  # it never opens
    with clock.moved(timedelta(minutes=5)):
        desk_hours.keep(
            closed, maja, name="Desk", zone="UTC", week=[[[0, 1440]]] * 7, holidays=[], places=[Place()]
        )
        promises.keep_all([ticket.pk])
    due = running(ticket)["first_reply"].due
    assert due is not None
    assert abs(due - start - timedelta(minutes=65)) < timedelta(seconds=10)


def test_another_brand_moves_what_is_running_from_then_on(account: Account, maja: User) -> None:
    Policy.objects.create(name="All", first_reply=3600, time="business")
    kids = Brand.objects.create(name="Acme Kids")
    start = clock.now()
    ticket = write(account, "a", start)

    def given(brand: Brand | None, after: int) -> datetime | None:
        run("DELETE FROM procrastinate_jobs")
        with clock.moved(timedelta(minutes=after)):
            channels.give_brand(account, brand, by=maja)
            for _job in run("SELECT 1 FROM procrastinate_jobs WHERE task_name = %s", MOVE_PROMISES):
                promises.keep_all([ticket.pk])
        return running(ticket)["first_reply"].due

    with clock.moved(timedelta(minutes=5)):
        places = [Place(brand=kids.pk)]
        desk_hours.keep(None, maja, name="Kids", zone="UTC", week=[[]] * 7, holidays=[], places=places)
    assert given(kids, after=20) is None  # it never opens
    due = given(None, after=30)
    assert due is not None
    assert abs(due - start - timedelta(minutes=70)) < timedelta(seconds=10)


def test_spam_is_promised_nothing(account: Account, policy: Policy, start: datetime) -> None:
    ticket = write(account, "a", start)
    Ticket.objects.filter(pk=ticket.pk).update(spam=True)
    promises.keep({ticket.pk: start})
    assert running(ticket) == {}
    Ticket.objects.filter(pk=ticket.pk).update(spam=False)
    promises.keep({ticket.pk: start})
    assert running(ticket)["first_reply"].due == start + timedelta(minutes=30)  # it was none after all


def test_an_automatic_message_keeps_nothing(account: Account, policy: Policy, start: datetime) -> None:
    ticket = write(account, "a", start)
    send_automatic(ticket, "We are away.", "private", origin="away", key=uuid4())
    outbox.send_next(ticket.pk)
    settle()
    assert "first_reply" in running(ticket)
    ticket.refresh_from_db()
    assert ticket.unanswered


def test_what_was_merged_in_goes_on_waiting(account: Account, ana: User, start: datetime) -> None:
    one = write(account, "a", start - timedelta(minutes=40))
    answer(one, ana)
    Message.objects.filter(author=ana).update(at=start - timedelta(minutes=20))
    verbs.mark_answered(one, ana)
    two = write(account, "b", start - timedelta(minutes=30), visibility="public", kind="comment", post="p")
    Policy.objects.create(name="All", first_reply=7200, next_reply=3600, time="elapsed")
    merging.merge(two, one, ana)
    settle()
    assert running(one)["next_reply"].since == start - timedelta(minutes=30)
    answer(one, ana)
    assert running(one) == {}
    assert Event.objects.filter(kind="target_set").count() == 1


def test_an_answer_in_the_other_ticket_keeps_nothing_here(
    account: Account, policy: Policy, ana: User, start: datetime
) -> None:
    one = write(account, "a", start - timedelta(minutes=10))
    two = write(account, "b", start - timedelta(minutes=8), visibility="public", kind="comment", post="p")
    verbs.answer(two, ana, "There.", "public")
    outbox.send_next(two.pk)
    merging.merge(two, one, ana)
    settle()
    assert running(one)["first_reply"].since == start - timedelta(minutes=10)


def test_what_was_split_off_is_due_too(account: Account, policy: Policy, ana: User, start: datetime) -> None:
    one = write(account, "a", start - timedelta(minutes=10))
    write(account, "b", start - timedelta(minutes=8))
    new = merging.split(one, [one.messages.get(external_id="b").pk], ana)
    settle()
    assert running(new)["first_reply"].since == start - timedelta(minutes=8)


def test_a_customer_group_that_changes_moves_all_their_tickets(
    account: Account, ana: User, start: datetime
) -> None:
    Policy.objects.create(name="Wholesale", groups=["wholesale"], first_reply=60, time="elapsed", position=1)
    one = write(account, "a", start)
    two = write(account, "b", start, visibility="public", kind="comment", post="p")
    one.customer.group = "wholesale"
    one.customer.save()
    events.record("field_changed", ticket=one, field="", title="", group="wholesale")
    settle()
    assert "first_reply" in running(two)
