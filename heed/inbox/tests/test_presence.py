"""Who is at a ticket, told to those who are, and gone by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import presence
from heed.inbox.models import Event, Presence, Ticket
from heed.inbox.tests.deliveries import news, private
from heed.inbox.tests.test_races import PATIENCE, beside
from heed.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(account: Account) -> Ticket:
    news(account, private("1"))
    return Ticket.objects.get()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr("heed.lib.live.tell", found.extend)
    return found


def test_who_is_alone_wakes_nobody(ticket: Ticket, ana: User, told: list[str]) -> None:
    assert presence.come(ticket, ana, "looking") == []
    assert told == []


def test_two_see_each_other(ticket: Ticket, ana: User, ivo: User, told: list[str]) -> None:
    presence.come(ticket, ana, "looking")
    assert [each.user for each in presence.come(ticket, ivo, "typing")] == [ana]
    assert told == [f"here:{ticket.pk}:{ana.pk}"]
    assert [(each.user, each.doing) for each in presence.others(ticket, ana)] == [(ivo, "typing")]
    presence.come(ticket, ivo, "typing")
    assert len(told) == 1, "the same again is no news"
    presence.go(ticket, ivo)
    assert len(told) == 2
    assert presence.others(ticket, ana) == []


def test_who_types_is_believed_for_a_while_only(ticket: Ticket, ana: User, ivo: User) -> None:
    presence.come(ticket, ivo, "typing")
    [typing] = presence.others(ticket, ana)
    assert 0 < presence.left(typing) <= 8001
    presence.come(ticket, ivo, "looking")
    [looking] = presence.others(ticket, ana)
    assert presence.left(looking) == 0


def test_it_expires(ticket: Ticket, ana: User, ivo: User) -> None:
    presence.come(ticket, ivo, "looking")
    Presence.objects.update(until=clock.now() - timedelta(seconds=1))
    assert presence.others(ticket, ana) == []
    Presence.objects.update(until=clock.now() - timedelta(hours=2))
    presence.forget()
    assert not Presence.objects.exists()


class TestWork:
    """What the event log tells of who worked on it when."""

    def test_a_visit(self, ticket: Ticket, ana: User, told: list[str]) -> None:
        presence.come(ticket, ana, "looking")
        for minute in range(12):
            later(minutes=1)
            presence.come(ticket, ana, "typing" if minute % 2 else "looking")
        presence.go(ticket, ana)
        assert worked() == [("opened_by", 0), ("left_by", 12)], "two events, however often one says so"
        assert told == [], "nobody is woken by it"

    def test_idle_is_cut_at_five_minutes(self, ticket: Ticket, ana: User) -> None:
        presence.come(ticket, ana, "looking")
        later(minutes=2)
        presence.come(ticket, ana, "looking")
        for _turn in range(10):
            later(minutes=1)
            presence.come(ticket, ana, "looking", active=False)
        presence.come(ticket, ana, "typing")
        later(minutes=1)
        presence.go(ticket, ana)
        assert worked() == [("opened_by", 0), ("left_by", 7), ("opened_by", 12), ("left_by", 13)]

    def test_leaving_after_long_idleness(self, ticket: Ticket, ana: User) -> None:
        presence.come(ticket, ana, "looking")
        later(minutes=30)
        presence.go(ticket, ana)
        assert worked() == [("opened_by", 0), ("left_by", 5)]

    def test_looking_away_for_a_moment_is_no_leaving(self, ticket: Ticket, ana: User, ivo: User) -> None:
        presence.come(ticket, ana, "looking")
        presence.look_away(ticket, ana)
        assert presence.others(ticket, ivo) == []
        later(minutes=3)
        presence.come(ticket, ana, "looking")
        presence.go(ticket, ana)
        assert worked() == [("opened_by", 0), ("left_by", 3)]

    def test_who_never_says_goodbye(self, ticket: Ticket, ana: User, ivo: User) -> None:
        presence.come(ticket, ana, "looking")
        later(minutes=4)
        presence.come(ticket, ivo, "looking")
        later(minutes=3)
        presence.forget()
        presence.forget()
        assert worked(ana) == [("opened_by", 0), ("left_by", 5)]
        assert worked(ivo) == [("opened_by", 4)]
        presence.come(ticket, ana, "looking")
        assert worked(ana)[-1] == ("opened_by", 7)


@pytest.mark.django_db(transaction=True)
def test_who_has_it_open_twice_comes_and_goes_once(ticket: Ticket, ana: User) -> None:
    def twice(what: Callable[[], object]) -> None:
        with transaction.atomic():
            what()
            other = beside(what)
            other.join(1)
            assert other.is_alive()
        other.join(PATIENCE)
        assert not other.is_alive()

    twice(lambda: presence.come(ticket, ana, "looking"))
    twice(lambda: presence.go(ticket, ana))
    assert [kind for kind, _minute in worked()] == ["opened_by", "left_by"]
    assert not Presence.objects.exists()


def later(*, minutes: int) -> None:
    """Let that much time have passed."""
    for row in (*Presence.objects.all(), *Event.objects.filter(kind__in=("opened_by", "left_by"))):
        for name in ("until", "since", "active_at", "at"):
            if getattr(row, name, None) is not None:
                setattr(row, name, getattr(row, name) - timedelta(minutes=minutes))
        row.save()


def worked(user: User | None = None) -> list[tuple[str, int]]:
    """What was told of somebody's work, in minutes since the first of it began."""
    rows = Event.objects.filter(kind__in=("opened_by", "left_by")).order_by("id")
    begun = rows[0].at
    mine = [each for each in rows if user is None or each.actor_id == user.pk]
    return [(each.kind, round((each.at - begun).total_seconds() / 60)) for each in mine]
