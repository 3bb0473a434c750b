"""What browser tests look for in the inbox, and a customer who writes meanwhile."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from playwright.sync_api import Page

from heed.inbox import events
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.web.tests import cast

HALF = "Dear Lea, I am just look"


def customer_writes(ticket: Ticket, text: str) -> None:
    """News from the network, as the intake tells of it."""
    with transaction.atomic():
        message = cast.said(ticket, text)
        Ticket.objects.filter(pk=ticket.pk).update(last_at=message.at, last_text=text)
        events.record("message_received", ticket=ticket, message=message, at=clock.now())


def bubble_of(page: Page, text: str) -> Any:
    """Our message as the server shows it, not the one that stands in for it while it is on its way."""
    return page.locator("#log :is(.msg.out, .note):not(.sending-now)", has_text=text)


def field(page: Page) -> Any:
    return page.locator("#composer textarea")
