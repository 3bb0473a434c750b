"""Edits that a network tells of, in whatever order they come."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import pytest

from heed.channels.base import KindFound, MessageEdited, MessageRemoved, WordsFound
from heed.channels.models import Account
from heed.inbox.models import Event, Message
from heed.inbox.tests.deliveries import at, comment, news, private
from heed.inbox.tests.rubber import Rubber

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


def test_edit_and_removal_keep_what_stood_there(account: Account) -> None:
    news(account, comment("1"), MessageEdited(external_id="1", at=at(2), text="second"))
    news(account, MessageEdited(external_id="1", at=at(1), text="first edit, late"))
    news(account, MessageRemoved(external_id="1", at=at(5)))
    message = Message.objects.get()
    assert (message.text, message.edited_at, message.removed_at) == ("second", at(2), at(5))
    assert [each.text for each in message.revisions.order_by("at")] == [
        "words of 1",
        "first edit, late",
        "second",
    ]


def test_an_edit_in_the_same_second_counts(account: Account) -> None:
    news(account, comment("1"), MessageEdited(external_id="1", at=at(0), text="better"))
    news(account, MessageEdited(external_id="1", at=at(0), text="best"))
    message = Message.objects.get()
    assert (message.text, [each.text for each in message.revisions.order_by("at", "id")]) == (
        "best",
        ["words of 1", "better", "best"],
    )


def test_what_a_comment_turns_out_to_be(account: Account) -> None:
    found = KindFound(external_id="1", kind="mention", refs={"mentioned": "comment"})
    news(account, comment("1", refs={"media": "7"}), found, found)
    message = Message.objects.get()
    assert (message.kind, message.refs) == ("mention", {"media": "7", "mentioned": "comment"})


def test_looked_up_words_are_no_edit(account: Account) -> None:
    news(account, comment("1", text=""), WordsFound(external_id="1", text="what it said"))
    message = Message.objects.get()
    assert (message.text, message.edited_at, message.ticket.last_text) == (
        "what it said",
        None,
        "what it said",
    )
    news(account, WordsFound(external_id="1", text="something else"))
    assert Message.objects.get().text == "what it said"
