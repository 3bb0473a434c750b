"""When, if, then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation
from django.utils.translation import gettext

from heed.accounts.models import AuditRow, Membership, Team, User
from heed.inbox import verbs
from heed.inbox.conditions import BadCondition
from heed.inbox.models import Event, Message, Notice, Ticket, TicketWords
from heed.lib import clock
from heed.library.models import QuickText
from heed.routing import actions, jobs, keeping, reach, rules, webhooks
from heed.routing.dry import dry_run
from heed.routing.keeping import CannotKeep
from heed.routing.models import Rule, RuleRun
from heed.routing.tests.conftest import Open

pytestmark = pytest.mark.django_db


def rule(*deeds: dict[str, Any], when: str = "message_received", condition: str = "", **facts: Any) -> Rule:
    name = facts.pop("name", f"Rule {Rule.objects.count() + 1}")
    position = facts.pop("position", Rule.objects.count())
    return Rule.objects.create(
        name=name,
        when=when.split(),
        condition=condition,
        actions=list(deeds),
        on=True,
        position=position,
        **facts,
    )


def add(*tags: str) -> dict[str, Any]:
    return {"do": "add_tags", "tags": list(tags)}


def comes(ticket: Ticket, kind: str = "message_received", **data: Any) -> Event:
    return Event.objects.create(
        kind=kind,
        ticket=ticket,
        account=ticket.account,
        message=ticket.messages.order_by("pk").first(),
        data=data,
        at=clock.now(),
    )


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


# ----------------------------------------------------------------------------- running


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

    monkeypatch.setattr(verbs, "set_priority", broken)
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


# ----------------------------------------------------------------------------- answers


def test_an_answer_of_a_rule_is_no_answer(opened: Open) -> None:
    rule({"do": "answer", "text": "Hello {first_name}, one moment."})
    ticket = opened()
    ticket.identity.name = "Lea Marn"
    ticket.identity.save()
    Ticket.objects.filter(pk=ticket.pk).update(last_private_in=clock.now())
    Message.objects.filter(ticket=ticket).update(at=clock.now())
    for _twice in range(2):
        rules.run_rules([comes(ticket)])
    said = Message.objects.get(ticket=ticket, direction="out")
    assert (said.text, said.origin, said.automatic, said.author) == (
        "Hello Lea, one moment.",
        "rule",
        True,
        None,
    )
    assert fresh(ticket).unanswered


def test_a_quick_text_answers_in_the_language_of_the_ticket(opened: Open) -> None:
    for language, text in (
        ("", "Hello {first_name}!"),
        ("sl", "Pozdravljeni, {first_name}!"),
        ("mn", "Сайн уу"),
    ):
        QuickText.objects.create(name="hello", title="Hello", text=text, language=language)
    rule({"do": "answer_quick_text", "quick_text": "hello"})
    for language, expected in (("sl", "Pozdravljeni, Lea!"), ("ar", "Hello Lea!")):
        ticket = opened()
        type(ticket.identity).objects.filter(pk=ticket.identity_id).update(name="Lea Marn")
        Ticket.objects.filter(pk=ticket.pk).update(last_private_in=clock.now(), language=language)
        Message.objects.filter(ticket=ticket).update(at=clock.now(), language=language)
        rules.run_rules([comes(ticket)])
        assert Message.objects.get(ticket=ticket, direction="out").text == expected


def test_a_quick_text_that_needs_a_person_answers_nobody(opened: Open) -> None:
    text = QuickText.objects.create(name="hello", title="Hello", text="Hello, this is {my_name}")
    for bad in ("hello", "no such", ""):
        with pytest.raises(actions.BadAction):
            actions.checked({"do": "answer_quick_text", "quick_text": bad})
    rule({"do": "answer_quick_text", "quick_text": "hello"})
    ticket = opened()
    Ticket.objects.filter(pk=ticket.pk).update(last_private_in=clock.now())
    Message.objects.filter(ticket=ticket).update(at=clock.now())
    for _once_more in range(2):  # written so, and then gone
        rules.run_rules([comes(ticket)])
        QuickText.objects.filter(pk=text.pk).delete()
    assert not Message.objects.filter(ticket=ticket, direction="out").exists()
    assert [each["ok"] for run in RuleRun.objects.all() for each in run.outcome] == [False, False]


@pytest.mark.parametrize(
    "facts", [{"automatic": True}, {"kind": "standby"}, {"at": clock.now() - timedelta(days=2)}]
)
def test_machines_and_what_came_long_ago_get_no_answer(opened: Open, facts: dict[str, Any]) -> None:
    rule({"do": "answer", "text": "Hello"})
    ticket = opened()
    Ticket.objects.filter(pk=ticket.pk).update(last_private_in=clock.now())
    Message.objects.filter(ticket=ticket).update(**({"at": clock.now()} | facts))
    rules.run_rules([comes(ticket)])
    assert not Message.objects.filter(direction="out").exists()
    assert RuleRun.objects.get().failed


def test_what_blocked_people_write_sets_nothing_off(opened: Open) -> None:
    rule(add("x"))
    ticket = opened()
    ticket.identity.blocked = True
    ticket.identity.save()
    rules.run_rules([comes(ticket)])
    assert not RuleRun.objects.exists()


# ----------------------------------------------------------------------------- time


def test_time_sets_a_rule_off_once_while_the_ticket_stands_so(opened: Open, ana: User) -> None:
    rule({"do": "note", "text": "Late"}, add("late"), when="time", condition="waiting:>2h")
    late = opened()
    opened(waiting_since=clock.now())
    assert rules.run_by_time() == 1
    assert rules.run_by_time() == 0
    assert fresh(late).tags == ["late"]
    verbs.mark_answered(late, ana)
    assert rules.run_by_time() == 0
    verbs.mark_unanswered(late, ana)
    with clock.moved(timedelta(hours=3)):
        assert rules.run_by_time() == 2  # it waits again, and the other one now too


def test_the_cursor_goes_on_where_it_stood(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "AT_ONCE", 2)
    monkeypatch.setattr(rules, "_GOES", 1)
    rule(add("late"), when="time")
    for _time in range(5):
        opened()
    assert [rules.run_by_time() for _time in range(4)] == [2, 2, 1, 0]
    assert Rule.objects.get().cursor in (0, *Ticket.objects.values_list("pk", flat=True))


def test_a_stop_holds_as_time_passes(opened: Open) -> None:
    rule(add("first"), when="time", condition="lang:en", stop=True)
    rule(add("second"), when="time")
    english, other = opened(language="en"), opened()
    rules.run_by_time()
    rules.run_by_time()
    assert (fresh(english).tags, fresh(other).tags) == (["first"], ["second"])


def test_solved_tickets_are_looked_at_only_where_asked(opened: Open) -> None:
    rule(add("x"), when="time")
    solved = opened(status="solved", unanswered=False)
    assert rules.run_by_time() == 0
    rule(add("done"), when="time", condition="is:solved")
    assert rules.run_by_time() == 1
    assert fresh(solved).tags == ["done"]


# ----------------------------------------------------------------------------- webhooks


@pytest.fixture
def program() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]], list[int]]]:
    """Another program: its address, what it heard, and what it answers."""
    heard: list[tuple[dict[str, str], bytes]] = []
    answers: list[int] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(answers.pop(0) if answers else 204)
            self.end_headers()

        def log_message(self, *_given: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Ear)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/heed", heard, answers
    server.shutdown()
    server.server_close()


class Context:
    def __init__(self, attempts: int = 0) -> None:
        self.job = self
        self.attempts = attempts


def call(run: RuleRun, attempts: int = 0) -> None:
    jobs.call_webhook.func(Context(attempts), run.pk, 0)  # type: ignore[arg-type]


def test_another_program_is_called_with_a_signature(opened: Open, program: Any) -> None:
    url, heard, _answers = program
    mine = rule({"do": "webhook", "url": url})
    ticket = opened("Where is it?")
    rules.run_rules([comes(ticket)])
    run = RuleRun.objects.get()
    assert "ok" in run.outcome[0]
    assert not run.outcome[0]["ok"]
    call(run)
    call(run)
    [(headers, body)] = heard
    told = json.loads(body)
    assert (told["ticket"]["number"], told["message"]["text"], told["when"]) == (
        ticket.pk,
        "Where is it?",
        "message_received",
    )
    moment, signature = (part.split("=", 1)[1] for part in headers["heed-signature"].split(","))
    assert signature == webhooks.signed(webhooks.secret_of(mine), moment, body)
    assert headers["heed-delivery"] == f"{run.pk}-0"
    run.refresh_from_db()
    assert (run.outcome[0]["ok"], run.failed) == (True, False)


def test_a_program_that_refuses_is_not_asked_again(opened: Open, program: Any) -> None:
    url, heard, answers = program
    rule({"do": "webhook", "url": url})
    rules.run_rules([comes(opened())])
    run = RuleRun.objects.get()
    answers += [500, 410]
    with pytest.raises(webhooks.Unwelcome):
        call(run)
    call(run, attempts=1)
    run.refresh_from_db()
    assert (run.outcome[0]["ok"], run.failed, len(heard)) == (False, True, 2)
    assert "410" in run.outcome[0]["said"]


def test_private_addresses_are_not_called(opened: Open, program: Any) -> None:
    url, heard, _answers = program
    rule({"do": "webhook", "url": url})
    rules.run_rules([comes(opened())])
    with override_settings(HEED_ALLOW_PRIVATE_HOSTS=[]):
        call(RuleRun.objects.get())
    assert not heard
    assert RuleRun.objects.get().failed


# ----------------------------------------------------------------------------- keeping


def test_what_cannot_be_kept_says_where(maja: User) -> None:
    good = {"name": "Zips", "when": ["message_received"], "condition": "", "actions": [add("zip")]}
    keeping.keep_rule(maja, Rule(), good)
    for wrong, field in (
        ({"name": " "}, "name"),
        ({"when": ["nonsense"]}, "when"),
        ({"actions": []}, "actions"),
        ({"actions": [{"do": "explode"}]}, "actions"),
        ({"actions": [{"do": "webhook", "url": "ftp://x"}]}, "actions"),
        ({"actions": [{"do": "priority", "priority": 9}]}, "actions"),
        ({"actions": [{"do": "answer", "text": "Hi {nobody}"}]}, "actions"),
    ):
        with pytest.raises(CannotKeep) as refused:
            keeping.keep_rule(maja, Rule(), good | wrong)
        assert refused.value.field == field
    with pytest.raises(BadCondition) as bad:
        keeping.keep_rule(maja, Rule(), good | {"condition": "is:open tag:zip is:nonsense"})
    assert bad.value.word == "nonsense"
    assert Rule.objects.count() == 1


def test_rules_change_places(maja: User) -> None:
    first, second, third = rule(add("a")), rule(add("b")), rule(add("c"))
    keeping.move_rule(maja, third, up=True)
    keeping.move_rule(maja, first, up=True)
    assert list(Rule.objects.all()) == [first, third, second]
    assert [each.rule for each in reach.rules(maja)] == [first, third, second]


# ----------------------------------------------------------------------------- dry run


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


# ----------------------------------------------------------------------------- bounds and words


def test_runs_are_counted_lately_and_up_to_a_bound(
    opened: Open, maja: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = rule(add("zip")), rule(add("late"))
    ticket = opened()
    RuleRun.objects.bulk_create(RuleRun(rule=mine, ticket=ticket, failed=n == 0) for n in range(5))
    RuleRun.objects.create(rule=mine, ticket=ticket, at=clock.now() - timedelta(days=8))
    assert [(each.rule, each.runs, each.failed) for each in reach.rules(maja)] == [
        (mine, 5, 1),
        (other, 0, 0),
    ]
    monkeypatch.setattr(reach, "MOST_RUNS", 3)
    assert reach.rules(maja)[0].runs == 4


def test_old_runs_are_forgotten_piece_by_piece(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, ticket = rule(add("zip")), opened()
    old = clock.now() - rules.KEPT - timedelta(days=1)
    RuleRun.objects.bulk_create(RuleRun(rule=mine, ticket=ticket, at=old) for _n in range(5))
    kept = RuleRun.objects.create(rule=mine, ticket=ticket)
    monkeypatch.setattr(rules, "_FORGOTTEN_AT_ONCE", 2)
    rules.forget_old_runs()
    assert list(RuleRun.objects.all()) == [kept]


def test_the_address_of_a_program_is_known_to_the_rule_only(opened: Open, program: Any, maja: User) -> None:
    url, heard, _answers = program
    address = url.replace("/heed", "/s3cret")
    mine = keeping.keep_rule(
        maja,
        Rule(name="Call"),
        {
            "name": "Call",
            "when": ["message_received"],
            "actions": [{"do": "webhook", "url": address}, {"do": "note", "text": "word " * 200}],
        },
    )
    keeping.switch_rule(maja, mine, on=True)
    row = AuditRow.objects.get(what="made", kind="rule")
    assert "127.0.0.1" in row.facts["does"][0]
    assert len(row.facts["does"][1]) < 100
    rules.run_rules([comes(opened())])
    run = RuleRun.objects.get()
    told = [*AuditRow.objects.values_list("facts"), *Event.objects.values_list("data"), run.outcome]
    assert "s3cret" not in str(told)
    call(run)
    assert len(heard) == 1


def test_a_program_that_cannot_be_reached_is_said_without_its_address(opened: Open, program: Any) -> None:
    rule({"do": "webhook", "url": "http://127.0.0.1:1/s3cret"})
    rules.run_rules([comes(opened())])
    call(RuleRun.objects.get(), attempts=jobs.MOST_CALLS)
    run = RuleRun.objects.get()
    assert run.outcome[0]["said"] == webhooks.UNREACHABLE


def test_a_rule_that_calls_another_program_by_now_calls_nobody(opened: Open, program: Any) -> None:
    url, heard, _answers = program
    mine = rule({"do": "webhook", "url": url})
    rules.run_rules([comes(opened())])
    Rule.objects.filter(pk=mine.pk).update(actions=[{"do": "webhook", "url": "https://other.example/x"}])
    call(RuleRun.objects.get())
    assert not heard
    assert RuleRun.objects.get().outcome[0]["said"] == webhooks.CHANGED


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


def test_teams_ask_once_for_all_members(
    maja: User, returns: Team, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        person = User.objects.create_user(f"p{number}@acme.example", name=f"Person {number}")
        Membership.objects.create(team=returns, user=person)
    with django_assert_max_num_queries(8):
        (team,) = reach.teams(maja)
    assert len(team.people) == 10
