"""What was dropped and is taken up again runs on as if it had never been dropped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from heed.accounts.models import Team, User
from heed.inbox import receipts, verbs
from heed.inbox.models import Customer, Message, Ticket
from heed.inbox.verbs import many, merging
from heed.lib import clock
from heed.routing import promises
from heed.routing.desk_hours import DeskHours
from heed.routing.models import Hours, Policy, Promise, Schedule, SchedulePlace
from heed.routing.promises import clocks
from heed.routing.tests.conftest import Open
from heed.tests.hands import let_it_be

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 11, 16, 10, tzinfo=UTC)

At = Callable[..., None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Make it so many minutes past ten; all promises are brought to what was before, and to that."""

    def go(minutes: float, deed: Callable[[], object] | None = None) -> None:
        let_it_be(monkeypatch, lambda: past_ten(minutes))
        if deed is not None:
            deed()
        promises.keep_all(Ticket.objects.values_list("pk", flat=True))

    return go


@pytest.fixture
def write(opened: Open, at: At) -> Callable[..., Ticket]:
    """Lea opens a ticket."""

    def go(minutes: float, lea: Customer | None = None) -> Ticket:
        before = Ticket.objects.count() + 1
        at(minutes + 180 - before)  # where `opened` puts it
        found = opened(customer=lea)
        at(minutes)
        return found

    return go


