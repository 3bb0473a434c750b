"""Changing what we said: how long it may be, which of two changes stands, and what the network says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Limit
from heed.channels.models import Account
from heed.channels.telegram.adapter import Telegram
from heed.inbox.models import Message, Revision, Ticket
from heed.inbox.possible import actions
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_guard import PLAIN, can
from heed.inbox.tests.test_intake import news, private
from heed.lib import clock

pytestmark = pytest.mark.django_db

CAPTION = replace(PLAIN, caption=Limit("chars", 10))


@pytest.fixture
def ticket(account: Account, rubber: Rubber) -> Ticket:
    can(rubber, CAPTION, on_private_ours=frozenset({"edit"}))
    news(account, private("1"))
    return Ticket.objects.get()


def said(ticket: Ticket, text: str, **facts: Any) -> Message:
    known = {"account_id": ticket.account_id, "visibility": "private", "external_id": "o", "state": "sent"}
    return Message.objects.create(ticket=ticket, direction="out", text=text, **{**known, **facts})


@pytest.mark.parametrize(
    ("text", "file", "was", "most"),
    [
        ("short", False, "", 100),
        ("short", True, "", 10),
        ("", True, "", 10),
        ("much too long for that", True, "", 100),
        ("short now", True, "much too long for that", 100),
        ("shorter", True, "short", 10),
    ],
)
def test_under_a_file_a_text_stays_short(ticket: Ticket, text: str, file: bool, was: str, most: int) -> None:
    message = said(ticket, text)
    if file:
        message.attachments.create(kind="image", name="a.png")
    if was:
        now = clock.now()
        for at, each in ((now, text), (now - timedelta(minutes=1), was)):
            Revision.objects.create(message=message, at=at, text=each)
    (edit,) = actions(message)
    assert [limit.most for limit in edit.limits] == [most]


def test_telegram_says_how_much_stands_under_a_file() -> None:
    writing = Telegram.capabilities.private
    assert writing is not None
    assert writing.caption == Limit("utf16", 1024)
