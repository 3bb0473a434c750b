"""Whose a mail is: the person behind a form, behind a machine's name, behind a name of any kind."""

from __future__ import annotations

import pytest

from heed.channels.base import MATTER, MessageReceived
from heed.channels.email.reading import read
from heed.channels.email.tests.sample import ACCOUNT, body


def received(*headers: str, text: str = "Kje je moj paket?") -> MessageReceived:
    raw = "\r\n".join(["To: help@acme.example", "Message-ID: <f1@shop.example>", *headers, "", text])
    (found,) = read(body(raw.encode()), ACCOUNT)
    assert isinstance(found, MessageReceived)
    return found


def writer(*headers: str) -> tuple[str, str]:
    author = received(*headers).author
    assert author is not None
    return author.name, author.external_id


NOBODY = "From: Acme shop <noreply@shop.acme.example>"
LEA = "Reply-To: Lea Marn <lea.marn@mail.example>"


@pytest.mark.parametrize(
    "sender",
    [
        *(NOBODY, "From: no-reply@acme.example", "From: help@acme.example", "Sender: noreply@web.example"),
        "From: WordPress <wordpress@shop.acme.example>",
    ],
)
def test_a_form_in_nobodys_name_is_the_persons_who_filled_it_in(sender: str) -> None:
    found = received(sender, LEA)
    assert found.author is not None
    assert (found.author.name, found.author.external_id) == ("Lea Marn", "lea.marn@mail.example")
    assert (found.opens_window, found.automatic) == (True, False)
    assert {"reply_to", "return_path"}.isdisjoint(found.refs)


@pytest.mark.parametrize("sender", [NOBODY, "From: Lea Marn <lea.marn@mail.example>"])
@pytest.mark.parametrize(
    "replies",
    [
        f"{LEA}, Sales <sales@shop.example>",
        f"{LEA}, noreply@shop.acme.example",
        "Reply-To: noreply@shop.acme.example, lea.marn@mail.example",
        f"{LEA}, help@acme.example",
    ],
)
def test_who_is_among_those_to_be_answered_is_answered(sender: str, replies: str) -> None:
    found = received(sender, replies, "Cc: sales@shop.example")
    assert found.author is not None
    assert (found.author.external_id, "reply_to" in found.refs) == ("lea.marn@mail.example", False)
    assert found.refs["cc"] == ["sales@shop.example"]


@pytest.mark.parametrize(
    "sign",
    ["List-Id: <news.shop.example>", "Auto-Submitted: auto-generated", "Precedence: bulk", "Return-Path: <>"],
)
def test_a_machine_with_a_place_for_answers_stays_one(sign: str) -> None:
    assert received(NOBODY, LEA, sign).automatic


@pytest.mark.parametrize("name", ["MAILER-DAEMON", "postmaster", "bounces+7", "mail-daemon"])
def test_a_mail_server_with_a_place_for_answers_fills_in_no_form(name: str) -> None:
    found = received(f"From: Mail <{name}@shop.example>", LEA)
    assert found.author is not None
    assert (found.author.external_id, found.automatic) == (f"{name.lower()}@shop.example", True)
    assert not found.opens_window


@pytest.mark.parametrize(
    "replies", ["X-No: x", "Reply-To: help@acme.example", "Reply-To: no-reply@shop.example"]
)
def test_nobody_who_names_nobody_is_a_machine(replies: str) -> None:
    assert writer(NOBODY, replies) == ("Acme shop", "noreply@shop.acme.example")
    assert received(NOBODY, replies).automatic


@pytest.mark.parametrize(
    ("headers", "about"),
    [
        ([NOBODY], "f1@shop.example"),
        ([NOBODY, "X-Auto-Response-Suppress: All"], "f1@shop.example"),
        (["From: wordpress@shop.example"], "f1@shop.example"),
        (["From: help@acme.example"], "f1@shop.example"),
        (["From: Shop <help+shop@acme.example>"], "f1@shop.example"),
        (["From: help@acme.example", "X-Heed-Loop: help@acme.example"], ""),
        ([NOBODY, "List-Unsubscribe: <mailto:out@shop.example>"], ""),
        ([NOBODY, "Auto-Submitted: auto-generated"], ""),
        ([NOBODY, "Precedence: bulk"], ""),
        (["From: Lea <lea@mail.example>", "Auto-Submitted: auto-replied"], ""),
        (["From: MAILER-DAEMON@mail.example", "Return-Path: <>"], "form 7"),
        (["From: Lea <lea@mail.example>"], "form 7"),
    ],
)
def test_what_has_to_be_seen_of_what_machines_send_is_a_matter(headers: list[str], about: str) -> None:
    assert received(*headers, "Subject: Re: Form 7").refs.get(MATTER, "") == about


def test_who_writes_in_their_own_name_is_not_whom_they_want_answered() -> None:
    assert writer("From: Sam Cole <sam@mail.example>", LEA) == ("Sam Cole", "sam@mail.example")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana @ Acme", "Ana @ Acme"),
        ("lea@mail.example via Shop", "lea@mail.example via Shop"),
        ("sam@mail.example", ""),
        ('Ana "A" @ Acme', 'Ana "A" @ Acme'),
        ('"Ana @ Acme"', "Ana @ Acme"),
        ('"Kovač, Ana @ Acme"', "Kovač, Ana @ Acme"),
        ("=?utf-8?q?Ana?= @ =?utf-8?q?=C5=BDale?=", "Ana @ Žale"),
        ("Ana (at @cme)", "Ana (at @cme)"),
        ("", ""),
    ],
)
def test_a_name_with_an_at_is_a_name(name: str, shown: str) -> None:
    assert writer(f"From: {name} <sam@mail.example>") == (shown, "sam@mail.example")


def test_names_with_an_at_among_others() -> None:
    given = "a@x.example, Ana @ Acme <b@x.example>, c@x.example; D <d@x.example>, E @ <e@x.example>"
    copies = received("From: <sam@mail.example>", f"Cc: {given}").refs["cc"]
    assert copies == [f"{letter}@x.example" for letter in "abcde"]
