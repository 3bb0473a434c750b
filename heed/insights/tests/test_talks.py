"""Which private messages count, and as whose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed
from heed.channels.models import Account
from heed.inbox.models import Ticket
from heed.insights import talks as module
from heed.insights.talks import talks
from heed.insights.tests.test_service import LATER, say, write

pytestmark = pytest.mark.django_db


def test_whose_words_they_are(account: Account, ana: User, maja: User) -> None:
    ticket = write(account, "a", 0)
    say(ticket, 1, None, origin="away", automatic=True)
    say(ticket, 2, None, origin="bot")
    say(ticket, 3, ana)
    say(ticket, 4, ana, state="failed")
    say(ticket, 5, ana, visibility="note", state="noted")
    say(ticket, 6, ana, visibility="public")
    lines, cut = talks(maja, account, LATER)
    assert sorted((line.at, line.by) for line in lines) == [
        (ticket.opened_at + timedelta(minutes=minutes), by)
        for minutes, by in enumerate(("customer", "automatic", "bot", "person"))
    ]
    assert cut is False
    assert talks(maja, account, ticket.opened_at - timedelta(minutes=1)) == ([], False)


def test_the_newest_count(account: Account, ana: User, maja: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = write(account, "a", 0)
    say(ticket, 1, ana)
    monkeypatch.setattr(module, "MOST_LINES", 1)
    lines, cut = talks(maja, account, LATER)
    assert ([line.by for line in lines], cut) == (["person"], True)


def test_spam_and_what_one_may_not_see_do_not_count(account: Account, ana: User, maja: User) -> None:
    write(account, "a", 0)
    with pytest.raises(NotAllowed):
        talks(ana, account, LATER)
    Ticket.objects.update(spam=True)
    assert talks(maja, account, LATER) == ([], False)
