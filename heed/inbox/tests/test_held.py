"""Who holds what, and in which order: a ticket before its messages, and several by their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from heed.channels.models import Account
from heed.inbox import receipts
from heed.inbox.models import Message
from heed.inbox.tests.test_merging import two

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
