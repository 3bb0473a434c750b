"""Connecting an account in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import User
from heed.web.tests import cast

pytestmark = pytest.mark.browser


@pytest.fixture
def maja(transactional_db: None) -> User:
    return cast.maja()


def test_only_the_fields_and_buttons_of_the_chosen_way_show(visit: Any, maja: User) -> None:
    page = visit(maja, "/accounts/connect/email/")
    password, client = page.locator("[name=password]"), page.locator("[name=client_id]")
    connect = page.get_by_role("button", name="Connect", exact=True)
    sign_in = page.get_by_role("button", name="Sign in at Google or Microsoft")
    for shown, hidden in ((password, client), (connect, sign_in)):
        expect(shown).to_be_visible()
        expect(hidden).to_be_hidden()
    page.get_by_label("By signing in at Google or Microsoft").check()
    for shown, hidden in ((client, password), (sign_in, connect)):
        expect(shown).to_be_visible()
        expect(hidden).to_be_hidden()
    page.get_by_label("E-mail address").fill("help@acme.example")
    page.get_by_label("Incoming server (IMAP)").fill("imap.gmail.com")
    page.get_by_label("Outgoing server (SMTP)").fill("smtp.gmail.com")
    client.press("Enter")
    expect(client).to_have_attribute("aria-invalid", "true")
    expect(client).to_be_visible()


def test_a_colour_is_picked_or_typed(visit: Any, maja: User) -> None:
    page = visit(maja, "/accounts/connect/site/")
    picked, typed = page.get_by_label("Pick the colour"), page.locator("[name=colour]")
    picked.fill("#aa3300")
    expect(typed).to_have_value("#aa3300")
    typed.fill("0A6")
    expect(picked).to_have_value("#00aa66")
    typed.fill("")
    expect(picked).to_have_value("#0a6b74")
