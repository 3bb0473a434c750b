"""What the pages say of what the inbox stores, in words that hold."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext, override

from heed.accounts.models import User
from heed.channels.reasons import REASONS
from heed.inbox import verbs
from heed.inbox.models import Event, Ticket
from heed.inbox.news.giving_way import give_way
from heed.web import words
from heed.web.tests import cast


@pytest.mark.django_db
def test_a_solved_ticket_that_another_was_poured_into_says_which(ana: User) -> None:
    account = cast.account()
    lea, omar = cast.ticket(account, "Lea Marn", "Hello?"), cast.ticket(account, "Omar Badr", "Mine, too")
    verbs.set_status(lea, ana, "solved")
    give_way(omar.identity, Ticket.objects.get(pk=lea.pk).identity)
    event = Event.objects.get(kind="ticket_reopened", ticket=lea)
    number = f'<bdi dir="ltr">#{omar.pk}</bdi>'
    with override("en"):
        assert words.what_happened(event) == f"Opened again: {number}, which waits, was merged into it"
    for language in ("sl", "ar", "mn"):
        with override(language):
            assert number in words.what_happened(event)


@pytest.mark.parametrize("language", ["sl", "ar", "mn"])
def test_an_admin_is_called_what_the_role_is_called(language: str) -> None:
    with override("en"):
        asked = [reason.way_out for reason in REASONS.values() if "an admin" in str(reason.way_out)]
    assert len(asked) > 3
    with override(language):
        role = gettext("Admin").lower()
        assert [str(each) for each in asked if role not in str(each).lower()] == []
