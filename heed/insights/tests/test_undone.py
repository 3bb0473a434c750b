"""What was done to many and taken back never was, in the figures and in a dry run, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heed.accounts.models import Team, User
from heed.channels.models import Account
from heed.inbox import verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.verbs import many, merging
from heed.insights.cycles import Story, told
from heed.insights.reading import lives
from heed.insights.tests.test_service import say, write
from heed.routing import promises
from heed.routing.as_it_was import AsItWas
from heed.routing.models import Policy, Promise
from heed.tests.hands import let_it_be

pytestmark = pytest.mark.django_db

ELEVEN = datetime(2026, 11, 16, 11, tzinfo=UTC)
SHOWN = ("status", "solved_at", "unanswered", "waiting_since", "snoozed_until", "due_at", "due_for", "tags")

At = Callable[[float], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Make it so many minutes past eleven."""

    def go(minutes: float) -> None:
        let_it_be(monkeypatch, lambda: past_eleven(minutes))

    go(0)
    return go


def past_eleven(minutes: float) -> datetime:
    return ELEVEN + timedelta(minutes=minutes)


@pytest.fixture
def lea(account: Account, at: At) -> Ticket:
    """Lea writes at eleven."""
    Policy.objects.create(name="All", first_reply=3600, next_reply=3600, time="elapsed")
    ticket = write(account, "a", 60)
    promises.keep_all([ticket.pk])
    return fresh(ticket)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("account", "identity", "customer").get(pk=ticket.pk)


def there_and_back(at: At, user: User, ticket: Ticket, deed: str, value: str = "") -> None:
    """Ten past by a sweep, a minute later taken back."""
    at(10)
    swept = many.sweep(user, deed, value, [ticket.pk])
    assert swept.changed == 1
    promises.keep_all([ticket.pk])
    at(11)
    assert many.undo(swept, user).taken_back == 1
    promises.keep_all([ticket.pk])


def story(ticket: Ticket) -> Story:
    (life,) = lives([ticket.pk])
    return told(life.timeline)


def minutes(moment: datetime | None) -> float | None:
    return (moment - ELEVEN) / timedelta(minutes=1) if moment else None


@pytest.mark.parametrize(("deed", "value"), [("answered", ""), ("status", "solved"), ("status", "pending")])
def test_a_wait_goes_on_as_if_nothing_had_been(
    lea: Ticket, at: At, ana: User, maja: User, deed: str, value: str
) -> None:
    there_and_back(at, maja, lea, deed, value)
    at(30)
    say(lea, 90, ana)
    (cycle,) = story(lea).cycles
    assert [(minutes(each.since), minutes(each.until), each.first) for each in cycle.waits] == [(0, 30, True)]
    assert (cycle.no_reply_needed, cycle.first_solved, cycle.last_solved) == (0, None, None)
    assert [each.kept(past_eleven(40)) for each in cycle.waits] == [True]


@pytest.mark.parametrize(("deed", "value"), [("answered", ""), ("status", "solved")])
def test_what_was_promised_goes_on_since_it_was(
    lea: Ticket, at: At, maja: User, deed: str, value: str
) -> None:
    Policy.objects.update(resolution=86400)
    promises.keep_all([lea.pk])
    before = list(Promise.objects.order_by("target").values("target", "since", "due", "ended_at"))
    assert [each["target"] for each in before] == ["first_reply", "resolution"]
    there_and_back(at, maja, lea, deed, value)
    assert list(Promise.objects.order_by("target").values("target", "since", "due", "ended_at")) == before
    (cycle,) = story(lea).cycles
    assert minutes(cycle.due) == 24 * 60


def test_what_is_promised_of_a_matter_solved_before_begins_with_what_comes(
    lea: Ticket, account: Account, at: At, maja: User
) -> None:
    Policy.objects.update(resolution=86400)
    promises.keep_all([lea.pk])
    at(5)
    verbs.set_status(lea, maja, "solved")
    promises.keep_all([lea.pk])
    there_and_back(at, maja, lea, "status", "open")
    at(20)
    write(account, "b", 80)
    promises.keep_all([lea.pk])
    kept = Promise.objects.filter(target="resolution").order_by("since")
    assert [(minutes(each.since), minutes(each.ended_at)) for each in kept] == [(0, 5), (20, None)]


def test_a_matter_that_was_solved_stays_solved(lea: Ticket, account: Account, at: At, maja: User) -> None:
    """Opened by a sweep and taken back: who writes then begins anew."""
    at(5)
    verbs.set_status(lea, maja, "solved")
    there_and_back(at, maja, lea, "status", "open")
    at(20)
    write(account, "b", 80)
    assert [minutes(each.last_solved) for each in story(lea).cycles] == [5, None]


def test_nobody_had_it_and_no_team(lea: Ticket, at: At, ana: User, ivo: User, maja: User) -> None:
    returns, repairs = Team.objects.create(name="Returns"), Team.objects.create(name="Repairs")
    verbs.assign(lea, maja, ana)
    verbs.give_to_team(lea, maja, returns)
    there_and_back(at, maja, lea, "assign", str(ivo.pk))
    there_and_back(at, maja, lea, "team", str(repairs.pk))
    (life,) = lives([lea.pk])
    now = told(life.timeline)
    assert (now.holders, now.handed_over) == ([ana.pk], [])
    assert life.teams == [(ELEVEN, returns.pk)]


def test_the_split_off_part_is_still_whose_it_was(
    lea: Ticket, account: Account, at: At, ana: User, ivo: User, maja: User
) -> None:
    """Of the log's last word on who has it, only that is told there."""
    verbs.assign(lea, maja, ana)
    there_and_back(at, maja, lea, "assign", str(ivo.pk))
    at(20)
    write(account, "b", 80)
    new = merging.split(fresh(lea), [Message.objects.get(external_id="b").pk], maja)
    assert story(new).holders == [ana.pk]


def test_spam_taken_back_is_none(lea: Ticket, at: At, ana: User, maja: User) -> None:
    there_and_back(at, maja, lea, "spam")
    say(lea, 90, ana)
    assert [minutes(each.until) for each in story(lea).waits] == [30]


def test_what_happened_before_is_still_told(lea: Ticket, account: Account, at: At, maja: User) -> None:
    """Only what the sweep did is taken back."""
    at(3)
    verbs.mark_answered(lea, maja)
    write(account, "b", 65)
    there_and_back(at, maja, lea, "answered")
    waits = [(minutes(each.since), minutes(each.dropped)) for each in story(lea).waits]
    assert waits == [(0, 3), (5, None)]


@pytest.mark.parametrize(
    ("deed", "value"),
    [
        ("answered", ""),
        ("status", "solved"),
        ("status", "open"),
        ("snooze", "2026-11-17T11:00:00Z"),
        ("spam", ""),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_a_dry_run_sees_it_as_it_is(
    lea: Ticket, at: At, maja: User, deed: str, value: str, old: bool
) -> None:
    verbs.tag(lea, maja, add=["zip"])
    before = shown(fresh(lea))
    there_and_back(at, maja, lea, deed, value)
    for event in Event.objects.filter(kind="unanswered_marked") if old else ():
        event.data = {"undone": True, "since": event.data["waiting_since"]}  # as it was told at first
        event.save()
    assert shown(fresh(lea)) == before
    was = AsItWas(fresh(lea), [])
    for event in Event.objects.filter(ticket=lea).select_related("message").order_by("at", "id"):
        was.apply(event)
    assert shown(was.then) == before


def shown(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in SHOWN}
