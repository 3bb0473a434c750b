"""People and rights in a real browser: inviting, coming in, roles, and what the pages look like."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts import audit
from heed.accounts.models import Brand, User
from heed.web.tests import cast
from heed.web.tests.browser.test_beside_the_inbox import faults, picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ("people", *(f"settings/{each}" for each in ("roles", "brands", "sign-in", "audit", "tokens")))


@pytest.fixture
def desk(maja: User, ana: User) -> User:
    Brand.objects.create(name="Acme Kids")
    cast.account("facebook", "Acme on Facebook")
    audit.record(maja, "changed", "rule", before="Zips", after="Zips and soles")
    return maja


def test_somebody_is_invited_with_the_keyboard_and_comes_in(visit: Any, desk: User) -> None:
    page = visit(desk, "/people/")
    page.get_by_label("E-mail").focus()
    page.keyboard.type("ivo@acme.example")
    page.keyboard.press("Tab")
    page.keyboard.type("Ivo Horvat")
    page.keyboard.press("Enter")
    link = page.locator("#invitation-link")
    expect(link).to_be_visible()
    address = link.inner_text()
    page.context.clear_cookies()
    page.goto(page.url.split("/people")[0] + address[address.index("/invitation/") :])
    expect(page.get_by_label("Your name")).to_have_value("Ivo Horvat")
    page.get_by_label("Password").fill("seven brown boots")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/**")
    assert User.objects.get(email="ivo@acme.example").rights.may("answer")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ar", "dark")])
def test_the_pages_shut_nobody_out_and_nothing_sticks_out_on_a_phone(
    visit: Any, desk: User, language: str, theme: str
) -> None:
    page = visit(desk, "/people/", language=language, theme=theme)
    home = page.url.split("/people")[0]
    for name in PAGES:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{home}/{name}/")
        picture(page, f"{name.replace('/', '-')}-{language}")
        assert faults(page) == [], name
        page.set_viewport_size({"width": 390, "height": 844})
        picture(page, f"{name.replace('/', '-')}-{language}-phone")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
