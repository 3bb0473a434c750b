"""Merged, split and joined, worked on, and taken back: as if it had never been, also in figures."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heed.inbox import verbs
from heed.inbox.models import Customer, Merge, Message, Ticket
from heed.inbox.tests.conftest import account, ana, ivo, rubber
from heed.inbox.verbs import CannotTend, merging
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.insights.tests.desk import MONDAY, Desk, both_ways, desk, row, stands
from heed.routing import promises
from heed.tests.examples import examples

__all__ = ["account", "ana", "desk", "ivo", "rubber"]

pytestmark = pytest.mark.django_db

Work = list[str]
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
