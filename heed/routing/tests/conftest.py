from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from heed.accounts.models import Membership, Team, User
from heed.channels.models import Account
from heed.inbox.models import Customer, Identity, Message, Ticket
from heed.inbox.tests.conftest import account, ana, ivo, maja, rubber
from heed.lib import clock
from heed.routing.giving_out import assign_by_teams
from heed.routing.models import Profile, TeamRouting

__all__ = ["account", "ana", "ivo", "maja", "rubber"]

Open = Callable[..., Ticket]


@pytest.fixture
def returns(ana: User, ivo: User) -> Team:
    """A team of two that gives its tickets out in turn."""
    team = Team.objects.create(name="Returns")
    for person in (ana, ivo):
        Membership.objects.create(team=team, user=person)
    TeamRouting.objects.create(team=team, way="turns")
    return team


@pytest.fixture
def opened(account: Account) -> Open:
    """Makes tickets, the first the oldest, each with one message."""
    made: list[Ticket] = []

    def open_one(
        text: str = "Where is my order?", customer: Customer | None = None, **facts: object
    ) -> Ticket:
        number = len(made) + 1
        customer = customer or Customer.objects.create(name=f"Lea Marn {number}")
        identity = Identity.objects.create(
            account=account, customer=customer, external_id=f"lea-{number}", name=customer.name
        )
        at = clock.now() - timedelta(hours=3) + timedelta(minutes=number)
        values: dict[str, object] = {"waiting_since": at, "opened_at": at, "last_at": at, "kind": "private"}
        ticket = Ticket.objects.create(
            account=account, identity=identity, customer=customer, last_text=text[:180], **(values | facts)
        )
        Message.objects.create(
            account=account,
            ticket=ticket,
            identity=identity,
            external_id=f"in-{number}",
            direction="in",
            visibility="private",
            text=text,
            at=at,
        )
        made.append(ticket)
        return ticket

    return open_one


def profile(user: User, **facts: object) -> Profile:
    found, _made = Profile.objects.update_or_create(user=user, defaults=facts)
    return found


def gets(ticket: Ticket) -> User | None:
    """Gives a ticket of a team out; who gets it."""
    return assign_by_teams([ticket.pk]).get(ticket.pk)
