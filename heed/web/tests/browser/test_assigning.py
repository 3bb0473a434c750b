"""Giving tickets to one of many, by keyboard and by finger."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import Team
from heed.accounts.verbs import ensure_person
from heed.inbox import verbs
from heed.inbox.models import Ticket
from heed.tests.looks import serious

pytestmark = pytest.mark.browser


@pytest.fixture
def crowd(lea: Ticket) -> None:
    for name in ("Maja Zupan", "Žan Čuk", "Fatima Nour", "Өлзий Бат"):
        ensure_person(f"{len(name)}{name[0].encode().hex()}@acme.example", name)
    Team.objects.create(name="Returns")


@pytest.mark.usefixtures("crowd")
def test_a_few_letters_find_a_colleague(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    keys, menu = page.keyboard, page.locator("#assignee")
    field = menu.get_by_label("Find a person or team")
    keys.press("a")
    expect(field).to_be_focused()
    expect(menu.locator(".list button").first).to_contain_text("Ana Kovač")
    assert serious(page) == []
    keys.type("maj")
    expect(menu.locator(".list button:visible")).to_have_count(1)
    verbs.set_priority(lea, people[1], 4)  # a live update leaves the open menu alone
    expect(page.locator("#log")).to_contain_text("set the priority to")
    expect(field).to_have_value("maj")
    expect(field).to_be_focused()
    keys.press("Enter")
    expect(menu).to_contain_text("Assigned to Maja Zupan")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()


@pytest.mark.usefixtures("crowd")
def test_the_arrows_go_through_what_is_left_and_letters_go_on(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    keys, menu = page.keyboard, page.locator("#assignee")
    field = menu.get_by_label("Find a person or team")
    keys.press("a")
    expect(menu.locator(".list button").first).to_be_visible()
    keys.press("ArrowDown")
    expect(menu.locator(".list button").first).to_be_focused()
    keys.type("zzz")
    expect(menu.get_by_text("Nobody here is called so.")).to_be_visible()
    field.fill("zan cuk")  # without its marks
    expect(menu.locator(".list button:visible")).to_have_count(1)
    field.fill("retu")
    keys.press("Enter")
    expect(menu.locator(".team")).to_have_text("Returns")
    keys.press("Enter")
    expect(field).to_have_value("")
    keys.press("Escape")
    expect(menu).not_to_have_attribute("open", "")


@pytest.mark.usefixtures("crowd")
def test_on_a_phone_the_list_is_within_the_window(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/", size=(390, 800))
    page.locator("#assignee summary").click()
    expect(page.locator("#assignee .list button").first).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#assignee").get_by_role("button", name="Fatima Nour").click()
    expect(page.locator("#assignee")).to_contain_text("Assigned to Fatima Nour")
