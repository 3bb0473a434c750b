"""What a rule would have done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import Team, User
from heed.inbox import verbs
from heed.inbox.models import Event, Message, Notice
from heed.lib import clock
from heed.routing.dry import dry_run
from heed.routing.models import Rule, RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, comes, fresh

pytestmark = pytest.mark.django_db


def test_the_dry_run_shows_what_would_have_been_and_changes_nothing(opened: Open, maja: User) -> None:
    tried = Rule(
        name="Zips",
        when=["message_received"],
        condition="lang:en",
        actions=[add("zip"), {"do": "priority", "priority": 2}],
    )
    hit, other = opened(), opened()
    for ticket, language in ((hit, "en"), (other, "sl")):
        verbs.set_language(ticket, None, language)
        comes(ticket)
        comes(ticket)
    rows = [model.objects.count() for model in (Event, Message, RuleRun, Rule, Notice)]
    found = dry_run(tried)
    assert [(each.ticket.pk, each.times, each.deeds) for each in found.touches] == [
        (hit.pk, 2, ("add “zip”",))
    ]
    assert (found.count, found.looked_at, found.cut) == (1, 2, False)
    assert [model.objects.count() for model in (Event, Message, RuleRun, Rule, Notice)] == rows
    assert fresh(hit).tags == []


def test_the_dry_run_looks_at_tickets_as_they_were(opened: Open, ana: User) -> None:
    ticket = opened()
    comes(ticket)
    verbs.set_status(ticket, ana, "solved")
    verbs.tag(ticket, ana, add=["done"])
    was_new = Rule(when=["message_received"], condition="is:new is:unanswered -tag:done", actions=[add("x")])
    assert dry_run(was_new).count == 1
    is_done = Rule(when=["message_received"], condition="tag:done", actions=[add("x")])
    assert dry_run(is_done).count == 0


def test_the_dry_run_of_time_looks_between_the_events(opened: Open, ana: User) -> None:
    ticket = opened(
        waiting_since=clock.now() - timedelta(hours=9), opened_at=clock.now() - timedelta(hours=9)
    )
    Event.objects.create(kind="ticket_opened", ticket=ticket, at=clock.now() - timedelta(hours=9))
    with clock.moved(timedelta(hours=-3)):
        verbs.mark_answered(ticket, ana)
    late = Rule(when=["time"], condition="waiting:>5h", actions=[add("late")])
    found = dry_run(late)
    assert (found.count, found.now) == (1, 0)
    assert dry_run(Rule(when=["time"], condition="waiting:>7h", actions=[add("late")])).count == 0
    opened(waiting_since=clock.now() - timedelta(hours=8))
    assert dry_run(late).now == 1


def test_a_dry_run_that_is_cut_says_so(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heed.routing.dry.MOST_TICKETS", 2)
    for _time in range(3):
        comes(opened())
    found = dry_run(Rule(when=["message_received"], condition="", actions=[add("x")]))
    assert (found.count, found.cut) == (2, True)


def test_names_are_read_once_however_many_moments_are_looked_at(opened: Open, returns: Team) -> None:
    for _time in range(3):
        comes(opened(team=returns), "note_written")
    late = Rule(when=["time"], condition="team:Returns waiting:>2h", actions=[add("x")])
    with CaptureQueriesContext(connection) as asked:
        assert dry_run(late).count == 3
    assert sum('FROM "accounts_team"' in each["sql"] for each in asked) <= 2
