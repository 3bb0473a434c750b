"""A lead sets when somebody is there, what is promised, and what is said meanwhile."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.accounts.models import User
from heed.lib import clock
from heed.routing.models import AutomaticMessage, Policy
from heed.tests.looks import DARK, LIGHT, PHONE, Look, serious, take_on
from heed.web.tests import cast

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("HEED_SHOTS", "")


@pytest.fixture
def maja(transactional_db: None) -> User:
    return cast.maja()


def shot(page: Page, name: str) -> None:
    """A picture for whoever wants to look (`HEED_SHOTS` names the folder)."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def type_into(page: Page, label: str, text: str) -> None:
    """With the keyboard only."""
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def test_hours_targets_and_the_away_message_by_keyboard(visit: Any, maja: User) -> None:
    cast.account()
    page = visit(maja, "/settings/hours/")
    shot(page, "hours-empty")
    page.get_by_role("link", name="Set your hours").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".example")).to_contain_text("there:")
    type_into(page, "Name", "Desk")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        type_into(page, day, "0:00-24:00")
    for day in ("Saturday", "Sunday"):
        type_into(page, day, "0:00–24:00")
    expect(page.locator(".example")).to_contain_text("Open around the clock.")
    type_into(page, "Monday", "9 to 5")
    expect(page.locator(".example")).to_contain_text("Once these times can be read")
    type_into(page, "Monday", "0-24")
    expect(page.locator(".example")).to_contain_text("Open around the clock.")
    shot(page, "hours-form")
    assert serious(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Desk")).to_be_visible()
    assert serious(page) == []

    page.goto(page.url.replace("hours", "targets/new"))
    type_into(page, "Name", "All customers")
    type_into(page, "First reply within", "2")
    expect(page.locator(".example")).to_contain_text("Acme on Facebook")
    shot(page, "target-form")
    assert serious(page) == []
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("First reply: 2 hours")).to_be_visible()
    shot(page, "targets")
    assert serious(page) == []
    assert Policy.objects.get().first_reply == 7200

    page.goto(page.url.replace("targets", "automatic/away/0"))
    type_into(page, "English", "Hello {first_name}, we are back {next_opening}.")
    page.get_by_label("Send it").check()
    expect(page.locator(".example")).to_contain_text("Hello Lea, we are back")
    shot(page, "automatic-form")
    assert serious(page) == []
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".example").first).to_contain_text("Hello Lea")
    shot(page, "automatic")
    assert serious(page) == []
    assert AutomaticMessage.objects.get().on


@pytest.mark.parametrize(("language", "looks"), [("en", [DARK, PHONE]), ("ar", [LIGHT])])
def test_the_pages_of_time_look_right(visit: Any, maja: User, language: str, looks: list[Look]) -> None:
    page = visit(maja, "/settings/hours/new/", language=language)
    expect(page.locator(".example")).to_be_visible()
    for path in ("hours/new", "targets/new", "automatic/away/0", "automatic"):
        page.goto(page.url.split("/settings/")[0] + f"/settings/{path}/")
        for look in looks:
            take_on(page, look)
            assert serious(page) == [], (path, look)
            shot(page, f"{path.replace('/', '-')}-{language}-{look[0]}-{look[1][0]}")
            assert not page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )


def test_a_ticket_says_when_it_is_due(visit: Any, maja: User) -> None:
    account = cast.account()
    late = cast.ticket(account, "Lea Marn", "Where is my order?")
    soon = cast.ticket(account, "Omar Badr", "Which size?")
    now = clock.now()
    type(late).objects.filter(pk=late.pk).update(due_at=now - timedelta(minutes=5), due_for="first_reply")
    type(soon).objects.filter(pk=soon.pk).update(due_at=now + timedelta(minutes=90), due_for="next_reply")
    page = visit(maja, f"/inbox/all/{late.pk}/")
    expect(page.locator("#head .due")).to_contain_text("First reply: overdue")
    expect(page.locator(f"#t{soon.pk} .due")).to_contain_text("Next reply: due in")
    shot(page, "due")
    assert serious(page) == []
