"""Whoever cannot sign in any more keeps nothing that waits."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from heed.accounts.models import Team, User
from heed.inbox.models import Event, Ticket
from heed.routing import jobs
from heed.routing.assignment import next_ticket, shut_out
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import fresh

pytestmark = pytest.mark.django_db


def test_all_that_is_not_solved_goes_back(
    opened: Open, ana: User, ivo: User, maja: User, returns: Team
) -> None:
    mine = [
        opened(assignee=ana),
        opened(assignee=ana, team=returns),
        opened(assignee=ana, unanswered=False, waiting_since=None, status="pending"),
    ]
    solved = opened(assignee=ana, status="solved", unanswered=False, waiting_since=None)
    other = opened(assignee=ivo)
    assert shut_out(ana, maja) == 3
    assert [fresh(each).assignee for each in mine] == [None] * 3
    assert (fresh(mine[1]).team, fresh(solved).assignee, fresh(other).assignee) == (returns, ana, ivo)
    assert Event.objects.filter(kind="assigned").count() == 3
    assert next_ticket(maja) == mine[0]


def test_what_a_customer_reopens_does_not_wait_with_them(opened: Open, ana: User, maja: User) -> None:
    ticket = opened(assignee=ana, status="solved", unanswered=False, waiting_since=None)
    asleep = opened(assignee=ana, status="solved", unanswered=False, waiting_since=None)
    shut_out(ana, maja)
    Ticket.objects.filter(pk=ticket.pk).update(status="open", unanswered=True)
    jobs.give_out_waiting(timestamp=0)
    assert (fresh(ticket).assignee, fresh(asleep).assignee) == (None, ana)


def test_the_page_says_how_many(opened: Open, ana: User, maja: User, client: Client) -> None:
    opened(assignee=ana)
    client.force_login(maja)
    asked = client.post(reverse("person_access", args=[ana.pk])).wsgi_request
    assert "1 ticket they had is nobody's now." in [each.message for each in get_messages(asked)]
