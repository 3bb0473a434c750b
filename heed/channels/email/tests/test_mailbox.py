"""Mailboxes in which something is amiss: mail that is damaged, and mail that goes while it is read."""

from __future__ import annotations

import pytest

from heed.channels.base import Broken, MessageReceived
from heed.channels.email.tests.test_with_sandbox import desk, email, received
from heed.channels.tests.contract import Desk
from heed.lib.http import Unreachable
from heed.sandbox.networks.email import Email

__all__ = ["desk", "email"]


@pytest.mark.parametrize("hangs_up", [False, True])
@pytest.mark.parametrize(
    "texts", [("One", "Damaged", "Two"), ("Damaged", "One", "Two"), ("Damaged", "Damaged", "One", "Two")]
)
def test_a_mail_that_the_server_cannot_give_keeps_nothing_back(
    desk: Desk, email: Email, texts: tuple[str, ...], hangs_up: bool
) -> None:
    for text in texts:
        email.do("message", person="sam", text=text)
        if text == "Damaged":
            email.do("damage", hangs_up=hangs_up)
    found = desk.gather()
    assert [each.text for each in found if isinstance(each, MessageReceived)] == ["One", "Two"]
    broken = [each for each in found if isinstance(each, Broken)]
    assert len(broken) == texts.count("Damaged")
    assert f"does not give out mail {texts.index('Damaged') + 1} of INBOX" in broken[0].error
    assert "Internal error" in broken[0].error
    assert len(desk.gather()) == len(found)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_server_that_gives_out_nothing_at_all_is_asked_again(
    desk: Desk, email: Email, hangs_up: bool
) -> None:
    for text in ("One", "Two"):
        email.do("message", person="sam", text=text)
        email.do("damage", hangs_up=hangs_up)
    with pytest.raises(Unreachable):
        desk.gather()
    for mail in email.room.boxes["INBOX"].mails:
        mail.refused = ""
    assert [each.text for each in received(desk)] == ["One", "Two"]


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
