"""Merged, split and joined, worked on, and taken back: as if it had never been, also in figures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heed.accounts.models import Team, User
from heed.channels.base import Echo, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import arrivals, news, verbs
from heed.inbox.models import Customer, Event, Field, Merge, Message, Ticket
from heed.inbox.ratings import BAD, GOOD, keep_ratings
from heed.inbox.tests.conftest import account, ana, ivo, rubber
from heed.inbox.verbs import CannotTend, many, merging, sorting
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.routing import promises
from heed.routing.models import Policy, Promise
from heed.tests.examples import examples
from heed.tests.hands import let_it_be

__all__ = ["account", "ana", "ivo", "rubber"]

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
LEA = Person("lea", "Lea Marn")
COLUMNS = (
    *("unanswered", "waiting_since", "status", "solved_at", "snoozed_until", "outside_until", "due_at"),
    *("rating", "tags", "fields", "priority", "assignee_id", "team_id", "opened_at", "last_at", "last_text"),
)

Work = list[str]


class Desk:
    """A desk where it is always the minute that a test says."""

    def __init__(self, account: Account, ana: User, ivo: User) -> None:
        self.account, self.ana, self.ivo = account, ana, ivo
        self.begin()

    def begin(self) -> None:
        self.minute: float = 0
        self.kept_at = self.now()
        """When the promises were brought to what was,"""
        self.ended: set[tuple[int, datetime | None]] = set()
        """and those that had ended by then."""

    def now(self) -> datetime:
        return MONDAY + timedelta(minutes=self.minute)

    def writes(self, post: str, text: str = "") -> None:
        facts: dict[str, Any] = {
            "visibility": "public",
            "kind": "comment",
            "author": LEA,
            "post": post,
            "at": self.now(),
        }
        name = f"{post}{self.minute:g}"
        said = MessageReceived(external_id=name, text=text or f"words of {name}", **facts)
        with transaction.atomic():
            stored = arrivals.store([arrivals.Arrival(self.account, said)])
        keep_ratings(list(Event.objects.filter(pk__in=[pk for _kind, pk in stored.events])))

    def answers_outside(self, parent: str) -> None:
        facts: dict[str, Any] = {"visibility": "public", "at": self.now(), "text": "Sent."}
        news.apply(self.account, Echo(external_id=f"e{self.minute}", parent=parent, **facts))

    def keep(self) -> None:
        """Bring all promises to what is now, as the worker does after each piece of work. Nothing ends before
        it was done, and whoever waits is owed that it be solved."""
        promises.keep_all(Ticket.objects.values_list("pk", flat=True))
        over = set(Promise.objects.exclude(ended_at=None).values_list("pk", "ended_at"))
        assert all(at and at >= self.kept_at for _promise, at in over - self.ended)
        self.kept_at, self.ended = self.now(), over
        owed = Promise.objects.filter(target="resolution", ended_at=None).values("ticket")
        waits = Ticket.objects.filter(unanswered=True, merged_into=None).exclude(status="solved")
        assert not waits.exclude(pk__in=owed).exists()

    def answers(self) -> None:
        asked = Message.objects.get(external_id="one0")
        sent = verbs.answer(row(asked.ticket), self.ana, "It is on its way.", "public", to=asked.pk)
        Message.objects.filter(pk=sent.pk).update(state="sent", at=self.now())

    def asks(self, ticket: Ticket) -> None:
        """The follow-up question, under which one can tap."""
        facts: dict[str, Any] = {
            "direction": "out",
            "visibility": "public",
            "state": "sent",
            "at": self.now(),
        }
        facts |= {"origin": "follow_up", "manner": {"choices": [GOOD, BAD]}, "text": "Is it fixed?"}
        asked = row(ticket)
        asked.messages.create(account=self.account, identity=asked.identity, **facts)
        arrivals.show_last(asked)

    def does(self, what: str, first: Ticket, both: list[Ticket]) -> None:
        """One piece of work; `both` are the tickets that are one, or would be. Raises `CannotTend`."""
        whole = [row(each) for each in both]
        match what.split():
            case [("one" | "two") as post, "writes"]:
                self.writes(post)
            case [("one" | "two") as post, ("👍" | "👎") as mark]:
                self.asks(first)
                self.minute += 0.5
                self.writes(post, mark)
            case ["outside"]:
                self.answers_outside("one0")
            case ["answered"]:
                self.answers()
            case ["marked"]:
                for each in whole:
                    verbs.mark_answered(each, self.ana)
            case ["unmarked"] if not any(each.unanswered for each in whole):
                for each in whole:
                    verbs.mark_unanswered(each, self.ana)
            case ["swept"]:
                swept = many.sweep(self.ivo, "answered", "", [each.pk for each in both])
                self.minute += 0.5
                many.undo(swept, self.ivo)
            case ["solved"]:
                verbs.set_status(row(first), self.ana, "solved")
                for each in whole:
                    verbs.mark_answered(each, self.ana)
            case ["swept", "solved"]:
                swept = many.sweep(self.ivo, "status", "solved", [first.pk])
                self.keep()
                self.minute += 0.5
                many.undo(swept, self.ivo)
            case ["pending"]:
                verbs.set_status(row(first), self.ana, "pending")
            case ["snoozed"]:
                verbs.snooze(row(first), self.ana, MONDAY + timedelta(days=1))
            case ["tended"]:
                sorting.tag(row(first), self.ana, add=["returns"])
                sorting.set_priority(row(first), self.ana, 4)
                sorting.fill(row(first), self.ana, "order", "A1")
                verbs.assign(row(first), self.ana, self.ivo)
                verbs.give_to_team(row(first), self.ana, Team.objects.get())


def row(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("account", "identity", "customer").get(pk=ticket.pk)


@pytest.fixture
def desk(account: Account, ana: User, ivo: User, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk(account, ana, ivo)
    let_it_be(monkeypatch, found.now)
    Team.objects.create(name="Returns")
    Field.objects.create(key="order", title="Order")
    Policy.objects.create(name="All", first_reply=3600, next_reply=7200, resolution=90000, time="elapsed")
    return found


def stands(*tickets: Ticket) -> list[Any]:
    """All that one sees of the tickets, and their figures."""
    promises.keep_all([each.pk for each in tickets])
    found = []
    for each, life in zip(tickets, lives([each.pk for each in tickets]), strict=True):
        now, story = row(each), told(life.timeline)
        said = list(now.messages.order_by("at", "id").values_list("text", "home"))
        waits = [(wait.since, wait.until, wait.dropped) for wait in story.waits]
        solved = [(cycle.opened, cycle.first_solved) for cycle in story.cycles]
        rated = sorted(story.rated.values())
        owed = list(now.promises.filter(target="resolution", ended_at=None).values_list("since", "due"))
        found.append(({name: getattr(now, name) for name in COLUMNS}, said, waits, solved, rated, owed))
    return found


def both_ways(desk: Desk, apart: Callable[[], list[Any]], together: Callable[[], list[Any]]) -> None:
    outcomes = []
    for way in (apart, together):
        desk.begin()
        with transaction.atomic():
            outcomes.append(way())
            transaction.set_rollback(True)
    for one, other in zip(*outcomes, strict=True):
        for part, wanted in zip(one, other, strict=True):
            assert wanted == part


WORK = (
    *("one writes", "two writes", "marked", "unmarked", "swept", "answered", "solved"),
    *("swept solved", "pending", "snoozed", "tended", "one 👍", "two 👎"),
)
work = st.sampled_from(WORK)


@given(
    st.lists(work | st.just("outside"), max_size=3),
    st.lists(work, max_size=7),
    st.sampled_from(("two", "inner first", "outer first")),
    st.booleans(),
    st.booleans(),
)
@example(["solved"], ["one writes", "swept solved"], "two", True, False)
@example(["solved"], ["pending", "one writes"], "outer first", True, True)
@example([], ["solved", "two writes", "one writes"], "two", False, False)
@example(["solved"], ["swept solved"], "two", True, False)
@example(["snoozed"], ["swept solved"], "two", True, False)
@example(
    ["one writes", "snoozed", "unmarked"],
    ["two writes", "two writes", "pending", "one writes", "one writes", "one writes", "swept solved"],
    "inner first",
    False,
    False,
)
@example(["pending", "snoozed"], ["two writes", "one writes"], "two", False, False)
@example(["one writes", "tended", "solved"], ["answered"], "outer first", True, False)
@settings(max_examples=examples(8))
def test_merged_worked_on_and_unmerged(
    desk: Desk, before: Work, meanwhile: Work, way: str, newest_stays: bool, twice: bool
) -> None:
    """The same work on tickets apart, and on one that is taken apart afterwards, ends the same."""
    done: Work = []

    def begun() -> list[Ticket]:
        for post in ("one", "two", "three")[: 2 if way == "two" else 3]:
            desk.writes(post)
            desk.minute += 1
        tickets = list(Ticket.objects.order_by("-opened_at" if newest_stays else "opened_at"))
        desk.keep()
        for what in before:
            desk.minute += 1
            with suppress(CannotTend):
                desk.does(what, tickets[0], tickets[:1])
            desk.keep()
        return tickets

    def apart() -> list[Any]:
        tickets = begun()
        desk.minute += 1.5
        for what in meanwhile:
            desk.minute += 1
            try:
                desk.does(what, tickets[0], tickets)
                done.append(what)
            except CannotTend:
                done.append("")
            desk.keep()
        return stands(*tickets)

    def together() -> list[Any]:
        tickets = begun()
        desk.minute += 0.5
        steps = list(pairwise(reversed(tickets)))
        records = [merging.merge(one, into, desk.ana) for one, into in steps]
        desk.keep()
        desk.minute += 0.5
        if twice:
            taken_apart(records)
            records = [merging.merge(one, into, desk.ana) for one, into in steps]
            desk.keep()
        desk.minute += 0.5
        for what in done:
            desk.minute += 1
            desk.does(what, tickets[0], tickets[:1])
            desk.keep()
        taken_apart(records)
        return stands(*tickets)

    def taken_apart(records: list[Merge]) -> None:
        for record in records if way == "inner first" else reversed(records):
            merging.unmerge(record, desk.ana)
            desk.keep()

    both_ways(desk, apart, together)


@given(st.lists(work, max_size=5))
@settings(max_examples=examples(4))
def test_split_off_and_put_back(desk: Desk, before: Work) -> None:
    def whole(taken_back: bool) -> list[Any]:
        desk.writes("one")
        ticket = Ticket.objects.get()
        for what in (*before, "one writes"):
            desk.minute += 1
            with suppress(CannotTend):
                desk.does(what, ticket, [ticket])
        if taken_back:
            last = ticket.messages.filter(direction="in").order_by("at").last()
            assert last is not None
            merging.unsplit(merging.split(ticket, [last.pk], desk.ana).splits.get(), desk.ana)
        return stands(ticket)

    both_ways(desk, lambda: whole(False), lambda: whole(True))


apart = st.tuples(st.booleans(), st.sampled_from(("marked", "unmarked", "swept", "one writes")))


@given(st.lists(apart, max_size=4))
@example([(False, "unmarked"), (False, "marked")])
@settings(max_examples=examples(4))
def test_whoever_waits_in_a_list_waits_in_the_figures(desk: Desk, work: list[tuple[bool, str]]) -> None:
    """Split off, worked on apart, and put back."""
    with transaction.atomic():
        desk.minute = 0
        for _ in range(3):
            desk.minute += 1
            desk.writes("one")
        source = Ticket.objects.get()
        desk.does("marked", source, [source])
        desk.minute += 1
        desk.writes("one")
        middle, last = source.messages.order_by("at")[1:4:2]
        new = merging.split(source, [middle.pk, last.pk], desk.ana)
        for which, what in work:
            desk.minute += 1
            desk.does(what, new if which else source, [new if which else source])
        waiting = [row(source).unanswered, row(new).unanswered]
        assert [told(each.timeline).still_waiting for each in lives([source.pk, new.pk])] == waiting
        desk.minute += 1
        merging.unsplit(new.splits.get(), desk.ana)
        assert row(source).unanswered == any(waiting)
        assert [told(each.timeline).still_waiting for each in lives([source.pk])] == [any(waiting)]
        transaction.set_rollback(True)


def test_satisfaction_goes_along_and_comes_back(desk: Desk) -> None:
    """The last word counts for those that are one; taken apart, each has its own, also of what came since."""
    desk.writes("one")
    desk.writes("two")
    one, two = Ticket.objects.order_by("pk")
    for what in ("one 👎", "two 👍"):
        desk.minute += 1
        desk.does(what, one, [one])
    record = merging.merge(two, one, desk.ana)
    assert row(one).rating is True
    desk.minute += 1
    desk.does("two 👎", one, [one])
    assert row(one).rating is False
    desk.minute += 1
    desk.does("one 👍", one, [one])
    split = merging.split(one, [Message.objects.get(external_id=f"one{desk.minute:g}").pk], desk.ana)
    assert (row(one).rating, row(split).rating) == (False, True)
    merging.unsplit(split.splits.get(), desk.ana)
    merging.unmerge(record, desk.ana)
    assert (row(one).rating, row(two).rating) == (True, False)
    assert [len(told(each.timeline).rated) for each in lives([one.pk, two.pk])] == [2, 2]


def test_what_was_missed_while_they_were_one_was_the_others(desk: Desk) -> None:
    desk.writes("one")
    desk.minute = 30
    desk.writes("two")
    desk.keep()
    desk.minute = 31
    one, two = Ticket.objects.order_by("opened_at")
    record = merging.merge(one, two, desk.ana)
    desk.minute = 70
    desk.keep()
    assert promises.say_what_is_due(desk.now()) == 1
    assert [each.missed for each in told(lives([two.pk])[0].timeline).waits] == [True, True]
    merging.unmerge(record, desk.ana)
    desk.keep()
    promises.say_what_is_due(desk.now())
    waits = [told(each.timeline).waits for each in lives([one.pk, two.pk])]
    assert [[each.missed for each in both] for both in waits] == [[True], [False]]
    assert waits[1][0].due == row(two).due_at


def test_the_split_off_part_keeps_its_team_and_whose_it_is(desk: Desk) -> None:
    for _ in range(2):
        desk.minute += 1
        desk.writes("one")
    source = Ticket.objects.get()
    desk.minute += 1
    desk.does("tended", source, [source])
    desk.minute += 1
    new = merging.split(source, [source.messages.order_by("at")[1].pk], desk.ana)
    (life,) = lives([new.pk])
    assert life.teams == [
        (MONDAY + timedelta(minutes=3), source.events.get(kind="team_changed").data["team"])
    ]
    assert told(life.timeline).holders == [desk.ivo.pk]


def test_what_comes_while_they_are_joined_goes_where_it_belongs(desk: Desk) -> None:
    desk.writes("one")
    lea = row(Ticket.objects.get())
    omar = Customer.objects.create(name="Omar Badr")
    record = verbs.join(lea.customer, omar, desk.ana)
    desk.minute += 1
    desk.writes("two")
    new = Ticket.objects.order_by("opened_at").last()
    assert new is not None
    assert new.customer == omar
    verbs.part(record, desk.ana)
    assert {row(each).customer for each in (lea, new)} == {lea.customer}


def cycles(ticket: Ticket) -> list[Any]:
    return [(each.due, each.missed) for each in told(lives([ticket.pk])[0].timeline).cycles]


def test_what_a_solved_ticket_owed_while_another_was_in_it_was_the_others(desk: Desk) -> None:
    desk.writes("one")
    desk.keep()
    one = Ticket.objects.get()
    desk.minute = 10
    desk.does("solved", one, [one])
    desk.keep()
    before = cycles(one)
    desk.minute = 20
    desk.writes("two")
    desk.keep()
    record = merging.merge(Ticket.objects.exclude(pk=one.pk).get(), row(one), desk.ana)
    desk.minute = 1530
    desk.keep()
    assert promises.say_what_is_due(desk.now()) == 2
    due = MONDAY + timedelta(minutes=1520)
    assert cycles(one) == [*before, (due, True)]
    merging.unmerge(record, desk.ana)
    desk.keep()
    assert cycles(one) == before


def test_what_an_older_one_misses_in_a_solved_ticket_is_missed_while_it_is_in_there(desk: Desk) -> None:
    desk.writes("one")
    desk.minute = 10
    desk.writes("two")
    desk.keep()
    older, newer = Ticket.objects.order_by("opened_at")
    desk.minute = 20
    desk.does("solved", newer, [newer])
    desk.keep()
    before = cycles(newer)
    desk.minute = 30
    record = merging.merge(row(older), row(newer), desk.ana)
    desk.keep()
    desk.minute = 1510
    desk.keep()
    assert promises.say_what_is_due(desk.now()) == 2
    assert cycles(newer) == [(MONDAY + timedelta(minutes=1500), True)]
    merging.unmerge(record, desk.ana)
    desk.keep()
    assert cycles(newer) == before
