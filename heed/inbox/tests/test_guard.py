"""The guard: what composer, API and outbox may do now, and why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import Files, MessageReceived, Person, ReactionChanged, Writing
from heed.channels.models import Account
from heed.inbox import outbox, reach, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.possible_ways import PUBLIC_ONLY
from heed.inbox.tests.deliveries import LEA, at, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import APPROVED, COUNTED, LATE, PLAIN, can, waited, way

pytestmark = pytest.mark.django_db

WINDOWS: list[tuple[Writing, float, bool, str, str]] = [
    # how one may write, hours since the customer wrote, allowed, by which later way, why not
    (PLAIN, 0, True, "", ""),
    (PLAIN, 23.9, True, "", ""),
    (PLAIN, 24, False, "", "outside_window"),
    (PLAIN, 200, False, "", "outside_window"),
    (replace(PLAIN, window=None), 9000, True, "", ""),
    (LATE, 1, True, "", ""),
    (LATE, 24, True, "human_agent", ""),
    (LATE, 167.9, True, "human_agent", ""),
    (LATE, 168, False, "", "outside_window"),
    (COUNTED, 47.9, True, "", ""),
    (COUNTED, 48, False, "", "outside_window"),
    (APPROVED, 25, False, "", "outside_window"),
]


@pytest.mark.parametrize(("writing", "hours", "allowed", "late", "reason"), WINDOWS)
def test_windows(
    account: Account,
    rubber: Rubber,
    monkeypatch: pytest.MonkeyPatch,
    writing: Writing,
    hours: float,
    allowed: bool,
    late: str,
    reason: str,
) -> None:
    can(rubber, writing)
    news(account, private("1"))
    waited(monkeypatch, hours=hours)
    now = way(account)
    assert (now.allowed, now.late.name if now.late else "", now.reason or "") == (allowed, late, reason)
    assert bool(now.sentence) is not allowed


def test_every_opening_message_opens_the_window_again(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber)
    news(account, private("1"), private("2", 600), private("3", 900, opens_window=False))
    assert Ticket.objects.get().window_closes_at == at(600) + timedelta(days=1)
    waited(monkeypatch, hours=33.9)
    assert way(account).allowed
    waited(monkeypatch, hours=34)
    assert not way(account).allowed


def test_what_opens_no_window_may_be_answered_briefly(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber, replace(COUNTED, brief={"postback": (60, 2)}))
    news(account, private("1", kind="postback", opens_window=False))
    ticket = Ticket.objects.get()
    for left in (2, 1):
        waited(monkeypatch, hours=0, seconds=59)
        assert (way(account).sends_left, way(account).closes_at) == (left, at(1))
        verbs.answer(ticket, ana, "hello", "private")
        outbox.send_next(ticket.pk)
    assert way(account).reason == "outside_window"
    assert Message.objects.filter(direction="out", state="sent").count() == 2
    waited(monkeypatch, hours=0, seconds=61)
    news(account, private("2", kind="postback", opens_window=False))
    assert not way(account).allowed


def test_a_reaction_may_open_the_window(account: Account, rubber: Rubber) -> None:
    can(rubber)
    news(account, private("1"))
    thumb = ReactionChanged(target="1", at=at(60), author=LEA, reaction="👍", on=True, opens_window=True)
    news(account, thumb)
    ticket = Ticket.objects.get()
    assert (ticket.last_private_in, ticket.window_closes_at) == (at(60), at(60) + timedelta(days=1))


@pytest.mark.parametrize(
    ("base_url", "public_url", "taken"),
    [
        ("https://graph.facebook.com", "http://127.0.0.1:8000", False),
        ("https://graph.facebook.com", "http://heed.local", False),
        ("https://graph.facebook.com", "https://desk.acme.com", True),
        ("http://127.0.0.1:9000", "http://127.0.0.1:8000", True),
    ],
)
def test_files_that_are_fetched_need_a_public_address(
    account: Account, rubber: Rubber, settings: Any, base_url: str, public_url: str, taken: bool
) -> None:
    files = Files(("image/*",), {"": 1000}, 1, fetched=True)
    can(rubber, replace(PLAIN, window=None, files=files))
    settings.HEED_PUBLIC_URL = public_url
    Account.objects.update(base_url=base_url)
    news(account, private("1"))
    assert (way(account).files is not None, bool(way(account).no_files)) == (taken, not taken)


def test_the_queue_by_closing_window(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(rubber)
    people = [Person(name) for name in ("a", "b", "c", "d", "e")]
    late_first = [private(each.external_id, 50 - 10 * n, each) for n, each in enumerate(people)]
    news(account, *late_first, comment("public", 500), private("old", -60 * 24, Person("z")))
    waited(monkeypatch, hours=2)
    answered = Ticket.objects.get(identity__external_id="c")
    verbs.mark_answered(answered, ana)

    def names(limit: int) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = reach.tickets(ana, "all", order="closing", after=after, limit=limit)
            found += [each.identity.external_id for each in page.items]
            after = page.next
            if not after:
                return found

    expected = ["e", "d", "b", "a", "lea", "c", "z"]
    for limit in (1, 2, 3, 4, 5, 50):
        assert names(limit) == expected


@pytest.mark.parametrize(("written", "help_"), [(comment("1"), PUBLIC_ONLY), (private("1"), "")])
def test_an_account_without_private_messages_says_why(
    account: Account, rubber: Rubber, written: MessageReceived, help_: Any
) -> None:
    can(rubber, None, why_no_private="The app password does not allow it.")
    news(account, written)
    now = way(account)
    assert (now.here, now.allowed, now.reason) == (True, False, "not_allowed")
    assert (now.sentence, now.way_out) == ("The app password does not allow it.", help_)
    can(rubber, None)
    assert not way(account).here


@pytest.mark.parametrize(("kind", "allowed"), [("comment", True), ("review", False)])
def test_private_replies_may_be_for_some_kinds_only(
    account: Account, rubber: Rubber, kind: str, allowed: bool
) -> None:
    can(rubber, private_reply=True, private_reply_to=frozenset({"comment"}))
    news(account, comment("1", kind=kind))
    assert way(account).allowed is allowed


def test_quoting(account: Account, ana: User, rubber: Rubber) -> None:
    can(rubber, quote=True)
    news(account, comment("1"))
    ticket, message = Ticket.objects.get(), Message.objects.get()
    verbs.answer(ticket, ana, "see this", "public", to=message.pk, quote=True)
    outbox.send_next(ticket.pk)
    assert (rubber.sent[0].quote, rubber.sent[0].chosen) == (True, True)
    can(rubber)
    with pytest.raises(verbs.CannotAnswer, match="quoted"):
        verbs.answer(ticket, ana, "see this", "public", to=message.pk, quote=True)


def test_news_of_a_window_outlives_a_solved_ticket(account: Account, ana: User, rubber: Rubber) -> None:
    can(rubber)
    news(account, private("1"))
    verbs.set_status(Ticket.objects.get(), ana, "solved")
    again: MessageReceived = private("2", 30)
    news(account, again)
    assert Ticket.objects.get().window_closes_at == at(30) + timedelta(days=1)
    assert Event.objects.filter(kind="ticket_reopened").count() == 1