def past_ten(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("account", "identity", "customer").get(pk=ticket.pk)


def answer(ticket: Ticket, who: User) -> Message:
    facts = {"direction": "out", "visibility": "private", "author": who, "state": "sent", "at": clock.now()}
    asked = ticket.messages.get(direction="in")
    return ticket.messages.create(account=ticket.account, identity=ticket.identity, answers=asked, **facts)


def due(ticket: Ticket) -> tuple[float | None, str]:
    """In minutes past ten."""
    row = fresh(ticket)
    return (row.due_at - TEN) / timedelta(minutes=1) if row.due_at else None, row.due_for


def used(ticket: Ticket, target: str) -> float:
    """In minutes."""
    return Promise.objects.get(ticket=ticket, target=target, ended_at=None).used / 60


def promise(**facts: int) -> Policy:
    return Policy.objects.create(name="All", time="elapsed", **facts)


def spam(ticket: Ticket, who: User) -> tuple[Callable[[], object], Callable[[], object]]:
    return lambda: verbs.mark_spam(fresh(ticket), who), lambda: verbs.not_spam(fresh(ticket), who)


def merge(ticket: Ticket, into: Ticket, who: User) -> tuple[Callable[[], object], Callable[[], object]]:
    return (
        lambda: merging.merge(fresh(ticket), fresh(into), who),
        lambda: merging.unmerge(ticket.merges.get(), who),
    )


def sweep(ticket: Ticket, who: User) -> tuple[Callable[[], object], Callable[[], object]]:
    return (
        lambda: many.sweep(who, "status", "solved", [ticket.pk]),
        lambda: many.undo(who.sweeps.get(), who),
    )


def regroup(ticket: Ticket, group: str) -> Callable[[], object]:
    return lambda: Customer.objects.filter(pk=ticket.customer_id).update(group=group)


@pytest.mark.parametrize("how", ["merged", "spam", "joined", "solved"])
def test_what_is_answered_is_still_due_to_be_solved(
    write: Callable[..., Ticket], at: At, ana: User, how: str
) -> None:
    promise(resolution=86400)
    Policy.objects.create(name="None", position=-1, groups=["none"], next_reply=60, time="elapsed")
    into = write(-10)
    lea = write(0, into.customer)
    at(10, lambda: (answer(lea, ana), verbs.mark_answered(lea, ana)))
    there, back = {
        "merged": merge(lea, into, ana),
        "spam": spam(lea, ana),
        "joined": (regroup(lea, "none"), regroup(lea, "")),
        "solved": sweep(lea, ana),
    }[how]
    assert due(lea) == (1440, "resolution")
    at(60, there)
    assert due(lea) == (None, "")
    at(65, back)
    assert due(lea) == (1440, "resolution")
    at(65)
    assert due(lea) == (1440, "resolution")
    assert Promise.objects.filter(ticket=lea, target="resolution").count() == 1


@pytest.mark.parametrize("how", ["merged", "spam"])
def test_a_pause_is_no_time_that_ran(write: Callable[..., Ticket], at: At, ana: User, how: str) -> None:
    promise(first_reply=7200)
    into = write(-10)
    lea = write(0, into.customer)
    at(30, lambda: verbs.set_status(fresh(lea), ana, "pending"))
    there, back = {"merged": merge(lea, into, ana), "spam": spam(lea, ana)}[how]
    at(180, there)
    at(300, back)
    assert (used(lea, "first_reply"), due(lea)) == (30, (None, ""))
    at(310, lambda: verbs.set_status(fresh(lea), ana, "open"))
    assert due(lea) == (400, "first_reply")  # 90 minutes are left


@pytest.mark.parametrize("again", [None, 80])
def test_a_pause_after_an_answer_that_failed_is_none_either(
    write: Callable[..., Ticket], at: At, ana: User, again: int | None
) -> None:
    """Pending from 10:50, maybe open from 11:20; at 11:40 the answer of 10:40 turns out to have failed."""
    promise(first_reply=7200)
    lea = write(0)
    answers: list[Message] = []
    at(40, lambda: answers.append(answer(lea, ana)))
    assert due(lea) == (None, "")
    at(50, lambda: verbs.set_status(fresh(lea), ana, "pending"))
    if again is not None:
        at(again, lambda: verbs.set_status(fresh(lea), ana, "open"))
    at(100, lambda: receipts.fail(answers[0], "unreachable"))
    assert used(lea, "first_reply") == 50
    assert due(lea) == ((150, "first_reply") if again else (None, ""))


def test_what_came_earlier_is_due_earlier_only_while_they_are_one(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    promise(first_reply=7200, resolution=86400)
    earlier = write(-60)
    lea = write(0, earlier.customer)
    there = merge(earlier, lea, ana)[0]
    before = list(Promise.objects.filter(ticket=lea).order_by("pk").values())
    for minutes in (20, 40):
        at(minutes, there)
        assert due(lea) == (60, "first_reply")
        at(minutes + 10, lambda: merging.unmerge(earlier.merges.get(undone_at=None), ana))
        assert due(lea) == (120, "first_reply")
        assert due(earlier) == (60, "first_reply")
        assert list(Promise.objects.filter(ticket=lea, ended_at=None).order_by("pk").values()) == before
    at(60, there)
    at(70, lambda: verbs.mark_answered(fresh(lea), ana))
    assert due(lea) == (1380, "resolution")
    at(80, lambda: merging.unmerge(earlier.merges.get(undone_at=None), ana))
    assert (due(lea), due(earlier)) == ((1440, "resolution"), (1380, "resolution"))


def test_what_is_merged_into_a_solved_ticket_is_still_due_to_be_solved(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    """Its own cycle goes on in the solved one, until they are parted."""
    promise(resolution=28800)
    solved = write(-60)
    at(0, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    kept = list(Promise.objects.filter(ticket=solved).values())
    lea = write(120, solved.customer)
    there = merge(lea, solved, ana)[0]
    for minutes in (150, 200):
        at(minutes, there)
        assert due(solved) == (600, "resolution")
        at(minutes + 10, lambda: verbs.mark_answered(fresh(solved), ana))
        assert due(solved) == (600, "resolution")
        at(minutes + 20, lambda: merging.unmerge(lea.merges.get(undone_at=None), ana))
        assert (due(solved), due(lea)) == ((None, ""), (600, "resolution"))
        assert list(Promise.objects.filter(ticket=solved).exclude(end="dropped").values()) == kept
        at(minutes + 21, lambda: verbs.mark_unanswered(fresh(lea), ana))
    at(230, there)
    at(240, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    assert due(solved) == (None, "")
    assert [each.end for each in Promise.objects.filter(ticket=solved).order_by("since")] == ["kept", "kept"]


@pytest.fixture
def older(write: Callable[..., Ticket], at: At, ana: User) -> tuple[Ticket, Ticket]:
    """Lea waits since two hours before ten, with eight hours for it to be solved; another ticket of hers, an
    hour younger, was solved at ten."""
    promise(resolution=28800)
    lea = write(-120)
    solved = write(-60, lea.customer)
    at(0, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    return lea, solved


def ended(ticket: Ticket) -> list[tuple[float, float, str]]:
    """Since when its resolutions ran and until when, in minutes past ten, and how they ended."""
    rows = Promise.objects.filter(ticket=ticket, target="resolution", ended_at__isnull=False)
    times = rows.order_by("since").values_list("since", "ended_at", "end")
    minute = timedelta(minutes=1)
    return [((since - TEN) / minute, (until - TEN) / minute, end) for since, until, end in times if until]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(("when", "how"), [(170, "kept"), (700, "late")])
def test_one_older_than_the_solving_is_due_until_it_is_solved_where_it_goes_on(
    older: tuple[Ticket, Ticket], at: At, ana: User, when: int, how: str, told: bool
) -> None:
    lea, solved = older
    at(150, merge(lea, solved, ana)[0])
    at(160)
    assert due(solved) == (360, "resolution")
    if told:
        at(when - 1, lambda: promises.say_what_is_due(clock.now()))
    at(when, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    assert due(solved) == (None, "")
    assert ended(solved) == [(-120, when, how), (-60, 0, "kept")]


def test_one_older_than_the_solving_is_due_again_when_solving_many_is_taken_back(
    older: tuple[Ticket, Ticket], at: At, ana: User
) -> None:
    lea, solved = older
    at(150, merge(lea, solved, ana)[0])
    there, back = sweep(solved, ana)
    at(170, there)
    assert due(solved) == (None, "")
    at(175, back)
    assert due(solved) == (360, "resolution")


def test_one_older_than_the_solving_is_due_where_it_is_however_often_it_is_merged(
    older: tuple[Ticket, Ticket], at: At, ana: User
) -> None:
    lea, solved = older
    for minutes in (150, 200, 250):
        at(minutes, merge(lea, solved, ana)[0])
        assert due(solved) == (360, "resolution")
        at(minutes + 10, lambda: merging.unmerge(lea.merges.get(undone_at=None), ana))
        assert (due(solved), due(lea)) == ((None, ""), (360, "resolution"))
        assert ended(solved) == [(-120, minutes + 10, "dropped"), (-60, 0, "kept")]
    at(300, merge(lea, solved, ana)[0])
    at(400, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    assert ended(solved) == [(-120, 400, "late"), (-60, 0, "kept")]


@pytest.mark.parametrize("age", [-120, 120])
def test_what_was_solved_with_it_and_waits_again_is_due_where_it_is_merged_in_again(
    write: Callable[..., Ticket], at: At, ana: User, age: int
) -> None:
    promise(resolution=28800)
    lea = write(age)
    solved = write(-60, lea.customer)
    at(0, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    there = merge(lea, solved, ana)[0]
    at(150, there)
    at(170, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    at(175, lambda: merging.unmerge(lea.merges.get(), ana))
    at(180, lambda: verbs.mark_unanswered(fresh(lea), ana))
    assert due(lea) == (age + 480, "resolution")
    at(200, there)
    assert due(solved) == (age + 480, "resolution")
    at(210, lambda: verbs.set_status(fresh(solved), ana, "solved"))
    assert (age, 210, "kept") in ended(solved)


def test_an_answer_from_before_it_came_in_is_none_to_it(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    promise(first_reply=7200, next_reply=7200)
    older = write(-60)
    lea = write(-50, older.customer)
    at(0, lambda: (answer(older, ana), verbs.mark_answered(fresh(older), ana)))
    at(20, merge(lea, older, ana)[0])
    assert due(older) == (70, "next_reply")
    at(30, lambda: merging.unmerge(lea.merges.get(), ana))
    assert (due(older), due(lea)) == ((None, ""), (70, "first_reply"))
    rows = Promise.objects.filter(ticket=older).order_by("since").values_list("end", "ended_at")
    assert list(rows) == [("kept", past_ten(0)), ("dropped", past_ten(30))]


def test_a_pause_while_they_are_apart_counts_when_they_are_one_again(
    older: tuple[Ticket, Ticket], at: At, ana: User
) -> None:
    lea, solved = older
    at(150, merge(lea, solved, ana)[0])
    at(160, lambda: merging.unmerge(lea.merges.get(), ana))
    at(170, lambda: verbs.set_status(fresh(lea), ana, "pending"))
    at(190, lambda: verbs.set_status(fresh(lea), ana, "open"))
    at(200, merge(lea, solved, ana)[0])
    assert due(solved) == (380, "resolution")


def test_the_cycle_of_one_that_holds_an_older_one_goes_on_with_it(
    older: tuple[Ticket, Ticket], write: Callable[..., Ticket], at: At, ana: User
) -> None:
    """However it came there, by two steps; and the one between goes on when the older one leaves."""
    lea, solved = older
    between = write(5, lea.customer)
    at(10, merge(lea, between, ana)[0])
    assert due(between) == (360, "resolution")
    at(150, merge(between, solved, ana)[0])
    assert due(solved) == (360, "resolution")
    at(160, lambda: merging.unmerge(lea.merges.get(), ana))
    assert (due(solved), due(lea)) == ((485, "resolution"), (360, "resolution"))
    at(170, lambda: merging.unmerge(between.merges.get(), ana))
    assert (due(solved), due(between)) == ((None, ""), (485, "resolution"))
    assert [each for each in ended(solved) if each[2] != "dropped"] == [(-60, 0, "kept")]


def test_what_is_put_back_into_a_solved_ticket_is_still_due_to_be_solved(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    promise(resolution=28800)
    lea = write(-60)
    first = lea.messages.get()
    facts = {"direction": "in", "visibility": first.visibility, "kind": first.kind, "at": past_ten(-30)}
    second = lea.messages.create(account=lea.account, identity=lea.identity, external_id="second", **facts)
    new = merging.split(fresh(lea), [second.pk], ana)
    at(0, lambda: verbs.set_status(fresh(lea), ana, "solved"))
    at(150, lambda: merging.unsplit(new.splits.get(), ana))
    at(160, lambda: verbs.mark_answered(fresh(lea), ana))
    assert due(lea) == (450, "resolution")


def test_what_was_paused_while_they_were_one_counts_for_the_one_that_was(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    promise(first_reply=7200)
    earlier = write(-60)
    lea = write(0, earlier.customer)
    there, back = merge(earlier, lea, ana)
    at(20, there)
    at(30, lambda: verbs.set_status(fresh(lea), ana, "pending"))
    at(50, lambda: verbs.set_status(fresh(lea), ana, "open"))
    assert due(lea) == (80, "first_reply")
    at(60, back)
    assert (due(lea), due(earlier)) == ((140, "first_reply"), (60, "first_reply"))


def test_a_wait_that_is_merged_in_ran_by_the_hours_there(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    """The nights' work from 8 to 9:30 counts for what waits there since 9:00, until it is merged at 10:20."""
    nights = Team.objects.create(name="Nights")
    for team, day in ((None, [600, 1020]), (nights, [480, 570])):
        schedule = Schedule.objects.create(name=str(team))
        Hours.objects.create(schedule=schedule, since=past_ten(-9999), zone="UTC", week=[[day]] * 7)
        SchedulePlace.objects.create(schedule=schedule, team=team, since=past_ten(-9999))
    Policy.objects.create(name="All", time="business", first_reply=7200)
    earlier = write(-60)
    at(-60, lambda: verbs.give_to_team(fresh(earlier), ana, nights))
    lea = write(0, earlier.customer)
    at(20, merge(earlier, lea, ana)[0])
    assert (used(lea, "first_reply"), due(lea)) == (30, (110, "first_reply"))


def test_a_wait_that_is_merged_in_brings_its_own_pauses(
    write: Callable[..., Ticket], at: At, ana: User
) -> None:
    """Lea's second ticket was on hold from 9:10 to 9:40; that she waits in the first one since 10:00 is no
    matter."""
    promise(first_reply=7200)
    earlier = write(-60)
    at(-50, lambda: verbs.set_status(fresh(earlier), ana, "hold"))
    at(-20, lambda: verbs.set_status(fresh(earlier), ana, "open"))
    lea = write(0, earlier.customer)
    at(20, merge(earlier, lea, ana)[0])
    assert (used(lea, "first_reply"), due(lea)) == (50, (90, "first_reply"))


@pytest.mark.parametrize("turned", [False, True])
def test_one_runs_again_in_the_place_of_another(write: Callable[..., Ticket], at: At, turned: bool) -> None:
    """Whichever of them the database would come to first."""
    promise(first_reply=7200)
    ticket = write(0)
    policies, desk = list(Policy.objects.all()), DeskHours()
    (runs,) = clocks.running_of([ticket.pk], policies, desk)[ticket.pk].values()
    runs.ended_at, runs.end = past_ten(5), "dropped"
    Promise.objects.filter(pk=runs.pk).update(since=past_ten(-60), ended_at=past_ten(1))
    at(6)
    (later,) = clocks.running_of([ticket.pk], policies, desk)[ticket.pk].values()
    later.ended_at, later.end = past_ten(7), "dropped"
    runs.since, runs.ended_at, runs.end = past_ten(-60), None, ""
    clocks.write([later, runs] if turned else [runs, later], [])
    assert Promise.objects.get(ticket=ticket, ended_at=None).pk == runs.pk
