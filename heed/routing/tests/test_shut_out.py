"""Whoever may not answer any more keeps nothing that waits."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from heed.accounts import granting
from heed.accounts.granting import Place
from heed.accounts.models import AuditRow, Grant, OwnRole, Team, User
from heed.accounts.verbs import shut_out
from heed.inbox import verbs
from heed.inbox.models import Event, Ticket
from heed.inbox.verbs import many, merging
from heed.insights.cycles import told
from heed.insights.reading import lives
from heed.routing import jobs
from heed.routing.assignment import next_ticket
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


def test_all_goes_back_from_whoever_answers_nowhere_any_more(opened: Open, ana: User, maja: User) -> None:
    mine, solved = opened(assignee=ana), opened(assignee=ana, status="solved", unanswered=False)
    granting.give(maja, ana, "viewer")
    assert fresh(mine).assignee == ana
    assert granting.take(maja, ana.grants.get(role="agent")) == 1
    assert (fresh(mine).assignee, fresh(solved).assignee) == (None, ana)
    told = Event.objects.get(kind="assigned")
    assert (told.ticket, told.data["why"], told.data["had"]) == (mine, "rights", ana.name)
    assert AuditRow.objects.get(what="role_taken").facts["given_back"] == 1
    Ticket.objects.filter(pk=solved.pk).update(status="open", unanswered=True)
    jobs.give_out_waiting(timestamp=0)
    assert fresh(solved).assignee is None


def test_what_was_kept_from_before_goes_back_with_the_access(opened: Open, ana: User, maja: User) -> None:
    kept = opened(assignee=ana)
    ana.grants.update(role="viewer")
    assert shut_out(ana, maja) == 1
    assert fresh(kept).assignee is None


def test_whoever_waits_for_a_ticket_or_a_person_looks_again(opened: Open, ana: User, maja: User) -> None:
    """Another's may be the ticket by then, and less may be left of what the person could."""
    opened(assignee=ana)
    with CaptureQueriesContext(connection) as asked:
        granting.take(maja, ana.grants.get())
    locked = [each["sql"] for each in asked if "FOR " in each["sql"]]
    assert any("inbox_ticket" in each and f'"assignee_id" = {ana.pk}' in each for each in locked)
    assert any('FROM "accounts_user"' in each and "NO KEY" in each for each in locked)


def test_what_several_people_have_is_held_in_the_order_of_tickets(
    opened: Open, ana: User, ivo: User, maja: User
) -> None:
    own = granting.make_role(maja, "Night shift", ["see", "answer"])
    for each in (ivo, ana):
        each.grants.all().delete()
        Grant.objects.create(user=each, own=own)
    theirs = [opened(assignee=each) for each in (ana, ivo, ana)]
    with CaptureQueriesContext(connection) as asked:
        granting.change_role(maja, OwnRole.objects.get(), "Night", ["see"])
    first = next(each["sql"] for each in asked if "inbox_ticket" in each["sql"] and "FOR " in each["sql"])
    assert all(str(each.pk) in first.partition('"assignee_id" IN')[2] for each in (ana, ivo))
    assert [fresh(each).assignee for each in theirs] == [None] * 3


def test_what_is_beyond_a_narrower_role_goes_back(opened: Open, ana: User, maja: User, returns: Team) -> None:
    inside, beyond = opened(assignee=ana, team=returns), opened(assignee=ana)
    granting.give(maja, ana, "agent", Place("team", returns.pk))
    assert granting.take(maja, ana.grants.get(team=None)) == 1
    assert (fresh(inside).assignee, fresh(beyond).assignee) == (ana, None)
    elsewhere = opened(assignee=ana)  # given to her from elsewhere: it is hers while she answers anywhere
    granting.give(maja, ana, "agent", Place("account", inside.account_id))
    assert granting.take(maja, ana.grants.get(account=inside.account_id)) == 1
    assert [fresh(each).assignee for each in (inside, elsewhere)] == [ana, None]


def test_what_goes_back_when_a_role_of_our_own_permits_less(opened: Open, ana: User, maja: User) -> None:
    own = granting.make_role(maja, "Night shift", ["see", "answer"])
    ana.grants.all().delete()
    Grant.objects.create(user=ana, own=own)
    mine = opened(assignee=ana)
    granting.change_role(maja, OwnRole.objects.get(), "Night", ["see", "answer"])
    assert fresh(mine).assignee == ana
    granting.change_role(maja, OwnRole.objects.get(), "Night", ["see"])
    assert fresh(mine).assignee is None
    assert AuditRow.objects.filter(what="changed").latest("pk").facts["given_back"] == 1


def test_what_was_merged_does_not_come_back_to_whoever_may_not_answer(
    opened: Open, ana: User, maja: User
) -> None:
    first = opened(assignee=ana)
    second = opened(customer=first.customer, assignee=ana)
    record = merging.merge(second, first, maja)
    assert granting.take(maja, ana.grants.get()) == 1
    merging.unmerge(record, maja)
    assert [fresh(each).assignee for each in (first, second)] == [None, None]
    assert [each.data["had"] for each in Event.objects.filter(kind="assigned")] == [ana.name] * 2


def test_undoing_for_many_gives_none_back_to_whoever_may_not_answer(
    opened: Open, ana: User, ivo: User, maja: User
) -> None:
    first, second = opened(), opened()
    for each in (first, second):
        verbs.assign(each, maja, ana)
    given = many.sweep(maja, "assign", str(ivo.pk), [first.pk])
    to_nobody = many.sweep(maja, "assign", "", [second.pk])
    granting.take(maja, ana.grants.get())
    assert many.undo(given, maja).taken_back == 1
    assert many.undo(to_nobody, maja).kept == 1
    assert [fresh(each).assignee for each in (first, second)] == [None, None]
    assert Event.objects.filter(kind="assigned", ticket=first).latest("pk").data["why"] == "rights"
    story = told(lives([first.pk])[0].timeline)
    assert (story.holders, story.handed_over) == ([ana.pk], [])


def test_the_page_says_how_many(opened: Open, ana: User, maja: User, client: Client) -> None:
    opened(assignee=ana)
    client.force_login(maja)
    asked = client.post(reverse("person_access", args=[ana.pk])).wsgi_request
    assert "1 ticket they had went back to its team, or to nobody." in [
        each.message for each in get_messages(asked)
    ]
