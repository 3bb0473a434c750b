"""Who holds what, and in which order: a ticket before its messages, and several by their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from heed.accounts.models import User
from heed.channels.base import (
    Echo,
)
from heed.channels.models import Account
from heed.inbox import news as told
from heed.inbox import receipts
from heed.inbox.models import Message, Ticket
from heed.inbox.news import finding
from heed.inbox.tests.test_intake import at
from heed.inbox.tests.test_merging import two
from heed.inbox.verbs import merging

pytestmark = pytest.mark.django_db

_TAKEN = re.compile(r'(?:UPDATE|SELECT.*?FROM(?=.*FOR UPDATE)) "inbox_(ticket|message)"', re.DOTALL)
"""A statement that locks a row, or writes it."""


@contextmanager
def beside(work: Callable[[str], object]) -> Iterator[None]:
    """Do this after every statement that takes a ticket or message, told which: what another process may
    have committed while this one waited."""

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        taken = _TAKEN.match(sql)
        if taken:
            work(taken[1])
        return done

    with connection.execute_wrapper(watch):
        yield


def test_an_answer_that_moves_to_another_ticket_meanwhile_is_held_with_that_one(account: Account) -> None:
    first, _second = two(account)
    message = Message.objects.get(external_id="b1")
    held: list[str] = []

    def merged(table: str) -> None:
        held.append(table)
        if len(held) == 1:
            Message.objects.filter(pk=message.pk).update(ticket=first)

    with transaction.atomic(), beside(merged):
        row = receipts.locked(message)
    assert row is not None
    assert row.ticket == first
    assert [each for each in held if each == "ticket"] == ["ticket", "ticket"]


def taken_back(*tickets: Ticket) -> Callable[[str], None]:
    """Somebody takes the merges of these tickets back while a ticket is waited for."""
    once: list[str] = []

    def work(table: str) -> None:
        if not once:
            once.append(table)
            Ticket.objects.filter(pk__in=[each.pk for each in tickets]).update(merged_into=None)

    return work


def test_an_answer_outside_stays_with_what_it_answers_when_a_merge_is_taken_back(
    account: Account, ana: User
) -> None:
    first, second = two(account)
    merging.merge(second, first, ana)
    echo = Echo(external_id="e", at=at(5), visibility="public", parent="b1", text="It is sent.")
    with transaction.atomic(), beside(taken_back(second)):
        told.apply(account, echo)
    said = Message.objects.get(external_id="e")
    assert (said.ticket_id, said.home_id) == (second.pk, None)
    first.refresh_from_db()
    assert (first.unanswered, first.outside_until) == (True, None)


def test_where_a_ticket_goes_on_is_looked_at_again_when_it_is_held(account: Account, ana: User) -> None:
    first, second = two(account)
    merging.merge(second, first, ana)
    with transaction.atomic():
        assert finding.held_with_its_end(second) == (second, first)
        with beside(taken_back(second)):
            assert finding.held_with_its_end(second) == (second, second)
