"""The figures of a time, and how near an account is to "very responsive"."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import AuditRow, Brand, Grant, OwnRole, User
from heed.channels.models import Account
from heed.inbox.models import Message, Ticket
from heed.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(desk: Any, ana: User) -> Ticket:
    """Lea wrote yesterday at noon, and had an answer after ten minutes; Omar waits."""
    at = (clock.now() - timedelta(days=1)).replace(hour=12)
    ticket: Ticket = desk.ticket(kind="private", at=at, opened_at=at)
    answer = {"direction": "out", "state": "sent", "author": ana}
    desk.message(ticket, "On its way.", at=at + timedelta(minutes=10), **answer)
    desk.ticket("Omar Badr", kind="private", at=at, opened_at=at)
    return ticket


def test_the_figures_of_a_time(call: Any, answered: Ticket, ana: User) -> None:
    found = call("GET", "figures").json
    assert (found["cycles"], found["answered"], found["answered_share"]) == (2, 1, 0.5)
    first = next(each for each in found["durations"] if each["name"] == "first_reply")
    assert first["elapsed"] == {"n": 1, "mean": 600, "median": 600, "p90": 600, "still_waiting": 1}
    assert {f"m{each.pk}" for each in answered.messages.all()} <= set(first["sources"])
    assert first["sources_left_out"] == 0
    assert found["people"] == [{"person": ana.pk, "sent": 1, "handled": 0}]
    past = call("GET", "figures?since=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00Z").json
    assert (past["cycles"], past["people"]) == (0, [])


@pytest.mark.parametrize(
    "period",
    [
        "since=2020-02-01T00:00:00Z&until=2020-01-01T00:00:00Z",
        "since=2018-01-01T00:00:00Z&until=2020-01-01T00:00:00Z",
        "since=2020-01-01T00:00:00",
        "since=lately",
    ],
)
def test_a_time_that_cannot_be(call: Any, period: str) -> None:
    for path in ("figures", "figures.csv"):
        assert call("GET", f"{path}?{period}").status == 422
    assert not AuditRow.objects.filter(what="exported").exists()


def test_a_table_of_them_stands_in_the_audit(call: Any, answered: Ticket, maja: User) -> None:
    found = call("GET", "figures.csv")
    assert found.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(found.content.decode())))
    by_name = {(row["figure"], row["clock"]): row for row in rows}
    assert by_name["cycles", ""]["value"] == "2"
    first = by_name["first_reply", "elapsed"]
    assert (first["n"], first["mean"], first["still_waiting"]) == ("1", "600", "1")
    assert by_name["resolution_first", "business"]["mean"] == ""
    row = AuditRow.objects.get(what="exported")
    assert (row.actor, row.kind) == (maja.pk, "figures")


def test_who_may_see_and_who_may_take_them(call_as_ana: Any, ana: User, answered: Ticket) -> None:
    responsive = f"accounts/{answered.account_id}/responsive"
    for path in ("figures", "figures.csv", responsive):
        assert call_as_ana("GET", path).status == 403, path
    readers = OwnRole.objects.create(name="Readers", permissions=["see", "figures"])
    Grant.objects.create(user=ana, own=readers)
    assert call_as_ana("GET", "figures").json["cycles"] == 2
    assert call_as_ana("GET", responsive).status == 200
    assert call_as_ana("GET", "figures.csv").status == 403
    # what one may take with one brand's tickets is not all one sees
    brand = Brand.objects.create(name="Acme Kids")
    Grant.objects.create(user=ana, role="lead", brand=brand)
    assert call_as_ana("GET", "figures.csv").status == 403
    assert not AuditRow.objects.filter(what="exported").exists()
    Grant.objects.filter(user=ana, own=readers).delete()
    assert "cycles,,0," in call_as_ana("GET", "figures.csv").content.decode()


def test_how_near_an_account_is(call: Any, answered: Ticket, desk: Any, account: Account) -> None:
    path = f"accounts/{account.pk}/responsive"
    found = call("GET", path).json
    assert found["cut"] is False
    assert [
        (each["name"], each["of"], each["answered"], each["missing"], each["reached"])
        for each in found["items"]
    ] == [("fb-median-7d", 2, 1, 1, False), ("fb-fastest90-30d", 2, 1, 1, False)]
    assert found["items"][1]["seconds"] == 600
    Message.objects.filter(direction="out").update(origin="bot", author=None)
    assert call("GET", path).json["items"][1]["answered"] == 1
    assert call("GET", f"{path}?bots=false").json["items"][1]["answered"] == 0
    Message.objects.filter(direction="out").update(origin="away")
    assert call("GET", path).json["items"][1]["answered"] == 0
    Message.objects.filter(direction="in").update(visibility="public")
    assert [each["of"] for each in call("GET", path).json["items"]] == [0, 0]
    assert call("GET", "accounts/999999/responsive").status == 404


@pytest.mark.parametrize(("rating", "told"), [(None, None), (True, "good"), (False, "bad")])
def test_what_the_customer_tapped(call: Any, desk: Any, rating: bool | None, told: str | None) -> None:
    ticket = desk.ticket(rating=rating)
    assert call("GET", f"tickets/{ticket.pk}").json["rating"] == told
