"""From mails to tickets: what belongs together, by whichever sign, and what does not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.email.tests.test_in_heed import account, ana, email, gather
from heed.channels.models import Account
from heed.inbox import outbox
from heed.inbox.models import Message, Ticket
from heed.inbox.verbs import answer
from heed.sandbox.networks.email import Email
from heed.web.story import Said

__all__ = ["account", "ana", "email"]

pytestmark = pytest.mark.django_db(transaction=True)


def written(account: Account, email: Email, person: str, text: str, **facts: Any) -> Message:
    """A customer writes, and it arrives."""
    email.do("message", person=person, text=text, **facts)
    gather(account)
    return Message.objects.order_by("pk").filter(direction="in").last()  # type: ignore[return-value]


def answered(ticket: Ticket, ana: User, text: str) -> Message:
    message = answer(ticket, ana, text, "private")
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert message.state == "sent", message.detail
    return message


def test_a_colleague_in_copy_answers_into_the_ticket(account: Account, email: Email, ana: User) -> None:
    ticket = written(account, email, "lea", "Kje je paket?", cc="omar").ticket
    answered(ticket, ana, "Na poti je.")
    said = written(account, email, "omar", "I do not have it either.")
    assert said.ticket == ticket
    assert said.identity is not None
    assert (said.identity.external_id, ticket.identity.external_id) == (
        "omar.badr@mail.example",
        "lea.marn@mail.example",
    )
    sent = answered(ticket, ana, "It comes today.")  # to whom wrote last
    assert Said(said).another == Said(sent).another == "Omar Badr (omar.badr@mail.example)"
    assert [line.text for line in email.scene("omar").lines() if line.ours][-1] == "It comes today."


def test_two_matters_of_one_person(account: Account, email: Email, ana: User) -> None:
    parcel = written(account, email, "lea", "Kje je paket?", subject="Parcel").ticket
    refund = written(account, email, "lea", "Kje je denar?", subject="Refund").ticket
    assert parcel != refund
    answered(parcel, ana, "Na poti je.")
    assert written(account, email, "lea", "Hvala!").ticket == parcel
    again = written(account, email, "lea", "In še to.", subject="AW: Fwd: refund")
    assert again.ticket == parcel  # what it answers counts before what it is about
    email.do("forget", person="lea")
    assert written(account, email, "lea", "Torej?", subject="AW: Fwd: refund").ticket == refund


@pytest.mark.parametrize("plus", ["yes", ""])
def test_where_a_program_loses_the_thread_the_address_has_it(
    account: Account, email: Email, ana: User, plus: str
) -> None:
    account.credentials = {**account.credentials, "plus": plus}
    account.save()
    parcel = written(account, email, "lea", "Kje je paket?").ticket
    answered(parcel, ana, "Na poti je.")
    email.do("forget", person="lea")
    assert (written(account, email, "lea", "Hvala!", subject="Thanks").ticket == parcel) == bool(plus)
    assert ("\nReply-To:" in email.seen()["lea"][0]["raw"]) == bool(plus)


def test_what_two_people_write_into_one_form_are_two_matters(account: Account, email: Email) -> None:
    for name in ("lea", "sam"):
        raw = f"From: noreply@acme.example\nReply-To: {name}@mail.example\nSubject: Form\n\nKje je?"
        email.do("raw", content=base64.b64encode(raw.encode()).decode())
        gather(account)
        Ticket.objects.filter(identity__external_id="lea@mail.example").update(
            status="solved", unanswered=False
        )
    theirs = Ticket.objects.get(identity__external_id="sam@mail.example")
    assert (theirs.unanswered, theirs.messages.count(), Ticket.objects.count()) == (True, 1, 2)


def test_an_answer_from_a_mail_program_stands_with_what_it_answers(account: Account, email: Email) -> None:
    parcel = written(account, email, "lea", "Kje je paket?", subject="Parcel")
    written(account, email, "lea", "Kje je denar?", subject="Refund")
    email.do("answer_elsewhere", person="lea", text="Na pošti.", to=parcel.external_id)
    gather(account)
    assert Message.objects.get(direction="out").ticket == parcel.ticket
