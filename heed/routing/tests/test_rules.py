"""When, if, then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext

from heed.accounts.models import Grant, Team, User
from heed.inbox import verbs
from heed.inbox.models import Event, Message, Notice, Ticket, TicketWords
from heed.inbox.search import index_everything
from heed.inbox.verbs import together
from heed.lib import clock
from heed.routing import by_time, rules
from heed.routing.holding import Ready, Words
from heed.routing.models import Rule, RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, comes, fresh, rule

pytestmark = pytest.mark.django_db


def test_when_it_happens_and_the_condition_holds_all_is_done(opened: Open, ana: User, returns: Team) -> None:
    did = rule(
        add("zip", "returns"),
        {"do": "priority", "priority": 3},
        {"do": "assign_team", "team": returns.pk},
        {"do": "assign_person", "person": ana.pk},
        {"do": "status", "status": "pending"},
        {"do": "note", "text": "Look at the zip first."},
        {"do": "notify_person", "person": ana.pk, "text": "A zip"},
        condition="is:unanswered lang:en",
    )
    hit, other = opened(language="en"), opened(language="sl")
    rules.run_rules([comes(hit), comes(other)])
    now = fresh(hit)
    assert (now.tags, now.priority, now.team, now.assignee, now.status) == (
        ["returns", "zip"],
        3,
        returns,
        ana,
        "pending",
    )
    assert now.unanswered
    note = now.messages.get(visibility="note")
    assert (note.text, note.author, note.origin) == ("Look at the zip first.", None, "rule")
    assert Notice.objects.filter(user=ana, kind="rule", text="A zip").count() == 1
    assert fresh(other).tags == []
    run = RuleRun.objects.get()
    assert (run.rule, run.ticket, run.failed, len(run.outcome)) == (did, hit, False, 7)


def test_the_same_event_twice_is_done_once(opened: Open) -> None:
    rule({"do": "note", "text": "Once"})
    event = comes(opened())
    rules.run_rules([event])
    rules.run_rules([event])
    assert Message.objects.filter(visibility="note").count() == 1
    assert RuleRun.objects.count() == 1


def test_rules_run_in_order_and_a_stop_ends_it(opened: Open) -> None:
    rule(add("late"), condition="tag:early", position=2)
    rule(add("early"), position=1)
    rule(add("last"), condition="tag:late", position=3, stop=True)
    rule(add("never"), position=4)
    first = opened()
    rules.run_rules([comes(first)])
    assert fresh(first).tags == ["early", "last", "late"]


def test_words_are_found_in_what_came_this_moment(opened: Open) -> None:
    rule(add("zip"), condition="zadrg*")
    rule(add("calm"), condition="-zadrg*")
    torn, other = opened("S pokvarjeno zadrgo"), opened("Where is my order?")
    assert not TicketWords.objects.exists()
    rules.run_rules([comes(torn), comes(other)])
    assert [fresh(each).tags for each in (torn, other)] == [["zip"], ["calm"]]


def test_a_stop_that_does_not_hold_stops_nothing(opened: Open) -> None:
    rule(add("zip"), condition="lang:mn", stop=True)
    rule(add("on"))
    ticket = opened()
    rules.run_rules([comes(ticket)])
    assert fresh(ticket).tags == ["on"]


def test_one_action_that_fails_holds_up_no_other(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    rule({"do": "hide"}, {"do": "assign_person", "person": 999999}, add("after"))
    ticket = opened()
    rules.run_rules([comes(ticket)])
    run = RuleRun.objects.get()
    assert [each["ok"] for each in run.outcome] == [False, False, True]
    assert "public" in run.outcome[0]["said"]
    assert run.failed
    assert fresh(ticket).tags == ["after"]
    assert [each["do"] for each in Event.objects.get(kind="rule_ran").facts["did"]] == [
        "hide",
        "assign_person",
    ]


def test_even_a_mistake_of_ours_holds_up_no_other(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        Ticket.objects.raw("SELECT nonsense")[0]

    monkeypatch.setattr(together, "set_priority", broken)
    rule({"do": "priority", "priority": 4}, add("after"))
    ticket = opened()
    rules.run_rules([comes(ticket)])
    assert fresh(ticket).tags == ["after"]
    assert RuleRun.objects.get().outcome[0]["ok"] is False


def test_spam_and_switched_off_rules_do_nothing(opened: Open) -> None:
    off = rule(add("off"))
    Rule.objects.filter(pk=off.pk).update(on=False)
    rule(add("on"))
    ticket, spam = opened(), opened(spam=True, status="solved", unanswered=False)
    rules.run_rules([comes(ticket), comes(spam)])
    assert (fresh(ticket).tags, fresh(spam).tags) == (["on"], [])


def test_a_condition_that_means_nothing_any_more_is_said_on_the_rule(opened: Open) -> None:
    broken = rule(add("x"), condition="is:nonsense")
    rule(add("y"))
    ticket = opened()
    rules.run_rules([comes(ticket)])
    broken.refresh_from_db()
    assert "nonsense" in broken.problem
    assert fresh(ticket).tags == ["y"]


def test_a_rule_that_fails_holds_up_no_other(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = rule(add("x"))
    rule(add("y"))
    tickets = [opened(), opened()]
    real = Ready.among

    def among(ready: Ready, numbers: Iterable[int], words: Words) -> set[int]:
        wanted = set(numbers)
        if ready.rule == bad and tickets[0].pk in wanted:
            Ticket.objects.raw("SELECT nonsense")[0]
        return real(ready, wanted, words)

    with monkeypatch.context() as broken:
        broken.setattr(Ready, "among", among)
        rules.run_rules([comes(each) for each in tickets])
    assert [fresh(each).tags for each in tickets] == [["y"], ["x", "y"]]
    bad.refresh_from_db()
    assert "failed" in bad.problem
    with translation.override("sl"):
        assert rules.problem_of(bad) not in ("", bad.problem)
    assert rules.made_ready(bad) is not None
    bad.refresh_from_db()
    assert "failed" in bad.problem  # until it ran well
    rules.run_rules([comes(tickets[0])])
    bad.refresh_from_db()
    assert (fresh(tickets[0]).tags, bad.problem) == (["x", "y"], "")


def test_a_rule_by_time_that_fails_holds_up_no_other(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = rule(add("x"), when="time", stop=True)
    rule(add("y"), when="time")
    real = by_time.in_time

    def in_time(ready: Ready) -> QuerySet[Ticket]:
        assert ready.rule != bad
        return real(ready)

    monkeypatch.setattr(by_time, "in_time", in_time)
    ticket = opened()
    assert by_time.run_by_time() == 1
    bad.refresh_from_db()
    assert (fresh(ticket).tags, bool(bad.problem)) == (["y"], True)


def test_what_blocked_people_write_sets_nothing_off(opened: Open) -> None:
    rule(add("x"))
    ticket = opened()
    ticket.identity.blocked = True
    ticket.identity.save()
    rules.run_rules([comes(ticket)])
    assert not RuleRun.objects.exists()


# ----------------------------------------------------------------------------- loops


def follow(first: Event, *, steps: int = 30) -> int:
    """Hand an event and what follows to the rules, as the worker does; returns how many steps it took."""
    seen: set[int] = set(Event.objects.values_list("pk", flat=True)) - {first.pk}
    for step in range(steps):
        news = list(Event.objects.exclude(pk__in=seen).select_related("message"))
        if not news:
            return step
        seen |= {each.pk for each in news}
        for each in news:
            rules.run_rules([each])
    return steps


def test_two_rules_that_answer_each_other_stop(opened: Open) -> None:
    rule(
        {"do": "priority", "priority": 4},
        when="message_received priority_changed",
        condition="-priority:urgent",
    )
    rule({"do": "priority", "priority": 1}, when="priority_changed", condition="priority:urgent")
    ticket = opened()
    assert follow(comes(ticket)) < 5
    assert RuleRun.objects.count() == 2


def test_a_chain_of_rules_has_an_end(opened: Open) -> None:
    rule(add("t0"))
    for number in range(1, 9):  # the later ones first: each event sets off one
        before = f"tag:t{number - 1} -tag:t{number}"
        rule(add(f"t{number}"), when="tags_changed", condition=before, position=-number)
    ticket = opened()
    follow(comes(ticket))
    longest = max(len(rules.led_by(each)) for each in Event.objects.filter(kind="tags_changed"))
    assert longest == rules.MOST_STEPS


def test_what_a_rule_writes_sets_no_rule_off(opened: Open) -> None:
    rule({"do": "note", "text": "again"}, when="note_written message_received")
    ticket = opened()
    follow(comes(ticket))
    assert Message.objects.filter(visibility="note").count() == 1


def test_a_rule_that_goes_round_by_another_way_is_held(opened: Open) -> None:
    rule(add("x"))
    ticket = opened()
    for _time in range(rules.MOST_AN_HOUR + 5):
        rules.run_rules([comes(ticket)])
    assert RuleRun.objects.count() == rules.MOST_AN_HOUR


# ----------------------------------------------------------------------------- time


def test_time_sets_a_rule_off_once_while_the_ticket_stands_so(opened: Open, ana: User) -> None:
    rule({"do": "note", "text": "Late"}, add("late"), when="time", condition="waiting:>2h")
    late = opened()
    opened(waiting_since=clock.now())
    assert by_time.run_by_time() == 1
    assert by_time.run_by_time() == 0
    assert fresh(late).tags == ["late"]
    verbs.mark_answered(late, ana)
    assert by_time.run_by_time() == 0
    verbs.mark_unanswered(late, ana)
    with clock.moved(timedelta(hours=3)):
        assert by_time.run_by_time() == 2  # it waits again, and the other one now too


def test_the_cursor_goes_on_where_it_stood(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_time, "AT_ONCE", 2)
    monkeypatch.setattr(by_time, "MOST", 0)
    rule(add("late"), when="time")
    for _time in range(5):
        opened()
    assert [by_time.run_by_time() for _time in range(4)] == [2, 2, 1, 0]
    assert Rule.objects.get().cursor in (0, *Ticket.objects.values_list("pk", flat=True))


def test_what_is_new_or_changed_comes_before_all_it_ran_for(
    opened: Open, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(add("late"), when="time")
    known = [opened() for _time in range(4)]
    assert by_time.run_by_time() == 4
    monkeypatch.setattr(by_time, "AT_ONCE", 1)
    monkeypatch.setattr(by_time, "_OVERLAP", 0)
    new = opened()
    verbs.mark_answered(known[3], ana)
    assert by_time.run_by_time() == 2
    assert fresh(new).tags == ["late"]
    assert RuleRun.objects.filter(ticket=known[3]).count() == 2
    assert by_time.run_by_time() == 0


def test_what_happened_is_looked_at_in_parts_and_never_twice(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = rule(add("late"), when="time")
    known = [opened() for _time in range(4)]
    by_time.run_by_time()
    looked: list[int] = []

    def not_run_yet(of: Rule, numbers: Iterable[int]) -> list[int]:
        looked.append(len(list(numbers)))
        return rules.not_run_yet(of, numbers)

    for name, value in {"_EVENTS_AT_ONCE": 1, "_OVERLAP": 0, "MOST": 2, "_walk": lambda *_: 0}.items():
        monkeypatch.setattr(by_time, name, value)
    monkeypatch.setattr(by_time, "not_run_yet", not_run_yet)
    Rule.objects.update(seen=Event.objects.latest("pk").pk)
    Ticket.objects.update(due_at=clock.now())
    numbers = [comes(each).pk for each in known]
    assert by_time.run_by_time() == 2
    mine.refresh_from_db()
    assert (looked, mine.seen) == ([1, 1], numbers[1])
    assert by_time.run_by_time() == 2
    mine.refresh_from_db()
    assert (looked, mine.seen) == ([1] * 4, numbers[3])


def test_what_changed_without_a_word_is_found_on_the_walk(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(add("late"), when="time")
    known = [opened() for _time in range(3)]
    by_time.run_by_time()
    monkeypatch.setattr(by_time, "AT_ONCE", 1)
    Ticket.objects.filter(pk=known[2].pk).update(due_at=clock.now())
    assert sum(by_time.run_by_time() for _time in range(3)) == 1


def test_a_stop_holds_as_time_passes(opened: Open) -> None:
    rule(add("first"), when="time", condition="lang:en", stop=True)
    rule(add("second"), when="time")
    english, other = opened(language="en"), opened()
    by_time.run_by_time()
    by_time.run_by_time()
    assert (fresh(english).tags, fresh(other).tags) == (["first"], ["second"])


@pytest.mark.parametrize("asked", ['"acme zip"', '-"the zip"'])
def test_a_stop_stops_nothing_where_a_long_talk_only_seems_to_fit(opened: Open, asked: str) -> None:
    rule(add("first"), when="time", condition=asked, stop=True)
    rule(add("second"), when="time")
    says = opened("acme zip")
    seems = opened("the and zip or acme " * 300 + "the zip")
    index_everything()
    by_time.run_by_time()
    assert (fresh(says).tags, fresh(seems).tags) == (["first"], ["second"])


def test_solved_tickets_are_looked_at_only_where_asked(opened: Open) -> None:
    rule(add("x"), when="time")
    solved = opened(status="solved", unanswered=False)
    assert by_time.run_by_time() == 0
    rule(add("done"), when="time", condition="is:solved")
    assert by_time.run_by_time() == 1
    assert fresh(solved).tags == ["done"]


# ----------------------------------------------------------------------------- what is kept of it


def test_old_runs_are_forgotten_piece_by_piece(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, ticket = rule(add("zip")), opened()
    old = clock.now() - rules.KEPT - timedelta(days=1)
    events = [comes(ticket) for _n in range(5)]
    RuleRun.objects.bulk_create(RuleRun(rule=mine, ticket=ticket, at=old, event=each) for each in events)
    kept = RuleRun.objects.create(rule=mine, ticket=ticket)
    monkeypatch.setattr(rules, "_FORGOTTEN_AT_ONCE", 2)
    rules.forget_old_runs()
    assert list(RuleRun.objects.all()) == [kept]


def test_what_stands_as_it_did_is_not_run_for_again_when_old_runs_are_forgotten(opened: Open) -> None:
    rule(add("late"), when="time")
    stands, solved = opened(), opened()
    by_time.run_by_time()
    RuleRun.objects.update(at=clock.now() - rules.KEPT - timedelta(days=1))
    Ticket.objects.filter(pk=solved.pk).update(status="solved")
    rules.forget_old_runs()
    assert [each.ticket for each in RuleRun.objects.all()] == [stands]
    assert by_time.run_by_time() == 0


def test_what_went_wrong_is_kept_in_english_and_said_in_the_readers_language(opened: Open) -> None:
    mine = rule(add("zip"), condition="tag:zip nonsense:x")
    failing = rule({"do": "hide"})
    with translation.override("sl"):
        rules.run_rules([comes(opened())])
        mine.refresh_from_db()
        assert mine.problem.startswith("There is no “nonsense:”")
        assert rules.problem_of(mine) == gettext(
            "There is no “%(name)s:”. To look for these letters, put them in quotation marks."
        ) % {"name": "nonsense"}
        said = RuleRun.objects.get(rule=failing).outcome[0]["said"]
        assert said == "There is no public message to hide."
        assert rules.said_to_reader(said) == gettext("There is no public message to hide.")


def test_a_rule_that_names_a_viewer_says_so_and_goes_on(opened: Open, ana: User) -> None:
    rule({"do": "assign_person", "person": ana.pk}, add("after"))
    Grant.objects.filter(user=ana).update(role="viewer")
    ticket = opened()
    rules.run_rules([comes(ticket)])
    run = RuleRun.objects.get()
    assert "may not answer customers" in run.outcome[0]["said"]
    assert (fresh(ticket).assignee, fresh(ticket).tags) == (None, ["after"])
