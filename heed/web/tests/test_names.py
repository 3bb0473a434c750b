"""What people are called whom their network does not name, in the reader's language."""

from __future__ import annotations

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.inbox.known import known
from heed.inbox.models import Customer, Identity, Message, Ticket
from heed.web.tests import cast


@pytest.fixture
def visitor(page: Client) -> Ticket:
    page.cookies["heed_language"] = "sl"
    return cast.ticket(cast.account("site"), "Visitor · Triglav boot", "Kje je moj paket?")


def shown(page: Client, ticket: Ticket) -> str:
    return page.get(f"/inbox/all/{ticket.pk}/").content.decode()


@pytest.mark.parametrize("name", ["Visitor", "Visitor · Pohorje"])
def test_who_else_wrote(page: Client, visitor: Ticket, name: str) -> None:
    lea = Identity.objects.create(
        account=visitor.account, customer=visitor.customer, external_id="~2", name=name, handle="lea"
    )
    Message.objects.update(identity=lea)
    text = shown(page, visitor)
    assert f"<bdi>{name.replace('Visitor', 'Obiskovalec')} (lea)</bdi>" in text
    assert "Visitor" not in text


def test_of_whom_the_network_tells_nothing(page: Client, visitor: Ticket) -> None:
    Identity.objects.update(name="", external_id="oVkXM5kQ0aZ-96fa41==")
    text = shown(page, visitor)
    assert text.count("<bdi>Stranka 96fa41</bdi>") == 3, "in the list, in the panel, and under where they are"
    page.post(f"/tickets/{visitor.pk}/block/")
    assert "blokiran(a) <bdi>Stranka 96fa41</bdi>" in shown(page, visitor)
    assert known(visitor, User.objects.get())["name"] == "Visitor · Triglav boot"
    Customer.objects.update(name=str(Identity.objects.get()))
    assert known(Ticket.objects.get(), User.objects.get())["name"] == "", "nobody is greeted so"


def test_a_name_that_looks_like_one_that_was_made_up(page: Client, visitor: Ticket) -> None:
    Identity.objects.update(name="Customer Care")
    Customer.objects.update(name="Customer Care")
    page.post(f"/tickets/{visitor.pk}/block/")
    text = shown(page, visitor)
    assert "blokiran(a) <bdi>Customer Care</bdi>" in text
    assert "Stranka Care" not in text
    assert known(Ticket.objects.get(), User.objects.get())["name"] == "Customer Care"


def test_who_was_blocked(page: Client, visitor: Ticket) -> None:
    page.post(f"/tickets/{visitor.pk}/block/")
    page.delete(f"/tickets/{visitor.pk}/block/")
    text = shown(page, visitor)
    assert "blokiran(a) <bdi>Obiskovalec · Triglav boot</bdi>" in text
    assert "Visitor" not in text


def test_who_was_blocked_though_unknown(page: Client, visitor: Ticket) -> None:
    Identity.objects.update(name="", external_id="?m_1234567")
    page.post(f"/tickets/{visitor.pk}/block/")
    assert "blokiran(a) <bdi>Neznana oseba</bdi>" in shown(page, visitor)
