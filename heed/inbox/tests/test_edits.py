"""Edits that a network tells of, in whatever order they come."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import pytest

from heed.channels.base import MessageEdited
from heed.channels.models import Account
from heed.inbox.models import Event, Message
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_intake import at, news, private

pytestmark = pytest.mark.django_db


def edit(at: datetime, text: str) -> MessageEdited:
    return MessageEdited(external_id="1", at=at, text=text)


A, B = edit(at(3), "A"), edit(at(2), "B")


@pytest.mark.parametrize("order", list(permutations((A, A, B, edit(at(1), "A")))))
def test_edits_may_come_in_any_order(
    account: Account, rubber: Rubber, order: tuple[MessageEdited, ...]
) -> None:
    """Also those that change nothing when they come: A was said, then A, B and A again."""
    news(account, private("1", text="A"))
    for each in order:
        news(account, each)
    message = Message.objects.get()
    assert (message.text, message.edited_at) == ("A", at(3))
    assert [each.text for each in message.said_before] == ["A", "B"]


def test_an_edit_that_changes_nothing_is_none(account: Account, rubber: Rubber) -> None:
    news(account, private("1", text="A"), A, edit(at(4), "A"))
    message = Message.objects.get()
    assert (message.edited_at, message.said_before) == (None, [])
    assert not Event.objects.filter(kind="message_edited").exists()
    news(account, edit(at(5), "C"))
    message.refresh_from_db()
    assert (message.text, [each.text for each in message.said_before]) == ("C", ["A"])
