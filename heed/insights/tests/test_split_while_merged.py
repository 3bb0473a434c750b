"""Split off while merged, worked on, put back and parted: as if they had never been one, also in figures."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heed.inbox import verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.tests.conftest import account, ana, ivo, rubber
from heed.inbox.verbs import CannotTend, merging
from heed.insights.tests.desk import (
    Desk,
    answers,
    both_ways,
    desk,
    puts_back,
    replies,
    row,
    settle,
    splits,
    stands,
    waits,
    writes,
)
from heed.tests.examples import examples

__all__ = ["account", "ana", "desk", "ivo", "rubber"]

pytestmark = pytest.mark.django_db

HERE = ("one writes", "two writes", "marked", "unmarked", "swept", "answered", "solved", "pending", "snoozed")
APART = ("marked", "unmarked", "swept", "replied", "solved", "pending")
work = st.tuples(st.just("here"), st.sampled_from(HERE)) | st.tuples(st.just("apart"), st.sampled_from(APART))
Work = list[tuple[str, str]]


def says(desk: Desk, ticket: Ticket, to: Message) -> None:
    sent = verbs.answer(row(ticket), desk.ana, "We look into that.", "public", to=to.pk)
    Message.objects.filter(pk=sent.pk).update(state="sent", at=desk.now())


@given(st.lists(st.sampled_from(HERE), max_size=2), st.lists(work, max_size=4), st.booleans())
@example([], [], False)
@example([], [("here", "marked")], False)
@example(["solved"], [], True)
@example(["solved"], [("apart", "unmarked")], True)
@example(["solved"], [("apart", "unmarked"), ("here", "two writes")], False)
@settings(max_examples=examples(2))
def test_split_off_from_what_was_merged_in(
    desk: Desk, before: list[str], meanwhile: Work, newest_stays: bool
) -> None:
    """The same work with a part of the second split off, whether the two are one meanwhile or not."""
    done: Work = []

    def begun() -> list[Ticket]:
        for post in ("one", "two", "one", "two"):
            desk.writes(post)
            desk.minute += 1
        tickets = list(Ticket.objects.order_by("-opened_at" if newest_stays else "opened_at"))
        desk.keep()
        for what in before:
            desk.minute += 1
            with suppress(CannotTend):
                desk.does(what, tickets[1], tickets[1:])
            desk.keep()
        desk.minute += 1
        return tickets

    def way(merged: bool) -> list[Any]:
        tickets = begun()
        record = merging.merge(tickets[1], tickets[0], desk.ana) if merged else None
        desk.keep()
        desk.minute += 1
        post = "one" if newest_stays else "two"
        chosen = Message.objects.filter(external_id__startswith=post, direction="in").latest("at")
        new = merging.split(row(chosen.ticket), [chosen.pk], desk.ana)
        desk.keep()
        if meanwhile:  # then it is a matter of its own, both ways
            desk.minute += 1
            desk.does("marked" if row(new).unanswered else "unmarked", new, [new])
            desk.keep()
        for number, (where, what) in enumerate(meanwhile):
            desk.minute += 1
            if merged and not done[number][1]:
                continue
            whole = [new] if where == "apart" else tickets[:1] if merged else tickets
            try:
                if what == "replied":
                    says(desk, new, chosen)
                else:
                    desk.does(what, whole[0], whole)
                done.append((where, what))
            except CannotTend:
                assert not merged
                done.append((where, ""))
            desk.keep()
        desk.minute += 1
        merging.unsplit(new.splits.get(), desk.ana)
        desk.keep()
        desk.minute += 1
        if record is not None:
            merging.unmerge(record, desk.ana)
            desk.keep()
        return stands(*tickets)

    both_ways(desk, lambda: way(False), lambda: way(True))


def test_what_had_its_answer_before_the_merge_waits_nowhere_when_it_is_split_off(desk: Desk) -> None:
    """Asked at 0, and elsewhere at 1, answered there at 3. One at 5, the second split off at 10, asked again
    there at 12, put back at 20, parted at 30: waits are 1 to 3 and since 12, beside the one since 0."""
    one, two = writes(desk, 0), writes(desk, 1, "two")
    answers(desk, 3, two)
    verbs.mark_answered(row(two.ticket), desk.ana)
    desk.minute = 5
    record = merging.merge(row(two.ticket), row(one.ticket), desk.ana)
    new = splits(desk, 10, two)
    settle(desk)
    assert (row(new).unanswered, waits(new), replies(new)) == (False, [(1, 3, False)], [])
    assert waits(one.ticket) == [(0, None, False)]
    desk.minute = 12
    verbs.mark_unanswered(row(new), desk.ana)
    assert waits(new) == [(1, 3, False), (12, None, False)]
    puts_back(desk, 20, new)
    assert sorted(waits(one.ticket)) == [(0, None, False), (1, 3, False), (12, None, False)]
    desk.minute = 30
    merging.unmerge(record, desk.ana)
    settle(desk)
    assert (waits(row(one.ticket)), waits(row(two.ticket))) == (
        [(0, None, False)],
        [(1, 3, False), (12, None, False)],
    )
