"""Mailboxes in which something is amiss: mail that is damaged, and mail that goes while it is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from heed.channels.base import Broken, Echo, MessageReceived
from heed.channels.email.tests.test_with_sandbox import desk, email, received
from heed.channels.tests.contract import Desk
from heed.lib import clock
from heed.lib.http import Unreachable
from heed.sandbox.networks.email import Email

__all__ = ["desk", "email"]


WORDS = [
    "[SERVERBUG] Internal error",
    "Server Unavailable. 15",
    "System Error (Failure)",
    "[THROTTLED] later",
]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let minutes pass."""
    real, shift = clock.now, [timedelta(0)]
    monkeypatch.setattr(clock, "now", lambda: real() + shift[0])

    def pass_by(minutes: float) -> None:
        shift[0] += timedelta(minutes=minutes)

    return pass_by


def looked_for(desk: Desk, later: Callable[[float], None], times: int, every: float) -> list[Broken]:
    for _ in range(times):
        desk.gather()
        later(every)
    return [each for each in desk.news if isinstance(each, Broken)]


def texts_of(desk: Desk) -> list[str]:
    return [each.text for each in desk.news if isinstance(each, MessageReceived)]


@pytest.mark.parametrize("hangs_up", [False, True])
@pytest.mark.parametrize(
    "texts",
    [
        ("One", "Damaged", "Two"),
        ("One", "Two", "Damaged"),
        ("Damaged", "Damaged", "One", "Damaged", "Damaged", "Two"),
    ],
)
def test_a_mail_that_the_server_cannot_give_keeps_nothing_back(
    desk: Desk, email: Email, later: Callable[[float], None], texts: tuple[str, ...], hangs_up: bool
) -> None:
    for text in texts:
        email.do("message", person="sam", text=text)
        if text == "Damaged":
            email.do("damage", hangs_up=hangs_up)
    assert looked_for(desk, later, 1, 8) == []
    assert texts_of(desk) == ["One", "Two"]
    email.do("answer_elsewhere", person="sam", text="By hand.")
    broken = looked_for(desk, later, 10, 8)
    assert [each.text for each in desk.news if isinstance(each, Echo)] == ["By hand."]
    assert len(broken) == texts.count("Damaged")
    assert f"does not give out mail {texts.index('Damaged') + 1} of INBOX" in broken[0].error
    assert "Internal error" in broken[0].error
    assert len(looked_for(desk, later, 5, 8)) == len(broken)
    assert texts_of(desk) == ["One", "Two"]


def test_one_mail_alone_is_set_aside(desk: Desk, email: Email, later: Callable[[float], None]) -> None:
    email.do("message", person="sam", text="Damaged")
    email.do("damage")
    assert looked_for(desk, later, 5, 7) == []
    assert len(looked_for(desk, later, 1, 7)) == 1


@pytest.mark.parametrize("words", WORDS)
def test_what_is_refused_for_a_while_is_read_later(
    desk: Desk, email: Email, later: Callable[[float], None], words: str
) -> None:
    for text in ("One", "Later", "Two"):
        email.do("message", person="sam", text=text)
        if text == "Later":
            email.do("damage", words=words)
    assert looked_for(desk, later, 3, 5) == []
    assert texts_of(desk) == ["One", "Two"]
    for mail in email.room.boxes["INBOX"].mails:
        mail.refused = ""
    assert looked_for(desk, later, 10, 5) == []
    assert texts_of(desk) == ["One", "Two", "Later"]


@pytest.mark.parametrize("words", [*WORDS, ""])
@pytest.mark.parametrize("texts", [("One",), ("One", "Two", "Three", "Four", "Five")])
def test_a_server_that_gives_out_nothing_at_all_is_asked_again(
    desk: Desk, email: Email, later: Callable[[float], None], words: str, texts: tuple[str, ...]
) -> None:
    box = email.room.boxes["INBOX"]
    email.do("message", person="sam", text="Before")
    assert looked_for(desk, later, 1, 1) == []
    for text in texts:
        email.do("message", person="sam", text=text)
    for mail in box.mails:
        mail.refused = words or "* BYE FETCH failed"
    for _ in range(8):
        later(10)
        with pytest.raises(Unreachable):
            desk.gather()
    for mail in box.mails:
        mail.refused = ""
    assert looked_for(desk, later, 1, 1) == []
    assert texts_of(desk) == ["Before", *texts]


def test_where_there_is_no_other_mail_several_refusals_are_the_servers_trouble(
    desk: Desk, email: Email
) -> None:
    for text in ("One", "Two"):
        email.do("message", person="sam", text=text)
        email.do("damage", words="Server Unavailable. 15")
    with pytest.raises(Unreachable):
        desk.gather()


def test_a_mail_that_is_moved_away_while_it_is_read_is_none(desk: Desk, email: Email) -> None:
    for text in ("One", "Moved", "Two", "Moved too"):
        email.do("message", person="sam", text=text)
        if "Moved" in text:
            email.do("sort_away")
    assert [each.text for each in received(desk)] == ["One", "Two"]
    email.do("message", person="sam", text="Three")
    assert [each.text for each in received(desk)] == ["One", "Two", "Three"]


def test_a_mailbox_made_anew_whose_first_mails_are_moved_away(desk: Desk, email: Email) -> None:
    for number in range(27):
        email.do("message", person="sam", text=f"Mail {number}")
    assert len(received(desk)) == 27
    email.do("renumber")
    for mail in email.room.boxes["INBOX"].mails[:25]:
        mail.leaving = True
    email.do("message", person="sam", text="New")
    assert received(desk)[-1].text == "New"
