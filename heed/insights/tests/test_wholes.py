"""What is answered and due in tickets in which others go on: promises and figures, each computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels.base import IdentityChanged, MessageReceived, Person
from heed.inbox import arrivals, news, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.tests.conftest import account, ana, ivo, rubber
from heed.inbox.verbs import merging
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.insights.tests.desk import (
    Desk,
    answers,
    at,
    desk,
    minute,
    puts_back,
    replies,
    row,
    settle,
    splits,
    waits,
    writes,
)
from heed.routing.models import Promise

__all__ = ["account", "ana", "desk", "ivo", "rubber"]

pytestmark = pytest.mark.django_db


def cycles(ticket: Ticket) -> list[Any]:
    found = told(lives([ticket.pk])[0].timeline).cycles
    return [(minute(each.opened), minute(each.last_solved), each.missed) for each in found]


# ------------------------------------------------------------------------------------ merged


def test_an_answer_to_what_was_merged_in_is_one_to_the_whole(desk: Desk) -> None:
    """Asked at 0 and 10, one at 20, answered at 30. Taken apart at 40, who was not answered waits since 0."""
    one, two = writes(desk, 0), writes(desk, 10, "two")
    older, newer = one.ticket, two.ticket
    at(desk, 20)
    record = merging.merge(newer, row(older), desk.ana)
    answers(desk, 30, two)
    settle(desk)
    assert replies(older) == [(0, 30, "kept")]
    assert waits(older) == [(0, 30, False), (10, 30, False)]
    at(desk, 40)
    merging.unmerge(record, desk.ana)
    settle(desk)
    assert (replies(older), waits(older)) == ([(0, None, "")], [(0, None, False)])
    assert (minute(row(older).due_at), row(older).due_for) == (60, "first_reply")
    assert waits(newer) == [(10, 30, False)]


def test_an_answer_there_before_a_third_came_in_is_still_one(desk: Desk) -> None:
    """Asked at 0, 10 and 20; the first two are one at 25, answered at 30; the third comes in at 40."""
    one, two, three = writes(desk, 0), writes(desk, 10, "two"), writes(desk, 20, "three")
    older = one.ticket
    at(desk, 25)
    merging.merge(two.ticket, row(older), desk.ana)
    answers(desk, 30, two)
    at(desk, 40)
    merging.merge(three.ticket, row(older), desk.ana)
    settle(desk)
    assert replies(older) == [(0, 30, "kept"), (20, None, "")]
    assert waits(older) == [(0, 30, False), (10, 30, False), (20, None, False)]


# -------------------------------------------------------------------------- split and put back


def test_split_off_and_put_back_at_once_it_never_was(desk: Desk) -> None:
    """Asked at 0, 6 and 10, marked unanswered at 8; what is split off at 20 has told the second of that."""
    one = writes(desk, 0)
    at(desk, 7)
    verbs.mark_answered(row(one.ticket), desk.ana)
    second = writes(desk, 7.5)
    at(desk, 8)
    verbs.mark_answered(row(one.ticket), desk.ana)
    at(desk, 9)
    verbs.mark_unanswered(row(one.ticket), desk.ana)
    writes(desk, 10)
    puts_back(desk, 21, splits(desk, 20, second))
    assert waits(one.ticket) == [(0, 7, False), (7.5, 8, False), (9, None, False)]
    at(desk, 30)
    verbs.mark_answered(row(one.ticket), desk.ana)
    assert waits(one.ticket)[-1] == (9, 30, False)


def test_what_missed_its_resolution_in_a_solved_ticket_it_was_put_back_into(desk: Desk) -> None:
    """Asked at 0 and 10, parted at 20, the first solved at 30, put back at 40: due to be solved at 1510."""
    one, two = writes(desk, 0), writes(desk, 10)
    new = splits(desk, 20, two)
    at(desk, 30)
    verbs.set_status(row(one.ticket), desk.ana, "solved")
    puts_back(desk, 40, new)
    assert waits(one.ticket) == [(0, 30, False), (10, None, False)]
    assert cycles(one.ticket) == [(0, 30, False)]
    at(desk, 1520)
    settle(desk)
    assert waits(one.ticket) == [(0, 30, False), (10, None, True)]
    assert cycles(one.ticket) == [(0, 30, True)]
    at(desk, 1530)
    verbs.set_status(row(one.ticket), desk.ana, "solved")
    assert cycles(one.ticket) == [(0, 1530, True)]


def test_what_missed_its_resolution_before_it_was_put_back(desk: Desk) -> None:
    one, two = writes(desk, 0), writes(desk, 10)
    new = splits(desk, 20, two)
    at(desk, 30)
    verbs.set_status(row(one.ticket), desk.ana, "solved")
    at(desk, 1520)
    settle(desk)
    assert (cycles(one.ticket), cycles(new)) == ([(0, 30, False)], [(10, None, True)])
    puts_back(desk, 1530, new)
    assert cycles(one.ticket) == [(0, 30, True)]


def test_an_answer_in_the_old_ticket_was_none_to_what_was_split_off(desk: Desk) -> None:
    """Asked at 0 and 10, parted at 20, the first answered at 30; the second was due at 70, is put back at
    80 and answered at 90."""
    one, two = writes(desk, 0), writes(desk, 10)
    new = splits(desk, 20, two)
    answers(desk, 30, one)
    at(desk, 75)
    settle(desk)
    puts_back(desk, 80, new)
    assert waits(one.ticket) == [(0, 30, False), (10, None, True)]
    assert (minute(row(one.ticket).due_at), row(one.ticket).due_for) == (130, "next_reply")
    answers(desk, 90, two)
    settle(desk)
    assert replies(one.ticket) == [(0, 30, "kept"), (10, 90, "kept")]
    assert waits(one.ticket) == [(0, 30, False), (10, 90, True)]


def test_an_answer_to_what_was_split_off_was_none_in_the_old_ticket(desk: Desk) -> None:
    """Asked at 0 and 10, parted at 20, the second answered at 25, put back at 40: the first still waits."""
    one, two = writes(desk, 0), writes(desk, 10)
    new = splits(desk, 20, two)
    answers(desk, 25, two)
    puts_back(desk, 40, new)
    assert waits(one.ticket) == [(0, None, False), (10, 25, False)]
    assert replies(one.ticket) == [(0, None, "")]
    answers(desk, 50, one)
    settle(desk)
    assert waits(one.ticket) == [(0, 50, False), (10, 25, False)]
    assert replies(one.ticket) == [(0, 50, "kept")]


def test_split_off_spam_that_is_put_back_makes_no_spam_of_the_rest(desk: Desk) -> None:
    one, two = writes(desk, 0), writes(desk, 10)
    new = splits(desk, 20, two)
    verbs.mark_spam(row(new), desk.ana)
    puts_back(desk, 40, new)
    assert waits(one.ticket)[0] == (0, None, False)


def test_what_was_merged_in_is_split_off_as_its_own(desk: Desk) -> None:
    """Asked at 0 and 10, one at 20, parted another way at 30: marked answered at 40, nobody waits there."""
    one, two = writes(desk, 0), writes(desk, 10, "two")
    at(desk, 20)
    merging.merge(two.ticket, row(one.ticket), desk.ana)
    new = splits(desk, 30, two)
    settle(desk)
    assert waits(new) == [(10, None, False)]
    at(desk, 40)
    verbs.mark_answered(row(new), desk.ana)
    assert waits(new) == [(10, 40, False)]


def test_an_answer_to_what_was_merged_in_and_split_off_keeps_the_promise(desk: Desk) -> None:
    one, two = writes(desk, 0), writes(desk, 10, "two")
    at(desk, 20)
    merging.merge(two.ticket, row(one.ticket), desk.ana)
    new = splits(desk, 30, two)
    answers(desk, 40, two)
    settle(desk)
    assert replies(new) == [(10, 40, "kept")]


def test_what_another_missed_while_it_was_merged_in_is_missed_by_nobody_here(desk: Desk) -> None:
    """Asked at 0, answered at 5, asked again at 40. The other's wait, since 10, is in there from 41 on, due
    after two hours, and leaves at 135; what waits since 40 is due at 160."""
    first = writes(desk, 0, "two")
    answers(desk, 5, first)
    verbs.mark_answered(row(first.ticket), desk.ana)
    other = writes(desk, 10)
    writes(desk, 40, "two")
    at(desk, 41)
    record = merging.merge(row(other.ticket), row(first.ticket), desk.ana)
    at(desk, 132)
    settle(desk)
    assert waits(first.ticket) == [(0, 5, False), (10, None, True), (40, None, True)]
    at(desk, 135)
    merging.unmerge(record, desk.ana)
    settle(desk)
    assert waits(first.ticket) == [(0, 5, False), (40, None, False)]
    assert waits(other.ticket) == [(10, None, True)]
    assert minute(row(first.ticket).due_at) == 160


# ------------------------------------------------------------------------------- giving way

OTHER = Person("lea-2", "Lea Marn")


def writes_as_another(desk: Desk, minute: float) -> Message:
    at(desk, minute)
    name = f"other{minute:g}"
    facts: dict[str, Any] = {"visibility": "public", "kind": "comment", "post": "one", "at": desk.now()}
    said = MessageReceived(external_id=name, text=name, author=OTHER, **facts)
    arrivals.store([arrivals.Arrival(desk.account, said)])
    return Message.objects.get(external_id=name)


def gives_way(desk: Desk, minute: float) -> None:
    """Lea turns out to be the other."""
    at(desk, minute)
    news.apply(desk.account, IdentityChanged(previous="lea", person=OTHER, at=desk.now()))
    settle(desk)


def resolutions(ticket: Ticket) -> list[Any]:
    rows = Promise.objects.filter(ticket=ticket, target="resolution").order_by("since")
    return [(minute(each.since), minute(each.ended_at), each.end) for each in rows]


def test_a_younger_wait_that_is_poured_into_a_solved_ticket_is_a_cycle_of_its_own(desk: Desk) -> None:
    """Asked at 0 and solved at 10; asked under the old name at 20, and one since 30: to be solved by 1520."""
    theirs = writes_as_another(desk, 0).ticket
    at(desk, 10)
    verbs.set_status(row(theirs), desk.ana, "solved")
    writes(desk, 20)
    gives_way(desk, 30)
    assert Ticket.objects.get() == theirs
    assert row(theirs).status == "open"
    assert (replies(theirs), resolutions(theirs)) == (
        [(0, 10, "dropped"), (20, None, "")],
        [(0, 10, "kept"), (20, None, "")],
    )
    assert waits(theirs) == [(0, 10, False), (20, None, False)]
    assert cycles(theirs) == [(0, 10, False), (20, None, False)]
    at(desk, 1530)
    settle(desk)
    assert cycles(theirs) == [(0, 10, False), (20, None, True)]
    verbs.set_status(row(theirs), desk.ana, "solved")
    settle(desk)
    assert resolutions(theirs) == [(0, 10, "kept"), (20, 1530, "late")]


def test_an_older_wait_that_is_poured_into_a_solved_ticket_goes_on(desk: Desk) -> None:
    """Asked under the old name at 0, under the other at 5, which is solved at 10; one since 30. Nobody has
    answered the first: to be answered by 60 and solved by 1500."""
    writes(desk, 0)
    theirs = writes_as_another(desk, 5).ticket
    at(desk, 10)
    verbs.set_status(row(theirs), desk.ana, "solved")
    gives_way(desk, 30)
    assert (minute(row(theirs).waiting_since), minute(row(theirs).due_at)) == (0, 60)
    assert waits(theirs) == [(0, None, False), (5, 10, False)]
    assert cycles(theirs) == [(0, 10, False)]
    at(desk, 1510)
    settle(desk)
    assert waits(theirs) == [(0, None, True), (5, 10, False)]
    assert cycles(theirs) == [(0, 10, True)]
    verbs.set_status(row(theirs), desk.ana, "solved")
    settle(desk)
    assert cycles(theirs) == [(0, 1510, True)]
    assert resolutions(theirs)[0] == (0, 1510, "late")


def test_an_older_wait_that_is_poured_in_has_no_answer_from_there(desk: Desk) -> None:
    """Asked under the old name at 0, under the other at 5, answered there at 7; one since 30."""
    writes(desk, 0)
    asked = writes_as_another(desk, 5)
    answers(desk, 7, asked)
    verbs.mark_answered(row(asked.ticket), desk.ana)
    gives_way(desk, 30)
    assert minute(row(asked.ticket).waiting_since) == 0
    assert (minute(row(asked.ticket).due_at), row(asked.ticket).due_for[-5:]) == (60, "reply")
    assert waits(asked.ticket) == [(0, None, False), (5, 7, False)]


def test_what_is_poured_in_waits_once(desk: Desk) -> None:
    """Asked under the other name at 0, answered at 5, solved at 20; asked under the old one at 10; one since
    30. One wait from 0 to 5, one since 10."""
    asked = writes_as_another(desk, 0)
    answers(desk, 5, asked)
    verbs.mark_answered(row(asked.ticket), desk.ana)
    writes(desk, 10)
    at(desk, 20)
    verbs.set_status(row(asked.ticket), desk.ana, "solved")
    gives_way(desk, 30)
    assert waits(asked.ticket) == [(0, 5, False), (10, None, False)]
    answers(desk, 40, asked)
    assert waits(asked.ticket) == [(0, 5, False), (10, 40, False)]


def test_what_was_answered_before_it_was_poured_in_was_no_answer_here(desk: Desk) -> None:
    """Asked under the other name at 0; under the old one at 1, answered there at 2; one since 30."""
    theirs = writes_as_another(desk, 0).ticket
    asked = writes(desk, 1)
    answers(desk, 2, asked)
    verbs.mark_answered(row(asked.ticket), desk.ana)
    gives_way(desk, 30)
    assert minute(row(theirs).waiting_since) == 0
    assert waits(theirs) == [(0, None, False), (1, 2, False)]


def test_what_was_over_before_the_other_began_stays_over(desk: Desk) -> None:
    """Asked under the old name at 0 and solved at 10, asked under the other at 20; one since 30."""
    at(desk, 0)
    asked = writes(desk, 0)
    at(desk, 10)
    verbs.set_status(row(asked.ticket), desk.ana, "solved")
    theirs = writes_as_another(desk, 20).ticket
    gives_way(desk, 30)
    assert waits(theirs) == [(0, 10, False), (20, None, False)]
    assert cycles(theirs) == [(0, 10, False), (20, None, False)]


def test_what_had_been_merged_into_it_is_poured_in_with_it(desk: Desk) -> None:
    """Under the old name asked in two tickets at 0 and 1, one since 2, answered there at 3, asked again at 4;
    under the other asked at 5 and answered at 6; one since 30. Parted again, each has its own."""
    first, second = writes(desk, 0), writes(desk, 1, "two")
    at(desk, 2)
    record = merging.merge(row(second.ticket), row(first.ticket), desk.ana)
    answers(desk, 3, first)
    verbs.mark_answered(row(first.ticket), desk.ana)
    writes(desk, 4)
    theirs = writes_as_another(desk, 5)
    answers(desk, 6, theirs)
    verbs.mark_answered(row(theirs.ticket), desk.ana)
    gives_way(desk, 30)
    assert sorted(waits(theirs.ticket)) == [(0, 3, False), (1, 3, False), (4, None, False), (5, 6, False)]
    record.refresh_from_db()
    merging.unmerge(record, desk.ana)
    assert waits(row(second.ticket)) == [(1, 3, False)]
