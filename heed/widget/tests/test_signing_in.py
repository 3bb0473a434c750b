"""A nameless visitor signs in on the site: what they wrote goes along, once."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels.models import Account
from heed.inbox.models import Attachment, Delivery, Ticket
from heed.widget.tests.conftest import Visitor, known, react_to_everything, take_in


def test_signing_in_takes_the_nameless_conversation_along(
    lea: Visitor, conversation: Ticket, account: Account
) -> None:
    lea.post("email", {"email": "lea@example.com"})
    signed_in = Visitor(account, known("c1042", email=""), previous=lea.token)
    take_in()
    assert signed_in.texts() == ["Kje je moj paket?", "Že na poti!"]
    assert lea.texts() == []


def test_both_conversations_of_one_person_become_one(
    lea: Visitor, conversation: Ticket, account: Account
) -> None:
    Visitor(account, known("c1042")).write("Včeraj, z računom")
    take_in()
    signed_in = Visitor(account, known("c1042"), previous=lea.token)
    take_in()
    assert sorted(signed_in.texts()) == ["Kje je moj paket?", "Včeraj, z računom", "Že na poti!"]
    signed_in.write("In danes", client="another-device")
    take_in()
    assert "In danes" in signed_in.texts()
    assert Delivery.objects.exclude(state=Delivery.State.DONE).count() == 0


@pytest.mark.parametrize("read_before", [True, False])
def test_what_was_sent_nameless_and_goes_along_is_one_message(
    lea: Visitor, account: Account, read_before: bool
) -> None:
    """The browser heard no answer before its writer signed in."""
    lea.write("Kje je moj paket?", client="never-answered")
    if read_before:
        take_in()
    signed_in = Visitor(account, known("c1042"), previous=lea.token)
    assert signed_in.write("Kje je moj paket?", client="never-answered", was=lea.token).status_code == 201
    take_in()
    assert signed_in.texts() == ["Kje je moj paket?"]
    assert (Ticket.objects.count(), Ticket.objects.get().identity.external_id) == (1, "c1042")


PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.mark.parametrize("heard", [True, False])
def test_a_file_goes_along(lea: Visitor, account: Account, heard: bool) -> None:
    """Heard: the message is in the ledger when its writer signs in, and nobody read it yet."""
    facts: dict[str, Any] = {"client": "with-a-file", "files": [lea.upload(PNG).json()["id"]]}
    if heard:
        lea.write("Poglejte, zadrga!", **facts)
    signed_in = Visitor(account, known("c1042"), previous=lea.token)
    if not heard:
        signed_in.write("Poglejte, zadrga!", **facts, was=lea.token)
    take_in()
    react_to_everything()
    file = Attachment.objects.get()
    assert (file.state, file.mime, file.name) == ("kept", "image/png", "zadrga.png")
    assert signed_in.texts() == ["Poglejte, zadrga!"]


@pytest.mark.parametrize("was", ["nobody", "a known one", "forged"])
def test_what_goes_along_takes_nobody_elses_place(lea: Visitor, account: Account, was: str) -> None:
    omar = Visitor(account, known("c666"))
    omar.write("Od Omarja", client="the-same-id")
    lea.write("Od Lee", client="the-same-id")
    tokens = {"nobody": "", "a known one": omar.token, "forged": f"{lea.token}x"}
    signed_in = Visitor(account, known("c1042"))
    signed_in.write("Moje", client="the-same-id", was=tokens[was])
    take_in()
    assert signed_in.texts() == ["Moje"]


def test_an_outsider_cannot_take_a_conversation_along(
    lea: Visitor, conversation: Ticket, account: Account
) -> None:
    Visitor(account, known("c666"), previous=lea.token[:-1] + "x")
    take_in()
    assert lea.texts() == ["Kje je moj paket?", "Že na poti!"]
