"""To whom an answer goes by mail: the page names those whom the mail will be sent to."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.base import Answer
from heed.channels.email.tests.sample import ACCOUNT, body
from heed.channels.email.writing import composed
from heed.channels.models import Account
from heed.inbox import intake, ledger, outgoing, verbs
from heed.inbox.models import Identity, Message, Ticket
from heed.lib import clock
from heed.web.tests import cast


@pytest.fixture
def box(db: None) -> Account:
    made = Account(network="email", name="Acme", external_id="help@acme.example", state="connected")
    made.credentials = {**ACCOUNT.credentials}
    made.save()
    return made


def mailed(box: Account, sender: str, **headers: str) -> Message:
    """A mail comes; with the same subject it goes into the same ticket."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "help@acme.example", "Parcel"
    mail["Message-ID"] = f"<{Message.objects.count()}.{sender}>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Where is it?")
    ledger.append(box.pk, [body(mail.as_bytes())])
    while intake.take_batch():
        pass
    made = Message.objects.latest("pk")
    Message.objects.filter(pk=made.pk).update(at=clock.now())  # the letter has a date of its own
    return made


def shown(page: Client, ticket: Ticket) -> tuple[list[str] | None, dict[int, list[str]]]:
    """What the page says of an answer, and of one to each message."""
    text = page.get(f"/tickets/{ticket.number}/", follow=True).content.decode()
    tabs = {
        found[1]: json.loads(unescape(found[2]))
        for found in re.finditer(r'data-way="(\w+)" data-facts="([^"]*)"', text)
    }
    assert tabs["note"]["receivers"] is None
    replies = re.finditer(r'data-reply-to="(\d+)"[^>]*data-receivers="([^"]*)"', text)
    each = {int(found[1]): json.loads(unescape(found[2])) for found in replies}
    return tabs["private"]["receivers"], each


def sent(box: Account, ticket: Ticket, ana: User, to: int | None = None) -> list[str]:
    """To whom the mail is addressed."""
    answer: Answer = outgoing.answer_of(verbs.answer(ticket, ana, "On its way.", "private", to=to))
    mail = message_from_bytes(composed(box.record(), answer), policy=policy.default)
    return [each.addr_spec for name in ("To", "Cc") if mail[name] for each in mail[name].addresses]


def test_the_page_names_whom_the_mail_goes_to(page: Client, ana: User, box: Account) -> None:
    copies = "omar.badr@mail.example, tuya@mail.example, help@acme.example"
    first = mailed(box, "lea.marn@mail.example", Cc=copies, Reply_To="lea@home.example")
    ticket = first.ticket
    wanted = ["lea@home.example", "omar.badr@mail.example", "tuya@mail.example"]
    assert shown(page, ticket) == (wanted, {first.pk: wanted})
    assert sent(box, ticket, ana) == wanted
    second = mailed(box, "omar.badr@mail.example", In_Reply_To="<0.lea.marn@mail.example>")
    assert second.ticket == ticket
    assert shown(page, ticket) == (
        ["omar.badr@mail.example"],
        {first.pk: wanted, second.pk: ["omar.badr@mail.example"]},
    )
    assert sent(box, ticket, ana) == ["omar.badr@mail.example"]
    assert sent(box, ticket, ana, to=first.pk) == wanted


def test_in_a_chat_only_what_is_mailed_names_somebody(page: Client, ana: User, box: Account) -> None:
    chat = cast.account("site", "Acme shop")
    ticket = cast.ticket(chat, "Lea Marn", "Where is it?")
    (asked,) = ticket.messages.all()
    assert shown(page, ticket) == ([], {asked.pk: []})
    omar = cast.ticket(box, "Omar Badr", "Hello").identity
    Identity.objects.filter(pk=omar.pk).update(external_id="omar.badr@mail.example")
    his = cast.said(ticket, "I am her brother.", identity=omar)
    Message.objects.filter(pk=his.pk).update(account=box)
    wanted = ["omar.badr@mail.example"]
    assert shown(page, ticket) == (wanted, {asked.pk: [], his.pk: wanted})
    assert b"as <bdi>Acme</bdi>" in page.get(f"/tickets/{ticket.number}/", follow=True).content
    assert sent(box, ticket, ana) == wanted
