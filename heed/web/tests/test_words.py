"""What the pages say of what the inbox stores, in words that hold."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext, override

from heed.accounts.models import User
from heed.channels.reasons import REASONS
from heed.channels.registry import networks
from heed.inbox import verbs
from heed.inbox.models import Attachment, Event, Ticket
from heed.inbox.news.giving_way import give_way
from heed.web import words
from heed.web.story import words_of
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


def test_what_goes_back_says_why() -> None:
    for why, said in (("rights", "may no longer answer it"), ("access", "can no longer sign in")):
        event = Event(kind="assigned", data={"to": "", "why": why, "had": "Ana & Ivo"})
        with override("en"):
            assert words.what_happened(event) == f"Given back: <bdi>Ana &amp; Ivo</bdi> {said}"


@pytest.mark.parametrize("language", ["sl", "ar", "mn"])
def test_an_admin_is_called_what_the_role_is_called(language: str) -> None:
    with override("en"):
        asked = [reason.way_out for reason in REASONS.values() if "an admin" in str(reason.way_out)]
    assert len(asked) > 3
    with override(language):
        role = gettext("Admin").lower()
        assert [str(each) for each in asked if role not in str(each).lower()] == []


@pytest.mark.parametrize(
    ("language", "mail", "chat"), [("sl", "E-pošta", "Klepet na strani"), ("en", "E-mail", "Site chat")]
)
def test_networks_without_a_proper_name_are_called_in_the_readers_language(
    language: str, mail: str, chat: str
) -> None:
    with override(language):
        assert (str(networks()["email"].label), str(networks()["site"].label)) == (mail, chat)
        assert str(networks()["viber"].label) == "Viber"


def test_what_a_network_names_by_its_kind_alone_is_worded() -> None:
    with override("sl"):
        assert words_of(Attachment(kind="link", text="story", name="story")) == "Zgodba"
        assert words_of(Attachment(kind="link", text="unsupported")).startswith("Nekaj")
        assert words_of(Attachment(kind="link", text="ephemeral")).startswith("Nekaj")
        assert words_of(Attachment(kind="link", name="Our story")) == "Our story"


def test_a_place_has_its_name_and_where_it_is() -> None:
    place = Attachment(kind="location", name="Tromostovje", text="46.0511, 14.5051")
    assert words_of(place) == "Tromostovje, 46.0511, 14.5051"
    assert words_of(Attachment(kind="location", text="46.0511, 14.5051")) == "46.0511, 14.5051"
