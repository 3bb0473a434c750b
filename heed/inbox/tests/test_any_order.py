"""Deliveries in whatever order, however often: in the end the same stands there."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.channels.base import Echo, HiddenChanged, Inbound, MessageEdited, MessageRemoved
from heed.channels.models import Account
from heed.inbox import intake, verbs
from heed.inbox.models import Delivery, Event, Message, Ticket
from heed.inbox.news import apply_parked
from heed.inbox.tests.deliveries import LEA, OMAR, at, comment, deliver, news, private
from heed.inbox.tests.rubber import body
from heed.tests.examples import examples

pytestmark = pytest.mark.django_db


def snapshot() -> list[tuple[object, ...]]:
    """What people see, without ids and times of ours."""
    rows = Message.objects.order_by("external_id").values_list(
        "external_id",
        "text",
        "removed_at",
        "edited_at",
        "hidden",
        "ticket__post__external_id",
        "identity__external_id",
    )
    tickets = Ticket.objects.order_by("identity__external_id", "kind", "post__external_id").values_list(
        "identity__external_id",
        "kind",
        "last_text",
        "last_at",
        "unanswered",
        "waiting_since",
        "opened_at",
        "subject",
    )
    return [*rows, *((*row[:-1],) for row in tickets)]


def test_replay_changes_nothing(account: Account, maja: Any) -> None:
    news(account, comment("1"), private("2"), MessageEdited(external_id="1", at=at(3), text="better"))
    before = snapshot(), Event.objects.count()
    for _ in range(3):
        for delivery in Delivery.objects.all():
            verbs.replay(delivery, maja)
        while intake.take_batch():
            pass
    assert (snapshot(), Event.objects.count()) == before


def test_replay_does_not_reopen(account: Account, ana: Any, maja: Any) -> None:
    news(account, comment("1"))
    verbs.set_status(Ticket.objects.get(), ana, "solved")
    verbs.replay(Delivery.objects.get(), maja)
    intake.take_batch()
    assert Ticket.objects.get().status == "solved"


STREAM: tuple[Inbound, ...] = (
    comment("1"),
    comment("2", 1),
    comment("3", 2, OMAR),
    private("4", 3),
    private("5", 4),
    MessageEdited(external_id="2", at=at(5), text="two, better"),
    MessageEdited(external_id="2", at=at(6), text="two, best"),
    MessageRemoved(external_id="3", at=at(7)),
    Echo(external_id="6", at=at(3.5), visibility="private", person=LEA, text="from the app"),
    Echo(external_id="7", at=at(4.5), visibility="public", parent="2", text="from the page"),
    HiddenChanged(external_id="1", at=at(8), hidden=True),
)


def outcome(account: Account, stream: list[Inbound], size: int) -> list[tuple[object, ...]]:
    """What stands after this news alone, so many in a delivery."""
    with transaction.atomic():
        deliver(account, *(body(*stream[i : i + size]) for i in range(0, len(stream), size)))
        apply_parked()
        stands = snapshot()
        transaction.set_rollback(True)
    return stands


@pytest.fixture
def in_order(account: Account) -> list[tuple[object, ...]]:
    return outcome(account, list(STREAM), 1)


@settings(max_examples=examples(15))
@given(seed=st.integers(0, 2**32), size=st.integers(1, 6))
def test_order_and_repetition_make_no_difference(
    account: Account, in_order: list[tuple[object, ...]], seed: int, size: int
) -> None:
    dice = random.Random(seed)
    shuffled = [*STREAM, *dice.sample(STREAM, 5)]
    dice.shuffle(shuffled)
    assert outcome(account, shuffled, size) == in_order
