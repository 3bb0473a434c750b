"""Merged, split and joined, worked on, and taken back: as if it had never been, also in figures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.accounts.models import Team, User
from heed.channels.base import Echo, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import arrivals, news, verbs
from heed.inbox.models import Field, Message, Ticket
from heed.inbox.tests.conftest import account, ana, ivo, rubber
from heed.inbox.verbs import CannotTend, many, merging, sorting
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.lib import clock
from heed.routing import promises
from heed.routing.models import Policy
from heed.tests.examples import examples

__all__ = ["account", "ana", "ivo", "rubber"]

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
LEA = Person("lea", "Lea Marn")
COLUMNS = (
    *("unanswered", "waiting_since", "status", "solved_at", "snoozed_until", "outside_until", "due_at"),
    *("tags", "fields", "priority", "assignee_id", "team_id", "opened_at", "last_at", "last_text"),
)

Work = list[str]


class Desk:
    """A desk where it is always the minute that a test says."""

    def __init__(self, account: Account, ana: User, ivo: User) -> None:
        self.account, self.ana, self.ivo = account, ana, ivo
        self.minute = 0

    def now(self) -> datetime:
        return MONDAY + timedelta(minutes=self.minute)

    def writes(self, post: str) -> None:
        facts: dict[str, Any] = {
            "visibility": "public",
            "kind": "comment",
            "author": LEA,
            "post": post,
            "at": self.now(),
        }
        name = f"{post}{self.minute}"
        said = MessageReceived(external_id=name, text=f"words of {name}", **facts)
        with transaction.atomic():
            arrivals.store([arrivals.Arrival(self.account, said)])

    def answers_outside(self, parent: str) -> None:
        facts: dict[str, Any] = {"visibility": "public", "at": self.now(), "text": "Sent."}
        news.apply(self.account, Echo(external_id=f"e{self.minute}", parent=parent, **facts))

    def answers(self, ticket: Ticket) -> None:
        asked = Message.objects.get(external_id="one0")
        sent = verbs.answer(row(ticket), self.ana, "It is on its way.", "public", to=asked.pk)
        Message.objects.filter(pk=sent.pk).update(state="sent", at=self.now())

    def does(self, what: str, first: Ticket, both: list[Ticket]) -> None:
        """One piece of work; `both` are the tickets that are one, or would be. Raises `CannotTend`."""
        whole = [row(each) for each in both]
        match what.split():
            case [("one" | "two") as post, "writes"]:
                self.writes(post)
            case ["outside"]:
                self.answers_outside("one0")
            case ["answered"]:
                self.answers(first)
            case ["marked"]:
                for each in whole:
                    verbs.mark_answered(each, self.ana)
            case ["unmarked"] if not any(each.unanswered for each in whole):
                for each in whole:
                    verbs.mark_unanswered(each, self.ana)
            case ["swept"]:
                many.undo(many.sweep(self.ivo, "answered", "", [each.pk for each in both]), self.ivo)
            case ["solved"]:
                verbs.set_status(row(first), self.ana, "solved")
                for each in whole:
                    verbs.mark_answered(each, self.ana)
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
    monkeypatch.setattr(clock, "now", found.now)
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
        found.append(({name: getattr(now, name) for name in COLUMNS}, said, waits, solved))
    return found


def both_ways(desk: Desk, apart: Callable[[], list[Any]], together: Callable[[], list[Any]]) -> None:
    outcomes = []
    for way in (apart, together):
        desk.minute = 0
        with transaction.atomic():
            outcomes.append(way())
            transaction.set_rollback(True)
    for one, other in zip(*outcomes, strict=True):
        for part, wanted in zip(one, other, strict=True):
            assert wanted == part


WORK = ("one writes", "two writes", "marked", "unmarked", "swept", "outside", "answered", "solved",
        "pending", "snoozed", "tended")  # fmt: skip


@given(
    st.lists(st.sampled_from(WORK), max_size=3),
    st.lists(st.sampled_from(WORK), max_size=7).filter(lambda w: not {"outside", "unmarked"} <= {*w}),
)
@settings(max_examples=examples(12))
def test_merged_worked_on_and_unmerged(desk: Desk, before: Work, meanwhile: Work) -> None:
    done: Work = []

    def two(work: Work) -> list[Ticket]:
        desk.writes("one")
        desk.minute += 1
        desk.writes("two")
        tickets = list(Ticket.objects.order_by("opened_at"))
        for what in work:
            desk.minute += 1
            with suppress(CannotTend):
                desk.does(what, tickets[0], tickets[:1])
        return tickets

    def apart() -> list[Any]:
        tickets = two(before)
        for what in meanwhile:
            desk.minute += 1
            try:
                desk.does(what, tickets[0], tickets)
                done.append(what)
            except CannotTend:
                done.append("")
        return stands(*tickets)

    def together() -> list[Any]:
        tickets = two(before)
        record = merging.merge(tickets[1], tickets[0], desk.ana)
        for what in done:
            desk.minute += 1
            desk.does(what, tickets[0], tickets[:1])
        merging.unmerge(record, desk.ana)
        return stands(*tickets)

    both_ways(desk, apart, together)
