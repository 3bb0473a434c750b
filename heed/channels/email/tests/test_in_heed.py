"""A mailbox inside Heed: from the customer's mail to the answer in their mailbox, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.base import Receipt
from heed.channels.email.tests.sample import body
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.channels.verbs import connect
from heed.inbox import collect, fetch, ledger, news, outbox
from heed.inbox.intake import take_batch
from heed.inbox.models import Attachment, Draft, Event, Identity, Message, Ticket
from heed.inbox.reactions import react
from heed.inbox.verbs import answer
from heed.inbox.verbs.automatic import MOST
from heed.routing import desk_hours
from heed.routing.desk_hours import Place
from heed.routing.models import AutomaticMessage
from heed.sandbox import Sandbox
from heed.sandbox.networks.email import Email

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def email(settings: Any, tmp_path: Path) -> Iterator[Email]:
    settings.MEDIA_ROOT = str(tmp_path)
    with Sandbox(seed=1) as sandbox:
        found = sandbox["email"]
        assert isinstance(found, Email)
        yield found


@pytest.fixture
def account(email: Email) -> Account:
    account = connect("email", "", "", email.accounts()[0].credentials)
    check_account(account.pk)
    account.refresh_from_db()
    return account


@pytest.fixture
def ana(account: Account) -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


def gather(account: Account) -> None:
    collect.collect(account.pk)
    take_batch()
    news.apply_parked()


def answered(account: Account, ana: User, text: str) -> Message:
    ticket = Ticket.objects.get()
    message = answer(ticket, ana, text, "private")
    outbox.send_next(ticket.pk)
    gather(account)
    message.refresh_from_db()
    return message


def test_connected_and_read_from_then_on(account: Account, email: Email) -> None:
    assert (account.state, account.external_id, account.name) == ("connected", "help@acme.example", "Acme")
    email.do("message", person="lea", text="Kje je moj paket?", picture="boot")
    gather(account)
    message = Message.objects.get()
    assert (message.text, Ticket.objects.get().unanswered) == ("Kje je moj paket?", True)
    fetch.files_of(message.pk)
    picture = Attachment.objects.get()
    assert (picture.state, picture.mime) == ("kept", "image/png")


def test_an_answer_and_what_follows_stay_one_ticket(account: Account, email: Email, ana: User) -> None:
    email.do("message", person="lea", text="Kje je moj paket?")
    gather(account)
    sent = answered(account, ana, "Na poti je.")
    assert sent.state == "sent"
    assert [line.text for line in email.scene("lea").lines() if line.ours] == ["Na poti je."]
    email.do("message", person="lea", text="Hvala!")
    email.do("answer_elsewhere", person="lea", text="Malenkost.")
    gather(account)
    told = Message.objects.order_by("pk").values_list("direction", "text", "author__email")
    assert list(told) == [
        ("in", "Kje je moj paket?", None),
        ("out", "Na poti je.", "ana@acme.example"),
        ("in", "Hvala!", None),
        ("out", "Malenkost.", None),
    ]
    assert Ticket.objects.count() == 1


def test_mail_that_comes_back_fails_the_answer_and_opens_no_ticket(
    account: Account, email: Email, ana: User
) -> None:
    email.do("message", person="lea", text="Kje je moj paket?")
    gather(account)
    email.do("leave", person="lea")
    failed = answered(account, ana, "Na poti je.")
    assert (failed.state, failed.reason) == ("failed", "unreachable")
    assert "No such user here" in failed.detail
    assert Draft.objects.get().text == "Na poti je."
    assert (Ticket.objects.count(), Identity.objects.get().reachable) == (1, False)
    email.do("join", person="lea")
    email.clock.move(2)  # mailboxes tell seconds only
    email.do("message", person="lea", text="Tu sem spet.")
    gather(account)
    assert Identity.objects.get().reachable


@pytest.mark.parametrize(("gone", "state"), [("omar", "sent"), ("lea", "failed")])
def test_a_copy_that_comes_back_is_a_remark(
    account: Account, email: Email, ana: User, gone: str, state: str
) -> None:
    email.do("message", person="lea", text="Za brata tudi", cc="omar")
    gather(account)
    email.do("leave", person=gone)
    sent = answered(account, ana, "Na poti je.")
    assert sent.state == state
    lost = {"omar.badr@mail.example": "5.1.1 550 5.1.1 No such user here"} if gone == "omar" else None
    assert sent.refs.get("lost_copies") == lost
    assert Draft.objects.exists() == (state == "failed")


def test_a_report_that_overtakes_its_answer_knows_copies_too(
    account: Account, email: Email, ana: User
) -> None:
    email.do("message", person="lea", text="Za brata tudi", cc="omar")
    gather(account)
    sent = answered(account, ana, "Na poti je.")
    Message.objects.filter(pk=sent.pk).update(refs={}, external_id="", state="sending")
    omar = "omar.badr@mail.example"
    news.apply(account, Receipt(state="failed", at=sent.at, key=str(sent.send_key), receiver=omar))
    assert Message.objects.get(pk=sent.pk).state == "sending"


@pytest.mark.parametrize(("peer", "most"), [("away", 1), ("robot", MOST)])
def test_two_machines_stop(account: Account, email: Email, peer: str, most: int) -> None:
    """One that minds what it gets, and one that answers everything and never says that it is a machine."""
    maja = ensure_person("owner@acme.example", "Maja Zupan", role="owner")
    AutomaticMessage.objects.create(kind="away", texts={"en": "We are away."}, again_after=0)
    desk_hours.keep(None, maja, name="Desk", zone="UTC", week=[[]] * 7, holidays=[], places=[Place()])
    email.do(peer, person="sam")
    email.clock.move(2)  # mailboxes tell seconds only: not before the desk was closed
    email.do("message", person="sam", text="Where is it?")
    for _ in range(MOST + 5):
        gather(account)
        react(list(Event.objects.filter(kind="message_received").values_list("pk", flat=True)))
        outbox.send_next(Ticket.objects.get().pk)
    ours = [each["raw"] for each in email.seen()["sam"]]
    assert len(ours) == most
    assert all("Auto-Submitted: auto-replied" in raw for raw in ours)
    assert Ticket.objects.get().unanswered


def test_who_writes_in_our_name_answers_nobody(email: Email, account: Account, ana: User) -> None:
    email.do("message", person="lea", text="Kje je paket?")
    gather(account)
    lea = Identity.objects.get().external_id
    for sender in (lea, "oto@mail.example", account.external_id):
        lines = [
            f"From: <{sender}>",
            f"To: <{lea}>",
            f"Bcc: <{account.external_id}>",
            f"Message-ID: <heed.{uuid4()}@acme.example>",
            "",
            "Your money is lost.",
        ]
        ledger.append(account.pk, [body("\r\n".join(lines).encode())])
    while take_batch():
        pass
    news.apply_parked()
    assert not Message.objects.filter(direction="out").exists()
    assert Ticket.objects.get(identity__external_id=lea).unanswered
