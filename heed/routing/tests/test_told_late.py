"""What is promised for a message that Heed hears of late, when the hours have changed since it was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.channels.models import Account
from heed.lib import clock
from heed.routing import desk_hours, promises
from heed.routing.desk_hours import Place
from heed.routing.models import Policy
from heed.routing.tests.test_promises import running, write

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sent", "due"),
    [(10, None), (130, -10)],
    ids=["runs on by the hours since", "had run out before"],
)
def test_hours_that_were_set_before_it_came_hold_for_it(
    account: Account, maja: User, sent: int, due: int | None
) -> None:
    """`sent` so many minutes before the hours were set; `due` in minutes from then."""
    Policy.objects.create(name="All", first_reply=2 * 3600, time="business")
    desk_hours.keep(None, maja, name="Desk", zone="UTC", week=[[]] * 7, holidays=[], places=[Place()])
    start = clock.now()
    ticket = write(account, "a", start - timedelta(minutes=sent))

    promise = running(ticket)["first_reply"]
    if due is None:
        assert promise.due is None  # it never opens
        assert promise.used == pytest.approx(sent * 60, abs=10)
    else:
        assert promise.due is not None
        assert abs(promise.due - start - timedelta(minutes=due)) < timedelta(seconds=10)
    promises.keep_all([ticket.pk])
    assert running(ticket)["first_reply"].due == promise.due
