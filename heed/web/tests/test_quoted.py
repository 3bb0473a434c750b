"""What a message quotes stands under its words as a card."""

from __future__ import annotations

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.base import QUOTED
from heed.channels.models import Account
from heed.inbox.models import Attachment, Message, Post, Ticket
from heed.web.tests import cast

LINK = "https://x.example/i/web/status/1"
ORIGINAL = "https://x.example/acme/status/1"


@pytest.fixture
def x() -> Account:
    return cast.account("x", "Acme on X")


@pytest.fixture
def quote(x: Account) -> Ticket:
    """Lea quotes a post."""
    ticket = cast.ticket(x, "Lea Marn", "At last!", post=cast.post(x, "At last!"))
    message = ticket.messages.get()
    message.refs = {QUOTED: {"id": "1", "url": LINK}}
    message.save()
    Attachment.objects.create(message=message, kind="link", url=LINK, state=Attachment.State.LINK)
    return ticket


def card(page: Client, ticket: Ticket) -> str:
    shown = page.get(f"/inbox/all/{ticket.pk}/").content.decode()
    assert f'class="file" href="{LINK}"' not in shown
    return shown.split('aria-label="The quoted post"')[1].split("</article>")[0]


def test_a_post_of_ours(page: Client, ana: User, x: Account, quote: Ticket) -> None:
    Post.objects.create(
        account=x, external_id="1", author_name="Acme", text="We are back.", permalink=ORIGINAL
    )
    shown = card(page, quote)
    assert "<bdi>Acme</bdi>" in shown
    assert "We are back." in shown
    assert f'href="{ORIGINAL}"' in shown
    assert LINK not in shown


def test_an_answer_of_ours(page: Client, ana: User, quote: Ticket) -> None:
    Post.objects.create(account=quote.account, external_id="1")
    other = cast.ticket(quote.account, "Omar Badr", "Where?", post=cast.post(quote.account))
    cast.wrote(other, ana, "In Ljubljana.", external_id="1", permalink=ORIGINAL)
    shown = card(page, quote)
    assert "<bdi>Acme on X</bdi>" in shown
    assert "In Ljubljana." in shown


def test_one_of_which_nothing_is_known_yet(page: Client, ana: User, x: Account, quote: Ticket) -> None:
    assert f'href="{LINK}"' in card(page, quote)
    Post.objects.create(account=x, external_id="1", text="We are back.", removed=True)
    assert "removed" in card(page, quote), "also where the thread was written before"


def test_what_we_quote_ourselves(page: Client, ana: User, x: Account) -> None:
    ticket = cast.ticket(x, "Lea Marn", "Lovely boots", post=cast.post(x))
    asked = Message.objects.get(ticket=ticket)
    cast.wrote(ticket, ana, "Thank you!", answers=asked, manner={"quote": True, "chosen": True})
    shown = card(page, ticket)
    assert "<bdi>Lea Marn</bdi>" in shown
    assert "Lovely boots" in shown
