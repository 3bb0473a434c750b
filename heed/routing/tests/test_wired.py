"""From a customer's message to a colleague who has it, by the table of `heed.wiring`."""

from __future__ import annotations

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import Team, User
from heed.channels.models import Account
from heed.inbox import events, reactions, verbs
from heed.inbox.models import ReactionFailure, Ticket
from heed.inbox.tests.deliveries import comment
from heed.inbox.tests.deliveries import news as told
from heed.routing.models import AccountTeam, Rule, RuleRun
from heed.routing.tests.conftest import profile
from heed.routing.tests.some_rules import add, rule
from heed.routing.tests.test_automatic import automatic, said, write

pytestmark = pytest.mark.django_db


def work() -> None:
    """Run the reactions that wait, and those that follow from them."""
    done: set[int] = set()
    while True:
        waiting = ProcrastinateJob.objects.filter(task_name=events.REACT).exclude(pk__in=done).order_by("pk")
        if not waiting:
            return
        for job in waiting:
            done.add(job.pk)
            reactions.react(events=job.args["events"])


def test_a_message_goes_to_team_rule_and_colleague(
    account: Account, returns: Team, ana: User, ivo: User
) -> None:
    AccountTeam.objects.create(account=account, team=returns)
    profile(ana, languages=["mn"])
    Rule.objects.create(
        name="Greet",
        when=["ticket_opened"],
        condition="team:Returns",
        actions=[{"do": "add_tags", "tags": ["first"]}],
        on=True,
    )
    told(account, comment("1"))
    Ticket.objects.get().messages.update(text="Pozdravljeni, moja pošiljka še ni prišla.")
    work()
    ticket = Ticket.objects.get()
    assert (ticket.team, ticket.assignee, ticket.language, ticket.tags) == (returns, ivo, "sl", ["first"])
    assert RuleRun.objects.get().ticket == ticket
    assert not ReactionFailure.objects.exists()


def test_a_new_ticket_is_its_teams_before_anything_is_said_and_given_out_when_rules_have_looked(
    account: Account, returns: Team, ana: User, ivo: User, maja: User
) -> None:
    AccountTeam.objects.create(account=account, team=returns)
    vip = Team.objects.create(name="VIP")
    automatic("instant", "Hello from {team}")
    rule(add("heard"), when="message_received", condition="team:Returns")
    rule(
        {"do": "assign_team", "team": vip.pk}, when="ticket_opened", condition="team:Returns assignee:nobody"
    )
    write(account, "a")
    work()
    ticket = Ticket.objects.get()
    assert (ticket.team, ticket.assignee, ticket.tags) == (vip, None, ["heard"])
    assert said() == [("instant", "Hello from Returns")]


def test_nothing_is_handed_on_that_only_rules_could_want_and_none_does(account: Account, ana: User) -> None:
    told(account, comment("1"))
    ProcrastinateJob.objects.all().delete()
    verbs.note(Ticket.objects.get(), ana, "Look")
    assert not ProcrastinateJob.objects.exists()
    Rule.objects.create(name="Notes", when=["note_written"], condition="", actions=[], on=True)
    verbs.note(Ticket.objects.get(), ana, "Look again")
    (job,) = ProcrastinateJob.objects.all()
    assert len(job.args["events"]) == 1
