"""Who is at a ticket, told to those who are, and gone by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import presence
from heed.inbox.models import Presence, Ticket
from heed.inbox.tests.test_intake import news, private
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


def test_it_expires(ticket: Ticket, ana: User, ivo: User) -> None:
    presence.come(ticket, ivo, "looking")
    Presence.objects.update(until=clock.now() - timedelta(seconds=1))
    assert presence.others(ticket, ana) == []
    Presence.objects.update(until=clock.now() - timedelta(hours=2))
    presence.forget()
    assert not Presence.objects.exists()
