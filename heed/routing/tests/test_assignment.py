"""Who gets which ticket."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from heed.accounts.models import Grant, Membership, Team, User
from heed.channels.models import Account
from heed.inbox import verbs
from heed.inbox.models import Event, Message, Ticket
from heed.lib import clock
from heed.routing import assignment, jobs, reactions
from heed.routing.assignment import AlreadyTaken, NothingWaits, claim, next_ticket
from heed.routing.giving_out import assign_by_teams, give_out
from heed.routing.models import AccountTeam, Skill, TeamRouting
from heed.routing.tests.conftest import Open, gets, profile

pytestmark = pytest.mark.django_db
PATIENCE = 120


def side_by_side(*works: Callable[[], object]) -> None:
    """Do all of this at the same moment, in processes of their own so to speak."""
    together = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            together.wait(PATIENCE)
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def holder(ticket: Ticket) -> User | None:
    ticket.refresh_from_db()
    return ticket.assignee


# ----------------------------------------------------------------------------- claim


def test_whoever_claims_second_hears_who_was_first(opened: Open, ana: User, ivo: User) -> None:
    ticket = opened()
    claim(ticket, ana)
    claim(ticket, ana)
    with pytest.raises(AlreadyTaken) as told:
        claim(ticket, ivo)
    assert told.value.by == ana
    assert "Ana Kovač" in str(told.value.sentence)
    assert holder(ticket) == ana
    assert Event.objects.filter(kind="assigned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_claims_at_once_one_wins(opened: Open, ana: User, ivo: User) -> None:
    for _time in range(5):
        ticket, outcome = opened(), Counter[str]()

        def take(user: User, ticket: Ticket = ticket, outcome: Counter[str] = outcome) -> None:
            try:
                claim(ticket, user)
                outcome["won"] += 1
            except AlreadyTaken:
                outcome["lost"] += 1

        side_by_side(lambda: take(ana), lambda: take(ivo))
        assert outcome == {"won": 1, "lost": 1}


# ----------------------------------------------------------------------------- next ticket


def test_the_next_ticket_is_the_most_urgent_then_the_first_due_then_the_oldest(
    opened: Open, ana: User
) -> None:
    old, due, urgent, solved = (
        opened(),
        opened(due_at=clock.now() + timedelta(hours=1)),
        opened(priority=4),
        opened(status="solved", unanswered=False),
    )
    last = opened()
    assert [next_ticket(ana).pk for _time in range(4)] == [urgent.pk, due.pk, old.pk, last.pk]
    with pytest.raises(NothingWaits):
        next_ticket(ana)
    assert holder(solved) is None


def test_other_teams_and_teams_by_hand_are_left_alone(opened: Open, ana: User, returns: Team) -> None:
    foreign = Team.objects.create(name="Repairs")
    opened(team=foreign)
    mine = opened(team=returns)
    assert next_ticket(ana) == mine
    opened(team=returns)
    TeamRouting.objects.filter(team=returns).update(way="hand")
    with pytest.raises(NothingWaits):
        next_ticket(ana)


def test_what_one_may_not_answer_is_never_next(opened: Open, ana: User, account: Account) -> None:
    opened()
    ana.grants.all().delete()
    Grant.objects.create(user=ana, role="agent", account=account.pk + 1)
    with pytest.raises(NothingWaits):
        next_ticket(User.objects.get(pk=ana.pk))


def test_languages_and_skills_are_respected(opened: Open, ana: User) -> None:
    Skill.objects.create(name="Repairs", tags=["zip"])
    profile(ana, languages=["sl", "en"])
    opened(language="mn")
    opened(language="en", tags=["zip"])
    mine, untold = opened(language="sl"), opened(language="")
    assert [next_ticket(ana), next_ticket(ana)] == [mine, untold]
    with pytest.raises(NothingWaits):
        next_ticket(ana)
    profile(ana).skills.set(Skill.objects.all())
    assert next_ticket(ana).tags == ["zip"]


def test_nobody_gets_more_than_fits(opened: Open, ana: User) -> None:
    profile(ana, capacity=1)
    first, _second = opened(), opened()
    next_ticket(ana)
    with pytest.raises(NothingWaits, match="1 open"):
        next_ticket(ana)
    verbs.set_status(first, ana, "pending")
    next_ticket(ana)


def test_whoever_is_away_takes_nothing(opened: Open, ana: User) -> None:
    opened()
    assignment.go_away(ana, give_back=False)
    with pytest.raises(NothingWaits, match="away"):
        next_ticket(ana)
    assignment.come_back(ana)
    next_ticket(ana)


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_get_different_tickets(opened: Open, ana: User, ivo: User, maja: User) -> None:
    numbers = {opened().pk for _time in range(9)}
    taken: list[int] = []

    def work(user: User) -> None:
        for _time in range(3):
            taken.append(next_ticket(user).pk)

    side_by_side(*(lambda user=user: work(user) for user in (ana, ivo, maja)))
    assert sorted(taken) == sorted(numbers)


# ----------------------------------------------------------------------------- giving out


def test_turns_go_round(opened: Open, returns: Team, ana: User, ivo: User) -> None:
    given = [gets(opened(team=returns)) for _time in range(4)]
    assert given == [ana, ivo, ana, ivo]


def test_whoever_was_away_gets_one_turn_and_not_all_they_missed(
    opened: Open, returns: Team, ana: User, ivo: User
) -> None:
    assignment.go_away(ivo, give_back=False)
    assert [gets(opened(team=returns)) for _time in range(3)] == [ana, ana, ana]
    assignment.come_back(ivo)
    assert [gets(opened(team=returns)) for _time in range(3)] == [ivo, ana, ivo]


def test_the_least_loaded_gets_it(opened: Open, returns: Team, ana: User, ivo: User) -> None:
    TeamRouting.objects.filter(team=returns).update(way="least")
    opened(assignee=ana)
    assert gets(opened(team=returns)) == ivo
    assert {gets(opened(team=returns)) for _time in range(2)} == {ana, ivo}


def test_in_turn_only_to_whoever_speaks_it_can_do_it_and_has_room(
    opened: Open, returns: Team, ana: User, ivo: User
) -> None:
    profile(ana, languages=["sl"])
    profile(ivo, languages=["mn"], capacity=1)
    assert [gets(opened(team=returns, language="sl")) for _time in range(2)] == [ana, ana]
    first, second = opened(team=returns, language="mn"), opened(team=returns, language="mn")
    assert gets(first) == ivo
    assert gets(second) is None
    verbs.set_status(first, ivo, "solved")
    assert give_out() == 1
    assert holder(second) == ivo


def test_what_nobody_can_take_holds_up_nothing(opened: Open, returns: Team, ana: User, ivo: User) -> None:
    for person in (ana, ivo):
        profile(person, languages=["sl"])
    opened(team=returns, language="mn", priority=4)
    ticket = opened(team=returns, language="sl")
    assert give_out(limit=1) == 1
    assert holder(ticket) == ana


def test_never_to_somebody_who_may_not_answer_there(
    opened: Open, returns: Team, account: Account, ana: User, ivo: User
) -> None:
    ana.grants.all().delete()
    Grant.objects.create(user=ana, role="agent", account=account.pk + 1)
    ivo.grants.update(role="viewer")
    assert gets(opened(team=returns)) is None


def test_the_customer_meets_whom_they_know(opened: Open, returns: Team, ana: User, ivo: User) -> None:
    earlier = opened(status="solved", unanswered=False)
    for minutes, author in ((9, ana), (5, ivo)):
        Message.objects.create(
            account=earlier.account,
            ticket=earlier,
            direction="out",
            visibility="private",
            author=author,
            state="sent",
            at=clock.now() - timedelta(minutes=minutes),
        )
    for way in ("turns", "least", "pull"):
        TeamRouting.objects.filter(team=returns).update(way=way)
        assert gets(opened(team=returns, customer=earlier.customer)) == ivo
    assignment.go_away(ivo, give_back=False)
    assert gets(opened(team=returns, customer=earlier.customer)) is None
    TeamRouting.objects.filter(team=returns).update(way="turns")
    assert gets(opened(team=returns, customer=earlier.customer)) == ana


def test_giving_out_twice_changes_nothing(opened: Open, returns: Team, ana: User) -> None:
    ticket = opened(team=returns)
    assert gets(ticket) == ana
    assert gets(ticket) is None
    assert TeamRouting.objects.get(team=returns).turns == 1


@pytest.mark.django_db(transaction=True)
def test_turns_stay_fair_when_many_tickets_come_at_once(
    opened: Open, returns: Team, ana: User, ivo: User
) -> None:
    numbers = [opened(team=returns).pk for _time in range(12)]
    # every ticket is given out twice, as when a reaction runs again
    parts = [numbers[start::4] + numbers[(start + 1) % 4 :: 4] for start in range(4)]
    side_by_side(*(lambda part=part: [assign_by_teams([each]) for each in part] for part in parts))
    shares = Counter(Ticket.objects.filter(pk__in=numbers).values_list("assignee", flat=True))
    assert shares == {ana.pk: 6, ivo.pk: 6}
    assert Event.objects.filter(kind="assigned").count() == 12


# ----------------------------------------------------------------------------- going away


def test_unanswered_tickets_go_back_to_the_team(opened: Open, returns: Team, ana: User) -> None:
    other = Team.objects.create(name="Repairs")
    TeamRouting.objects.create(team=other, takes_back=False)
    back, kept, answered, no_team = (
        opened(team=returns, assignee=ana),
        opened(team=other, assignee=ana),
        opened(team=returns, assignee=ana, unanswered=False),
        opened(assignee=ana),
    )
    assert assignment.go_away(ana, give_back=True) == 1
    assert holder(back) is None
    assert [holder(each) for each in (kept, answered, no_team)] == [ana, ana, ana]


def test_one_may_keep_ones_tickets(opened: Open, returns: Team, ana: User) -> None:
    ticket = opened(team=returns, assignee=ana)
    assert assignment.go_away(ana, give_back=False) == 0
    assert holder(ticket) == ana


def test_after_the_shift_it_goes_back_once(opened: Open, returns: Team, ana: User) -> None:
    ended = clock.now() - timedelta(minutes=1)
    hours = [[(ended - timedelta(hours=4)).strftime("%H:%M"), ended.strftime("%H:%M")]]
    profile(ana, shifts={str(day): hours for day in range(7)})
    Membership.objects.exclude(user=ana).delete()
    ticket = opened(team=returns, assignee=ana)
    jobs.give_out_waiting(0)
    assert holder(ticket) is None
    verbs.assign(ticket, ana, ana)  # who goes on working may take it again
    jobs.give_out_waiting(0)
    assert holder(ticket) == ana


# ----------------------------------------------------------------------------- by itself


def told(kind: str, *tickets: Ticket) -> list[Any]:
    return [
        Event.objects.create(kind=kind, ticket=each, account=each.account, message=each.messages.get())
        for each in tickets
    ]


def test_a_new_ticket_gets_language_team_and_colleague(
    opened: Open, returns: Team, account: Account, ana: User, ivo: User
) -> None:
    AccountTeam.objects.create(account=account, team=returns)
    profile(ana, languages=["en"])
    profile(ivo, languages=["sl"])
    ticket = opened("Pozdravljeni, moja pošiljka še ni prišla.")
    came, began = told("message_received", ticket), told("ticket_opened", ticket)
    for _twice in range(2):
        reactions.tell_languages(came)
        reactions.assign_waiting(came)
        reactions.send_to_team(began)
        reactions.assign_waiting(began)
    assert holder(ticket) == ivo
    assert (ticket.team, ticket.language, ticket.messages.get().language) == (returns, "sl", "sl")
    kinds = Counter(Event.objects.values_list("kind", flat=True))
    assert (kinds["assigned"], kinds["team_changed"], kinds["language_told"]) == (1, 1, 1)


def test_what_a_colleague_said_about_the_language_stays(opened: Open, ana: User) -> None:
    ticket = opened("Hello, the zip of my boots broke after two days.", language="de")
    verbs.set_language(ticket, ana, "sl")
    reactions.tell_languages(told("message_received", ticket))
    ticket.refresh_from_db()
    assert (ticket.language, ticket.messages.get().language) == ("sl", "en")


def test_a_short_text_takes_the_language_of_the_customers_other_tickets(opened: Open) -> None:
    earlier = opened(language="sl")
    ticket = opened("Kje je moj paket?", customer=earlier.customer)
    reactions.tell_languages(told("message_received", ticket))
    assert ticket.messages.get().language == "sl"
