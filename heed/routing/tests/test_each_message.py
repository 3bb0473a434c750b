"""Two messages of one ticket that come in together: a rule runs for each, and means that very one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.inbox.models import Event, Message, Ticket
from heed.inbox.statements import run
from heed.lib import clock
from heed.routing import rules, webhooks
from heed.routing.models import RuleRun
from heed.routing.tests.conftest import Open
from heed.routing.tests.some_rules import add, comes, rule

pytestmark = pytest.mark.django_db


def said(ticket: Ticket, name: str, minutes: int, **facts: object) -> Message:
    values: dict[str, object] = {"direction": "in", "visibility": "public", "text": name, "external_id": name}
    at = clock.now() + timedelta(minutes=minutes)
    beside = {"account": ticket.account, "identity": ticket.identity, "ticket": ticket, "at": at}
    return Message.objects.create(**beside, **(values | facts))


def came(message: Message) -> Event:
    event = comes(message.ticket)
    Event.objects.filter(pk=event.pk).update(message=message)
    event.message = message
    return event


def hidden() -> list[int]:
    found = ProcrastinateJob.objects.filter(task_name__contains="act").order_by("pk")
    return [each.args["message"] for each in found if each.args.get("action") == "hide"]


def test_each_of_two_messages_is_hidden_and_no_other(opened: Open) -> None:
    rule({"do": "hide"}, condition="bad")
    ticket, other = opened("bad", kind="public"), opened("bad", kind="public")
    run("DELETE FROM procrastinate_jobs")
    first, second, later = said(ticket, "a", 1), said(ticket, "b", 2), said(ticket, "c", 3)
    alone, newer = said(other, "d", 1), said(other, "e", 2)
    rules.run_rules([came(first), came(second), came(alone)])
    assert hidden() == [first.pk, alone.pk, second.pk]
    assert not {later.pk, newer.pk} & {*hidden()}
    assert RuleRun.objects.filter(ticket=ticket).count() == 2


def test_without_a_public_message_of_its_own_the_newest_is_hidden(opened: Open) -> None:
    rule({"do": "hide"}, when="message_received note_written")
    ticket = opened("bad", kind="public")
    run("DELETE FROM procrastinate_jobs")
    said(ticket, "a", 1)
    newest = said(ticket, "b", 2)
    said(ticket, "c", 3, hidden=True)
    rules.run_rules([came(ticket.messages.get(visibility="private"))])
    assert hidden() == [newest.pk]


def test_what_is_hidden_already_leads_to_nothing(opened: Open) -> None:
    rule({"do": "hide"})
    ticket = opened("bad", kind="public")
    run("DELETE FROM procrastinate_jobs")
    said(ticket, "a", 1)
    rules.run_rules([came(said(ticket, "b", 2, hidden=True))])
    assert hidden() == []
    assert not RuleRun.objects.get().failed


def test_another_program_is_told_of_each(opened: Open) -> None:
    rule({"do": "webhook", "url": "https://other.example/x"})
    ticket = opened()
    first, second = said(ticket, "a", 1), said(ticket, "b", 2)
    rules.run_rules([came(first), came(second)])
    told = [webhooks._facts(each)["message"]["text"] for each in RuleRun.objects.order_by("pk")]
    assert told == ["a", "b"]


def test_a_stop_holds_for_the_message_it_was_about(opened: Open) -> None:
    rule(add("first"), condition="-tag:first", stop=True)
    rule(add("second"))
    ticket = opened()
    rules.run_rules([came(said(ticket, "a", 1)), came(said(ticket, "b", 2))])
    assert Ticket.objects.get(pk=ticket.pk).tags == ["first", "second"]


def test_a_ticket_that_does_not_fit_is_asked_about_once(opened: Open) -> None:
    rule(add("x"), condition="tag:zip")
    ticket = opened()
    batches = [[came(said(ticket, f"{size}-{n}", n)) for n in range(size)] for size in (1, 9)]
    counts = []
    for batch in batches:
        with CaptureQueriesContext(connection) as asked:
            rules.run_rules(batch)
        counts.append(len(asked))
    assert counts[0] == counts[1]
