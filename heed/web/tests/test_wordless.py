"""A message without words is named in the reader's language, never by a program's word."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from heed.accounts.models import User
from heed.channels.base import MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import arrivals
from heed.inbox.models import Ticket
from heed.web.tests import cast


@pytest.fixture
def pressed(ana: User) -> Ticket:
    """A customer pressed a button of which the network does not say what stands on it."""
    account: Account = cast.account("wechat", "Acme on WeChat")
    news = MessageReceived(
        external_id="o:1:OPENING_HOURS",
        at=timezone.now(),
        visibility="private",
        kind="postback",
        author=Person("o_lea", "Lea Marn"),
        refs={"payload": "OPENING_HOURS"},
    )
    arrivals.store([arrivals.Arrival(account, news)])
    return Ticket.objects.get()


@pytest.mark.parametrize(("language", "words"), [("en", "Pressed a button"), ("sl", "Pritisk na gumb")])
def test_a_button(page: Client, ana: User, pressed: Ticket, language: str, words: str) -> None:
    page.cookies["heed_language"] = language
    shown = page.get(f"/inbox/all/{pressed.pk}/").content.decode()
    assert "OPENING_HOURS" not in shown
    row, thread = shown.split(f'id="t{pressed.pk}"')[1].split("</li>")[0], shown.split('class="msg ')[1]
    assert f'<p dir="auto">{words}</p>' in row
    assert words in shown.split('<h1 id="main"')[1].split("</h1>")[0]
    assert words in thread.split("</article>")[0]
    assert pressed.subject == "Pressed a button"
