"""From the server to tickets and back, through Heed's own ledger, intake and outbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels import verbs as accounts
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.inbox import collect, intake, outbox, unknown, verbs
from heed.inbox.models import Delivery, Message, Ticket
from heed.lib import clock
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault
from heed.sandbox.networks.mastodon import Mastodon

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Shop:
    """The company's account in Heed, and the server it lives on."""

    sandbox: Sandbox
    server: Mastodon
    account: Account
    ana: User

    def gather(self) -> None:
        collect.collect(self.account.pk)
        while intake.take_batch():
            pass

    def answer(self, ticket: Ticket, text: str) -> Message:
        visibility: Any = "public" if ticket.kind == Ticket.Kind.PUBLIC else "private"
        message = verbs.answer(ticket, self.ana, text, visibility)
        outbox.send_next(ticket.pk)
        message.refresh_from_db()
        return message


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Sandbox(seed=1) as sandbox:
        server = sandbox["mastodon"]
        assert isinstance(server, Mastodon)
        account = accounts.connect("mastodon", "", "", server.accounts()[0].credentials, server.url)
        check_account(account.pk)
        account.refresh_from_db()
        yield Shop(sandbox, server, account, User.objects.create(email="ana@acme.example", name="Ana Kovač"))


def test_a_day_at_the_desk(shop: Shop) -> None:
    assert (shop.account.state, shop.account.handle) == ("connected", "acme@mastodon.example")
    shop.server.do("post", text="Zimska kolekcija je tu.")
    comment = shop.server.do("comment", person="lea", text="Katera barva?")["id"]
    shop.server.do("message", person="omar", text="Kje je paket?", picture="boot")
    shop.gather()
    public, private = Ticket.objects.order_by("-kind")
    assert public.post is not None
    assert (public.subject, public.post.text) == ("Katera barva?", "Zimska kolekcija je tu.")
    assert (private.subject, private.post) == ("Kje je paket?", None)

    assert {shop.answer(each, "Pogledam.").state for each in (public, private)} == {"sent"}
    shop.server.do("edit", person="lea", id=comment, text="Katera barva je to?")
    shop.gather()
    question = Message.objects.get(external_id=comment)
    assert question.text == "Katera barva je to?"
    assert {each.text for each in question.revisions.all()} == {"Katera barva?", "Katera barva je to?"}
    shop.server.do("remove", person="lea", id=comment)
    with clock.moved(timedelta(seconds=100)):
        shop.gather()
    question.refresh_from_db()
    assert question.removed_at is not None
    assert Message.objects.filter(direction="out").count() == 2
    assert not Delivery.objects.exclude(state="done").exists()


def test_a_line_that_broke_sends_nothing_twice(shop: Shop) -> None:
    shop.server.do("mention", person="lea", text="Kje je moj paket?")
    shop.gather()
    shop.server.do("forget_keys")
    shop.sandbox.fault("mastodon", Fault("POST /api/v1/statuses", drop="after"))
    ticket = Ticket.objects.get()
    message = shop.answer(ticket, "Na poti je.")
    assert message.state == "unknown"
    with clock.moved(timedelta(seconds=5)):
        unknown.resolve(message.pk)
    with clock.moved(timedelta(seconds=100)):
        shop.gather()
    message.refresh_from_db()
    assert message.state == "sent"
    assert [each["text"] for each in shop.server.seen()["statuses"]] == ["@lea_marn Na poti je."]
    assert Message.objects.filter(direction="out").count() == 1


def test_a_burst_after_silence_is_read_from_its_first_word(shop: Shop) -> None:
    """Nobody had ever written when Heed first asked; then more wrote than one page shows."""
    shop.gather()
    for number in range(50):
        shop.server.do("mention", person="lea", text=f"Kje je paket {number}?")
    shop.gather()
    assert Message.objects.filter(direction="in").count() == 50
