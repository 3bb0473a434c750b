"""Addresses in other letters than Latin ones: the mailbox's own, and customers'."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import MessageReceived, Refusal
from heed.channels.email.tests.sample import ACCOUNT
from heed.channels.email.tests.test_with_sandbox import desk, email, network, received
from heed.channels.email.writing import composed
from heed.channels.tests.contract import Desk
from heed.sandbox.networks.email import Email

__all__ = ["desk", "email"]

OURS, THEIRS = "помощ@пример.бг", "леа.марн@поща.бг"


@pytest.fixture
def abroad(desk: Desk, email: Email) -> Desk:
    """A mailbox whose own address is in another script, which is its user name as well."""
    email.address = OURS
    desk.record = replace(desk.record, credentials={**email.accounts()[0].credentials, "plus": "yes"})
    return desk


def asked(desk: Desk, email: Email, text: str) -> MessageReceived:
    email.do("message", person="lea", text=text)
    return received(desk)[-1]


def heads(email: Email) -> list[str]:
    return [each["raw"].partition("\r\n\r\n")[0] for each in email.seen()["lea"]]


def test_our_own(abroad: Desk, email: Email) -> None:
    assert abroad.run(network.check).external_id == OURS
    question = asked(abroad, email, "Kje je?")
    answer = replace(abroad.answer_to(question, "Tukaj."), way_back="w7")
    sent = abroad.send(answer)
    (head,) = heads(email)
    assert f"From: Acme <{OURS}>" in head
    assert "Reply-To: Acme <помощ+w7@пример.бг>" in head
    assert sent.external_id.endswith("@xn--e1afmkfd.xn--90ae")
    assert isinstance(abroad.run(lambda record: network.find(record, answer)), type(sent))


def test_what_a_machine_of_ours_writes(abroad: Desk, email: Email) -> None:
    question = asked(abroad, email, "Kje je?")
    abroad.send(replace(abroad.answer_to(question, "Nismo tu."), automatic=True))
    (head,) = heads(email)
    assert f"From: Acme <{OURS}>" in head
    assert "Auto-Submitted: auto-replied" in head


def test_a_server_that_does_not_know_it_is_found_at_the_check(abroad: Desk, email: Email) -> None:
    email.room.all_scripts = False
    with pytest.raises(Refusal) as caught:
        abroad.run(network.check)
    assert (caught.value.reason, caught.value.retry) == ("script_refused", False)


def test_a_customers(desk: Desk, email: Email) -> None:
    email.do("move", person="lea", address=THEIRS)
    question = asked(desk, email, "Kje je?")
    assert question.author is not None
    assert question.author.external_id == THEIRS
    desk.send(desk.answer_to(question, "Tukaj."))
    (head,) = heads(email)
    assert f"To: {THEIRS}\r\n" in head
    email.room.all_scripts = False
    with pytest.raises(Refusal) as caught:
        desk.send(desk.answer_to(question, "In tam."))
    assert (caught.value.reason, caught.value.retry) == ("script_refused", False)
    assert len(heads(email)) == 1


def test_long_heads_are_folded_in_every_script(desk: Desk) -> None:
    known = [f"{'a' * 90}{number}@mail.example" for number in range(20)]
    question = desk.customer_writes("private", "Kje je?")
    answer = desk.answer_to(question, "Tukaj.")
    assert answer.to is not None
    answer = replace(answer, to=replace(answer.to, refs={"references": known, "subject": "Dolg " * 40}))
    for person in ("lea@mail.example", THEIRS):
        head = composed(ACCOUNT, replace(answer, person=person)).partition(b"\r\n\r\n")[0]
        assert max(map(len, head.split(b"\r\n"))) < 300
        assert head.count(b"<" + b"a" * 90) == 21
