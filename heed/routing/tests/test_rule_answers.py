"""What rules say to customers."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.inbox.models import Message, Ticket
from heed.lib import clock
from heed.library.models import QuickText
from heed.routing import actions, rules
from heed.routing.models import RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import comes, fresh, rule

pytestmark = pytest.mark.django_db


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


def test_many_are_answered_with_little_more_than_the_sending(opened: Open) -> None:
    QuickText.objects.create(name="hello", title="Hello", text="Hello {first_name}!", language="")
    rule({"do": "answer_quick_text", "quick_text": "hello"})
    counts: list[Counter[str]] = []
    for size in (2, 5):
        tickets = [opened() for _n in range(size)]
        Ticket.objects.update(last_private_in=clock.now())
        Message.objects.update(at=clock.now())
        with CaptureQueriesContext(connection) as asked:
            rules.run_rules([comes(each) for each in tickets])
        assert Message.objects.filter(ticket__in=tickets, direction="out").count() == size
        counts.append(
            Counter(table for each in asked for table in _READ_ONCE if f'FROM "{table}"' in each["sql"])
        )
    assert counts[0] == counts[1]
    assert counts[0]["library_quicktext"] == 1


_READ_ONCE = ("library_quicktext", "routing_hours", "routing_scheduleplace", "routing_schedule")
