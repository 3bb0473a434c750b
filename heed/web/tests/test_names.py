"""What people are called whom their network does not name, in the reader's language."""

from __future__ import annotations

import pytest
from django.test import Client

from heed.inbox.models import Identity, Message, Ticket
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
