"""Reports are what machines send. What a person writes about one is a mail like any other."""

from __future__ import annotations

import pytest

from heed.channels.base import Inbound, MessageReceived, Receipt
from heed.channels.email.reading import read
from heed.channels.email.tests.sample import ACCOUNT, body, letter

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
OURS = f"heed.{KEY}@acme.example"
ELSEWHERE = "e1@acme.example"
DAEMON = "From: MAILER-DAEMON@mail.example\nReturn-Path: <>"
COPY = f"\n--- Below is a copy.\n\nMessage-ID: <{OURS}>\nSubject: Re: Paket\n\nHello"


def news(raw: bytes | str) -> list[Inbound]:
    return read(body(raw.encode() if isinstance(raw, str) else raw), ACCOUNT)


def told(head: str, text: str) -> list[Inbound]:
    return news(f"{head}\nTo: help@acme.example\nMessage-ID: <r1@mail.example>\n\n{text}")


def message(found: list[Inbound]) -> MessageReceived:
    (one,) = found
    assert isinstance(one, MessageReceived)
    return one


@pytest.mark.parametrize("name", ["bounce", "bounce-exchange"])
def test_a_bounce_that_a_customer_sends_us_is_their_question(name: str) -> None:
    head, _, parts = letter(name).decode().replace("\r\n", "\n").partition("\n\n")
    mixed = 'Content-Type: multipart/mixed; boundary="rep"'
    person = f"From: Lea <lea@mail.example>\nMessage-ID: <q1@mail.example>\nMIME-Version: 1.0\n{mixed}"
    words = "--rep\nContent-Type: text/plain\n\nWhy do I get this?\n"
    found = message(news(f"{person}\n\n{words}{parts}"))
    assert (found.text[:18], found.automatic) == ("Why do I get this?", False)
    machine = (
        head.replace("multipart/report; report-type=delivery-status", "multipart/mixed") + "\nReturn-Path: <>"
    )
    assert isinstance(news(f"{machine}\n\n{words}{parts}")[0], Receipt)  # a list's footer


def test_a_person_called_postmaster_answers_us() -> None:
    head = f"From: Jan Sever <postmaster@sever.example>\nIn-Reply-To: <{OURS}>"
    found = message(told(head, "It is the 550 model. Which one do you have?"))
    assert (found.automatic, found.answers) == (False, (OURS,))
    away = message(told(f"{head}\nAuto-Submitted: auto-replied", "I am away, call 555 1234."))
    assert away.automatic
    assert message(told("From: postmaster@sever.example", "Your mailbox is nearly full.")).automatic


@pytest.mark.parametrize("name", ["bounce", "bounce-exchange", "bounce-qmail"])
def test_what_comes_back_of_a_mail_sent_elsewhere_is_shown(name: str) -> None:
    receipt, shown = news(letter(name).replace(OURS.encode(), ELSEWHERE.encode()))
    assert isinstance(receipt, Receipt)
    assert receipt.external_ids == (ELSEWHERE,)
    assert isinstance(shown, MessageReceived)
    assert shown.automatic
    assert ELSEWHERE in shown.answers


def test_what_was_read_that_was_sent_elsewhere_is_not() -> None:
    (receipt,) = news(letter("read").replace(OURS.encode(), ELSEWHERE.encode()))
    assert isinstance(receipt, Receipt)


@pytest.mark.parametrize(
    ("head", "text", "state"),
    [
        (DAEMON, "<lea@mail.example>:\nNo mailbox here. (#5.1.1)", "failed"),
        (DAEMON, "550 Unknown user", "failed"),
        (f"{DAEMON}\nX-Failed-Recipients: lea@mail.example", "retry timeout exceeded", "failed"),
        (f"{DAEMON}\nX-Failed-Recipients: lea@mail.example", "451 later: retry timeout exceeded", "failed"),
        (DAEMON, "Connection refused (421 4.4.1), attempts will continue.", ""),
    ],
)
def test_what_machines_say_in_words(head: str, text: str, state: str) -> None:
    assert [each.state for each in told(head, text + COPY) if isinstance(each, Receipt)] == [state] * bool(
        state
    )


def test_what_says_nothing_for_certain_is_shown_beside_the_answer() -> None:
    found = message(told(DAEMON, f"Your mail is late. Delivery attempts will continue for 3 days.{COPY}"))
    assert (found.automatic, found.answers) == (True, (OURS,))
