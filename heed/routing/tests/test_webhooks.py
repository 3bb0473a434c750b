"""Rules that call another program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.test import override_settings

from heed.accounts.models import AuditRow, User
from heed.inbox.models import Event
from heed.lib.loopback import Loopback
from heed.routing import jobs, keeping, rules, webhooks
from heed.routing.models import Rule, RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import comes, rule

pytestmark = pytest.mark.django_db


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

    with Loopback(Ear) as server:
        yield f"{server.url}/heed", heard, answers


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
    assert "127.0.0.1" in row.facts["after"]["does"][0]
    assert len(row.facts["after"]["does"][1]) < 100
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
