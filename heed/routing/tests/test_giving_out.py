"""Tickets of teams that give them out: nobody gets more than fits, many cost no more statements than few."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import Membership, Team, User
from heed.inbox import verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.statements import run
from heed.lib import clock
from heed.routing.giving_out import assign_by_teams, give_out
from heed.routing.models import Skill, TeamRouting
from heed.routing.tests.conftest import Open, gets, profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def repairs(ana: User) -> Team:
    team = Team.objects.create(name="Repairs")
    Membership.objects.create(team=team, user=ana)
    TeamRouting.objects.create(team=team, way="least")
    return team


def test_two_teams_together_give_nobody_more_than_fits(
    opened: Open, returns: Team, repairs: Team, ana: User, ivo: User
) -> None:
    profile(ana, capacity=2)
    profile(ivo, capacity=1)
    numbers = [opened(team=team).pk for team in (returns, repairs) * 4]
    given = assign_by_teams(numbers)
    assert sorted(map(str, given.values())) == ["Ana Kovač", "Ana Kovač", "Ivo Horvat"]
    assert {pk: who.pk for pk, who in given.items()} == dict(
        Ticket.objects.exclude(assignee=None).values_list("pk", "assignee")
    )
    assert Event.objects.filter(kind="assigned").count() == 3


@pytest.mark.django_db(transaction=True)
def test_whoever_takes_a_ticket_at_this_moment_gets_no_other(opened: Open, repairs: Team, ana: User) -> None:
    mine = profile(ana, capacity=1)
    taken, other = opened(), opened(team=repairs)
    got: list[User | None] = []

    def work() -> None:
        try:
            got.append(gets(other))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        type(mine).objects.select_for_update().get(pk=mine.pk)
        verbs.assign(taken, ana, ana)
        thread.start()
        until = time.monotonic() + 60
        while thread.is_alive() and time.monotonic() < until and not run(_WAITING_FOR_A_LOCK):
            time.sleep(0.02)
    thread.join(60)
    assert got == [None]


_WAITING_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def test_many_cost_as_many_statements_as_few(opened: Open, returns: Team, ana: User, ivo: User) -> None:
    for team_member in (ana, ivo):
        profile(team_member, languages=["en", "sl"])
    earlier = opened(status="solved", unanswered=False)
    Message.objects.create(
        account=earlier.account,
        ticket=earlier,
        direction="out",
        visibility="private",
        author=ivo,
        state="sent",
        at=clock.now(),
    )
    counts = []
    for size in (4, 12):
        known = {"customer": earlier.customer}
        numbers = [opened(team=returns, language="sl", **(known if n == 0 else {})).pk for n in range(size)]
        with CaptureQueriesContext(connection) as said:
            given = assign_by_teams(numbers)
        assert len(given) == size
        assert given[numbers[0]] == ivo
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_looking_who_could_take_what_reads_skills_once(opened: Open, returns: Team, repairs: Team) -> None:
    Skill.objects.create(name="Zips", tags=["zip"])
    opened(team=returns, tags=["zip"])
    with CaptureQueriesContext(connection) as said:
        assert give_out() == 0
    asked = [each["sql"] for each in said if each["sql"].startswith('SELECT "routing_skill"."id"')]
    assert len(asked) == 1
