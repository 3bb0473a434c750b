"""The same figures from the real event log: messages, marks, teams, merges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from heed.accounts.models import Brand, Grant, Team, User
from heed.accounts.rights import NotAllowed
from heed.channels import verbs as channels
from heed.channels.base import MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import events, intake, ledger, receipts, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.tests.rubber import body
from heed.inbox.verbs import merging
from heed.insights.reading import lives
from heed.insights.service import Service, service
from heed.lib import clock
from heed.routing.models import Hours, Schedule, SchedulePlace

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 16, 10, tzinfo=UTC)
LATER = MONDAY + timedelta(days=3)
LEA = Person("lea", "Lea Marn")


def at(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


def write(account: Account, name: str, minutes: float, who: Person = LEA, **facts: object) -> Ticket:
    facts = {"visibility": "private", "kind": "message", **facts}
    news = MessageReceived(external_id=name, at=at(minutes), author=who, text=name, **facts)  # type: ignore[arg-type]
    ledger.append(account.pk, [body(news)])
    intake.take_batch()
    return Ticket.objects.get(messages__external_id=name)


def say(ticket: Ticket, minutes: float, who: User | None, **facts: object) -> Message:
    values: dict[str, object] = {"state": "sent", "visibility": "private", **facts}
    return Message.objects.create(
        account_id=ticket.account_id, ticket=ticket, direction="out", author=who, at=at(minutes), **values
    )


def measured(user: User) -> Service:
    return service(user, MONDAY - timedelta(days=1), LATER, LATER)


def test_the_worked_example(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    bot = say(ticket, 1, None, origin="bot")
    handed = events.record("handed_off", ticket=ticket, at=at(2))
    answer = say(ticket, 30, ana)
    found = measured(maja)
    assert found.figure("first_reply_any").mean == 60
    assert found.figure("first_reply").mean == 30 * 60
    assert found.figure("first_reply", "handed").mean == 28 * 60
    message = ticket.messages.get(direction="in")
    assert found.figure("first_reply").sources == tuple(
        sorted([f"m{message.pk}", f"m{answer.pk}", f"e{handed.pk}"])
    )
    assert f"m{bot.pk}" not in found.figure("first_reply").sources
    assert (found.cycles, found.answered, found.sent) == (1, 1, {ana.pk: 1})


def test_what_is_never_an_answer(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    say(ticket, 1, None, origin="away", automatic=True)
    say(ticket, 2, None, origin="rule", automatic=True)
    say(ticket, 3, None, automatic=True)
    say(ticket, 4, ana, visibility="note", state="noted")
    say(ticket, 5, ana, state="failed")
    found = measured(maja)
    assert found.figure("first_reply").n == 0
    assert found.figure("first_reply").still_waiting == 1
    assert found.figure("first_reply_any").n == 0


def test_an_answer_outside_heed_counts_for_nobody(account: Account, maja: User) -> None:
    ticket = write(account, "a", 0)
    say(ticket, 7, None)
    found = measured(maja)
    assert (found.outside, found.figure("first_reply").median, found.sent) == (1, 420, {})


def two_teams(desk: list[int], nights: list[int]) -> Team:
    """When the desk works and when its night team does, every day, in minutes since midnight."""
    team = Team.objects.create(name="Nights")
    long_ago = MONDAY - timedelta(days=30)
    for name, day, whose in (("Desk", desk, None), ("Nights", nights, team)):
        schedule = Schedule.objects.create(name=name)
        Hours.objects.create(schedule=schedule, since=long_ago, zone="UTC", week=[[day]] * 7)
        SchedulePlace.objects.create(schedule=schedule, team=whose, since=long_ago)
    return team


def test_what_was_merged_in_counts_by_the_hours_of_its_team_until_then(
    account: Account, ana: User, maja: User
) -> None:
    nights = two_teams([540, 1020], [1320, 360])  # 9 to 17, 22 to 6
    into = write(account, "a", 0)
    say(into, 0, ana)
    ticket = write(account, "b", 720, visibility="public", kind="comment", post="p")  # 22:00
    verbs.give_to_team(ticket, maja, nights)
    told = merging.merge(ticket, into, maja)
    Event.objects.filter(kind="team_changed").update(at=at(715))
    Event.objects.filter(kind="merged").update(at=at(900))  # 1:00
    say(into, 960, ana)  # 2:00
    assert measured(maja).durations["first_reply", "business"] == [0, 3 * 60 * 60]
    assert measured(maja).durations["waiting_time", "business"] == [3 * 60 * 60]
    merging.unmerge(told, maja)
    assert [life.teams for life in lives([into.pk, ticket.pk])] == [[], [(at(715), nights.pk)]]


def test_each_team_by_its_own_hours(account: Account, ana: User, maja: User) -> None:
    nights = two_teams([540, 660], [720, 780])  # 9 to 11, 12 to 13
    ticket = write(account, "a", 30)  # 10:30
    events.record("team_changed", ticket=ticket, at=at(90), to="Nights", team=nights.pk)  # 11:30
    Ticket.objects.filter(pk=ticket.pk).update(team=nights)
    say(ticket, 150, ana)  # 12:30
    # 10:30-11:00 of the desk's, 12:00-12:30 of the nights'
    assert measured(maja).figure("first_reply", "business").mean == 60 * 60


def test_a_brand_given_later_changes_nothing_before(account: Account, ana: User, maja: User) -> None:
    now = clock.now()
    hour = timedelta(hours=1)
    kids = Brand.objects.create(name="Acme Kids")
    schedule = Schedule.objects.create(name="Never")
    Hours.objects.create(schedule=schedule, since=now - 9 * hour, zone="UTC", week=[[]] * 7)
    SchedulePlace.objects.create(schedule=schedule, brand=kids, since=now - 9 * hour)
    begun = (now - MONDAY) / timedelta(minutes=1)
    say(write(account, "a", begun - 60), begun - 30, ana)
    say(write(account, "b", begun - 20, Person("omar", "Omar Badr")), begun + 20, ana)
    channels.give_brand(account, kids, by=maja)
    channels.give_brand(account, None, by=maja)
    channels.give_brand(account, kids, by=maja)
    found = service(maja, now - 2 * hour, now + hour, now + hour)
    assert [round(each / 60) for each in found.durations["first_reply", "business"]] == [30, 20]


def test_merging_keeps_both_clocks_and_taking_it_back_gives_both(
    account: Account, ana: User, ivo: User, maja: User
) -> None:
    one = write(account, "a", 0)
    two = write(account, "b", 30, visibility="public", kind="comment", post="p")
    say(two, 35, ivo, visibility="public")
    before = measured(maja)
    record = merging.merge(two, one, ana)
    Event.objects.filter(kind="merged").update(at=at(60))
    say(one, 70, ana)
    found = measured(maja)
    assert found.cycles == 1
    assert sorted(found.durations["first_reply", "elapsed"]) == [5 * 60, 70 * 60]
    Message.objects.filter(author=ana).delete()
    merging.unmerge(record, ana)
    after = measured(maja)
    assert after.durations == before.durations
    assert after.cycles == 2


def test_spam_leaves_all_figures_but_its_count(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    say(ticket, 5, ana)
    events.record("marked_spam", ticket=ticket, at=at(10))
    found = measured(maja)
    assert (found.spam, found.cycles, found.figure("first_reply").n) == (1, 0, 0)


def test_solved_and_opened_again(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    say(ticket, 10, ana)
    verbs.set_status(ticket, ana, "solved")
    Event.objects.filter(kind__in=("status_changed", "answered_marked")).update(at=at(60))
    Ticket.objects.update(solved_at=at(60))
    write(account, "b", 120)
    found = measured(maja)
    assert (found.cycles, found.reopens, found.answered_share) == (2, 1, 0.5)
    assert found.figure("resolution_first").mean == 3600
    assert found.figure("resolution_first").still_waiting == 1
    assert found.figure("waiting_time").still_waiting == 1


def test_a_mark_whose_answer_did_not_arrive_ended_no_wait(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    failed = say(ticket, 5, ana, state="sent")
    verbs.tending.mark_answered(ticket, ana, failed)
    receipts.fail(failed, "unreachable")
    Event.objects.filter(kind="answered_marked").update(at=at(5))
    Event.objects.filter(kind="unanswered_marked").update(at=at(20))
    assert measured(maja).figure("first_reply").still_waiting == 1
    say(ticket, 30, ana)
    assert measured(maja).figure("first_reply").mean == 30 * 60


def test_only_what_one_may_see_figures_of(account: Account, ana: User) -> None:
    write(account, "a", 0)
    with pytest.raises(NotAllowed):
        measured(ana)  # an agent
    other = Account.objects.create(
        network="rubber", name="Other", external_id="o", base_url="http://127.0.0.1:1"
    )
    lead = User.objects.create_user("sam@acme.example", "long enough words", role="", name="Sam Cole")
    Grant.objects.create(user=lead, role="lead", account=other.pk)
    assert measured(lead).cycles == 0
    Grant.objects.create(user=lead, role="lead", account=account.pk)
    assert measured(User.objects.get(pk=lead.pk)).cycles == 1


def test_each_time_counts_what_was_done_in_it(account: Account, ana: User, ivo: User, maja: User) -> None:
    """A matter that goes on from one month to the next is in both, and nothing in it is in both."""
    ticket = write(account, "a", 0)
    say(ticket, 10, ana)
    work(ticket, ana, 0, 10)
    verbs.set_status(ticket, ana, "solved")
    Event.objects.filter(kind__in=("status_changed", "answered_marked")).update(at=at(60))
    Ticket.objects.update(solved_at=at(60))
    month = 30 * 24 * 60
    write(account, "b", month)
    say(ticket, month + 5, ana)
    say(ticket, month + 6, ivo)
    work(ticket, ana, month - 4, month + 2)  # before and after the month began
    for minute, who in ((month - 1, ana), (month, ivo)):
        events.record("assigned", ticket=ticket, at=at(minute), person=who.pk)
    first = service(maja, at(0), at(month), at(2 * month))
    second = service(maja, at(month), at(2 * month), at(2 * month))
    assert (first.cycles, first.sent, first.hand_overs) == (1, {ana.pk: 1}, 0)
    assert (second.cycles, second.sent, second.hand_overs) == (1, {ana.pk: 1, ivo.pk: 1}, 1)
    assert (first.handled, second.handled) == ({ana.pk: 14 * 60}, {ana.pk: 2 * 60})


def test_what_is_done_later_counts_though_it_began_before(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    work(ticket, ana, 120, 123)
    read = service(maja, at(100), at(200), at(300))
    assert (read.cycles, read.handled) == (0, {ana.pk: 180})
    say(ticket, 130, ana)
    Ticket.objects.update(last_at=at(130))
    answered = service(maja, at(125), at(200), at(300))
    assert (answered.cycles, answered.sent, answered.handled) == (0, {ana.pk: 1}, {})


def work(ticket: Ticket, user: User, since: float, until: float) -> None:
    events.record("opened_by", ticket=ticket, actor=user, at=at(since))
    events.record("left_by", ticket=ticket, actor=user, at=at(until))


def test_satisfaction_is_good_of_rated(account: Account, maja: User) -> None:
    ticket = write(account, "a", 0)
    offered = {"origin": "follow_up", "automatic": True, "manner": {"choices": {"items": [], "opener": ""}}}
    first, second, _unanswered = (say(ticket, minute, None, **offered) for minute in (10, 20, 30))
    say(ticket, 35, None, origin="follow_up", automatic=True)
    for minute, question, good in ((11, first, False), (12, first, True), (21, second, False)):
        events.record("rated", ticket=ticket, at=at(minute), good=good, question=question.pk)
    found = measured(maja)
    assert (found.asked, found.rated, found.good) == (3, 2, 1)
    Message.objects.update(created_at=at(30))
    assert (found.satisfaction, found.response_rate) == (0.5, 2 / 3)
    assert found.figure("first_reply").still_waiting == 1, "a question of ours is no answer"
    assert service(maja, at(15), at(25), at(60)).satisfaction == 0
