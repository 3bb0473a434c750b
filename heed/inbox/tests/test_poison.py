"""What cannot be taken in is set aside with its reason, and stops nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, OperationalError

from heed.channels.base import Broken, NotUnderstood
from heed.channels.models import Account
from heed.inbox import intake, ledger
from heed.inbox.models import Delivery, Message
from heed.inbox.tests.deliveries import comment, deliver
from heed.inbox.tests.rubber import body

pytestmark = pytest.mark.django_db


def test_a_poison_item_never_stops_its_neighbours(account: Account) -> None:
    poison = comment("bad", text="x", kind="comment", permalink="p")
    object.__setattr__(poison, "external_id", "b" * 300)  # longer than the column
    deliver(account, body(comment("1"), poison, comment("2", 1)), body(comment("3", 2)))
    assert Message.objects.count() == 3
    aside = Delivery.objects.get(state="set_aside")
    assert aside.problems[0]["what"] == "MessageReceived"
    assert "too long" in aside.problems[0]["error"]
    assert Delivery.objects.filter(state="done").count() == 1


def test_odd_deliveries_are_kept(account: Account) -> None:
    deliver(
        account,
        b"nonsense",
        body(NotUnderstood(what="sparkle")),
        body(Broken(what="item", error="no id"), comment("1")),
        body(comment("2", owner="somebody else")),
    )
    assert list(Delivery.objects.order_by("id").values_list("state", flat=True)) == [
        "set_aside",
        "not_understood",
        "set_aside",
        "not_understood",
    ]
    assert Message.objects.count() == 1


def test_what_the_database_cannot_keep_of_it_is_left_out(account: Account) -> None:
    deliver(account, body(NotUnderstood(what="a\x00b")), body(comment("1")))
    assert Delivery.objects.get(state="not_understood").problems == [{"what": "a\ufffdb", "error": ""}]
    assert Message.objects.count() == 1


def test_a_delivery_that_names_nobody_possible_stops_no_other(account: Account) -> None:
    deliver(account, body(comment("1", owner="a\x00b")), body(comment("2")))
    assert Message.objects.get().external_id == "2"
    assert not Delivery.objects.filter(state="pending").exists()


def test_one_that_cannot_be_concluded_is_set_aside_alone(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    conclude = intake._conclude

    def refuses(readings: list[intake.Reading]) -> None:
        if any(each.strange for each in readings):
            raise DataError("nobody thought of this")
        conclude(readings)

    monkeypatch.setattr(intake, "_conclude", refuses)
    deliver(account, body(comment("1")), body(NotUnderstood(what="sparkle")), body(comment("2")))
    aside = Delivery.objects.get(state="set_aside")
    assert aside.problems == [{"what": "delivery", "error": "DataError: nobody thought of this"}]
    assert Message.objects.count() == 2


def test_a_database_that_is_away_sets_nothing_aside(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(intake, "_conclude", away)
    ledger.append(account.pk, [body(comment("1"))])
    with pytest.raises(OperationalError):
        intake.take_batch()
    assert Delivery.objects.get().state == "pending"
