"""Searching by keyboard, being told what is wrong, and keeping what one looks for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import User
from heed.inbox.models import SavedView, Ticket
from heed.inbox.reach import saved
from heed.inbox.search import index_everything
from heed.inbox.verbs import saving
from heed.web.tests import cast

pytestmark = pytest.mark.browser


@pytest.fixture
def lea(people: tuple[User, User]) -> Ticket:
    found = cast.a_morning(*people)
    index_everything()
    return found


def test_by_keyboard_from_a_word_to_a_kept_view(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/inbox/mine/")
    box = page.get_by_role("combobox", name="Search all tickets")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("broken zip")
    expect(page.locator("#tickets mark").first).to_have_text("broken")
    expect(page).to_have_url(re.compile(r"/inbox/search/\?q=broken\+zip$"))
    expect(page.locator("#queue h1")).to_contain_text("Search")

    page.keyboard.type(" is:unan")
    choices = page.get_by_role("listbox")
    expect(choices.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "proposals-0")
    page.keyboard.press("Enter")
    expect(box).to_have_value("broken zip is:unanswered ")
    expect(page.locator("#tickets li.ticket")).to_have_count(1)

    page.keyboard.press("Enter")
    expect(page.locator(f"#t{lea.pk} a.name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#log")).to_contain_text("The left boot came with a broken zip")
    expect(page).to_have_url(re.compile(rf"/inbox/search/{lea.pk}/\?q="))

    page.get_by_role("link", name="Keep as a view").click()
    page.get_by_label("Name").fill("Broken zips")
    page.keyboard.press("Enter")
    expect(page.locator("#queue h1")).to_contain_text("Broken zips")
    view = SavedView.objects.get()
    assert view.condition == "broken zip is:unanswered"
    expect(page.locator(f"#saved-{view.pk}")).to_have_text("1")
    expect(page.locator("#sections [aria-current]")).to_contain_text("Broken zips")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_mistake_is_underlined_and_mended(visit: Any, people: Any, lea: Ticket, language: str) -> None:
    page = visit(people[0], "/inbox/open/", language=language)
    page.keyboard.press("/")
    page.keyboard.type("zip is:opne")
    wrong = page.locator(".search .wrong")
    expect(wrong).to_have_text("opne")
    expect(page.locator("#mistake")).to_be_visible()
    box = page.get_by_role("combobox")
    expect(box).to_have_attribute("aria-invalid", "true")
    page.locator("#mistake button").click()
    expect(box).to_have_value(re.compile(r"^zip is:open\s?$"))
    expect(wrong).to_have_count(0)
    expect(page.locator("#tickets mark").first).to_be_visible()


def test_a_number_leads_to_its_ticket(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/inbox/open/")
    page.keyboard.press("/")
    page.keyboard.type(f"#{lea.pk}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/inbox/\w+/{lea.pk}/$"))


def test_a_condition_completes_where_it_is_written_too(visit: Any, maja: User) -> None:
    for path in ("/settings/views/new/", "/settings/rules/new/"):
        page = visit(maja, path)
        field = page.locator("input[name=condition]")
        field.press_sequentially("is:unan")
        expect(page.get_by_role("listbox").get_by_role("option")).to_contain_text("unanswered")
        field.press("ArrowDown")
        field.press("Enter")
        expect(field).to_have_value("is:unanswered ")
        expect(page.get_by_role("listbox")).to_be_hidden()


def test_views_are_put_in_order_by_dragging_and_by_keys(visit: Any, maja: User) -> None:
    for name in ("Zips", "Heels", "Soles"):
        saving.keep_view(maja, name, "is:open")
    page = visit(maja, "/settings/views/")
    handles, names = page.locator(".handle"), page.locator("[data-pk] a").filter(has_not_text="Edit")
    with page.expect_response("**/move/"):
        handles.nth(0).press("ArrowDown")
    expect(names).to_have_text(["Heels", "Zips", "Soles"])
    expect(handles.nth(1)).to_be_focused()
    with page.expect_response("**/move/"):
        handles.nth(2).drag_to(handles.nth(0))
    expect(names).to_have_text(["Soles", "Heels", "Zips"])
    assert [view.name for view in saved.saved_views(maja)] == ["Soles", "Heels", "Zips"]
    page.route("**/move/", lambda route: route.abort())
    handles.nth(0).press("ArrowDown")
    expect(page.locator(".toast")).to_have_text("That did not work. Try again.")
