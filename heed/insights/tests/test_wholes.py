"""What is answered and due in tickets in which others go on: promises and figures, each computed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from heed.inbox import verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.tests.conftest import account, ana, ivo, rubber
from heed.inbox.verbs import merging
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.insights.tests.test_taking_apart import MONDAY, Desk, desk, row
from heed.routing import promises
from heed.routing.models import Promise

__all__ = ["account", "ana", "desk", "ivo", "rubber"]

pytestmark = pytest.mark.django_db


def minute(at: datetime | None) -> float | None:
    return (at - MONDAY).total_seconds() / 60 if at else None


def at(desk: Desk, minute: float) -> None:
    """Time passes, and all promises are brought to what was before."""
    promises.keep_all(Ticket.objects.values_list("pk", flat=True))
    desk.minute = minute


def settle(desk: Desk) -> None:
    promises.keep_all(Ticket.objects.values_list("pk", flat=True))
    promises.say_what_is_due(desk.now())


def writes(desk: Desk, minute: float, post: str = "one") -> Message:
    at(desk, minute)
    desk.writes(post)
    return Message.objects.get(external_id=f"{post}{minute:g}")


def answers(desk: Desk, minute: float, to: Message) -> None:
    at(desk, minute)
    sent = verbs.answer(row(Message.objects.get(pk=to.pk).ticket), desk.ana, "Yes.", "public", to=to.pk)
    Message.objects.filter(pk=sent.pk).update(state="sent", at=desk.now())


def replies(ticket: Ticket) -> list[Any]:
    """What was promised of replies: since when, until when, and how it ended."""
    rows = Promise.objects.filter(ticket=ticket).exclude(target="resolution").order_by("since")
    return [(minute(each.since), minute(each.ended_at), each.end) for each in rows]


def waits(ticket: Ticket) -> list[Any]:
    """Since when and until when, and whether it was too late."""
    found = told(lives([ticket.pk])[0].timeline).waits
    return [(minute(each.since), minute(each.end), each.missed) for each in found]


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
