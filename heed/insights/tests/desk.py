"""A desk where it is always the minute that a test says, what is done there, and how it stands afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from heed.accounts.models import Team, User
from heed.channels.base import Echo, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import arrivals, news, verbs
from heed.inbox.models import Event, Field, Message, Ticket
from heed.inbox.ratings import BAD, GOOD, keep_ratings
from heed.inbox.verbs import many, merging, sorting
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.routing import promises
from heed.routing.models import Policy, Promise
from heed.tests.hands import let_it_be

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
LEA = Person("lea", "Lea Marn")
COLUMNS = (
    *("unanswered", "waiting_since", "status", "solved_at", "snoozed_until", "outside_until", "due_at"),
    *("rating", "tags", "fields", "priority", "assignee_id", "team_id", "opened_at", "last_at", "last_text"),
)


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


# --------------------------------------------------------------------------- by the minute


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


def splits(desk: Desk, minute: float, *messages: Message) -> Ticket:
    at(desk, minute)
    source = row(Message.objects.get(pk=messages[0].pk).ticket)
    return merging.split(source, [each.pk for each in messages], desk.ana)


def puts_back(desk: Desk, minute: float, ticket: Ticket) -> None:
    at(desk, minute)
    merging.unsplit(ticket.splits.get(), desk.ana)
    settle(desk)
