"""What colleagues do all day, in a real browser against a whole Heed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.inbox.models import Message, Ticket
from heed.web.tests.browser.inbox import bubble_of, field

pytestmark = pytest.mark.browser


def test_open_read_and_reply(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0])
    expect(page).to_have_url(re.compile(r"/inbox/unanswered/$"))
    page.get_by_role("link", name="Lea Marn").click()
    expect(page).to_have_url(re.compile(rf"/inbox/unanswered/{lea.pk}/$"))
    expect(page.locator("#log")).to_contain_text("The left boot came with a broken zip")
    expect(page.locator(f"#t{lea.pk}")).to_have_attribute("aria-current", "true")
    page.get_by_role("tab", name="Reply publicly").click()
    field(page).fill("We are on it, Lea!")
    page.get_by_role("button", name="Send Ctrl").click()
    bubble = bubble_of(page, "We are on it, Lea!")
    expect(bubble).to_have_count(1)
    expect(bubble).to_contain_text("waiting to be sent")
    expect(field(page)).to_have_value("")
    sent = Message.objects.get(text="We are on it, Lea!")
    assert (sent.state, sent.visibility, sent.author) == ("queued", "public", people[0])
    assert Ticket.objects.get(pk=lea.pk).unanswered


def _press_on_a_cyrillic_keyboard(page: Page, key: str, code: str) -> None:
    facts = {"key": key, "code": code, "bubbles": True, "cancelable": True}
    page.evaluate("facts => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', facts))", facts)


def test_by_keyboard_alone(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0])
    expect(page.locator("#tickets .ticket")).to_have_count(5)
    page.keyboard.press("j")
    _press_on_a_cyrillic_keyboard(page, "о", "KeyJ")
    page.keyboard.press("k")
    expect(page.locator(f"#t{lea.pk} .name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#ticket h1")).to_contain_text("Broken zip")
    page.keyboard.press("n")
    expect(page.get_by_role("tab", name="Note")).to_have_attribute("aria-selected", "true")
    page.keyboard.type("ejk r / are letters here")
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "ejk r / are letters here")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(field(page)).to_be_focused()
    page.keyboard.type("Thank you, Lea.")
    page.keyboard.press("Control+Shift+Enter")
    expect(bubble_of(page, "Thank you, Lea.")).to_have_count(1)
    expect(page.locator(f"#t{lea.pk}")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type(f"#{lea.pk}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/inbox/open/{lea.pk}/$"))
    assert not Ticket.objects.get(pk=lea.pk).unanswered


def test_back_and_forward_between_tickets(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0])
    page.get_by_role("link", name="Lea Marn").click()
    expect(page.locator("#ticket h1")).to_contain_text("Broken zip")
    page.get_by_role("link", name="Tuya Bold").click()
    expect(page.locator("#ticket h1")).to_contain_text("хүргэлт")
    page.go_back()
    expect(page.locator("#ticket h1")).to_contain_text("Broken zip")
    expect(page.locator(f"#t{lea.pk}")).to_have_attribute("aria-current", "true")


def test_on_a_phone_each_pane_is_a_page(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], size=(320, 640))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("link", name="Lea Marn").click()
    expect(page.locator("#queue")).to_be_hidden()
    expect(page.locator("#ticket h1")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("#queue")).to_be_visible()
    expect(page.locator("#ticket")).to_be_hidden()


def test_in_arabic_from_right_to_left(visit: Any, people: Any, lea: Ticket) -> None:
    nadia = Ticket.objects.get(identity__name="Nadia Karim")
    page = visit(people[0], f"/inbox/open/{nadia.pk}/", language="ar")
    assert page.locator("html").get_attribute("dir") == "rtl"
    nav, queue, thread = (page.locator(name).bounding_box() for name in (".nav", ".queue", ".thread"))
    assert nav["x"] > queue["x"] > thread["x"]
    field(page).fill("طلبك في الطريق")
    page.keyboard.press("Control+Enter")
    bubble = bubble_of(page, "طلبك في الطريق")
    expect(bubble).to_have_count(1)
    assert bubble.locator(".said").evaluate("said => getComputedStyle(said).direction") == "rtl"
    greeting = page.locator("#log .msg:not(.out)").first.bounding_box()
    answer = bubble.bounding_box()
    assert greeting["x"] + greeting["width"] > answer["x"] + answer["width"]


def test_times_are_told_in_a_language_browsers_do_not_know(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/", language="mn")
    expect(page.locator(f"#t{lea.pk} time")).to_have_text(re.compile(r"^\d+ мин\.?$"))
    expect(page.locator("#log .day")).not_to_contain_text(re.compile("[A-Za-z]"))
    page.locator("#way-private").click()
    expect(page.locator("[data-window]")).to_contain_text("цаг")


def test_a_menu_opens_to_where_there_is_room(visit: Any, people: Any, lea: Ticket) -> None:
    Ticket.objects.filter(pk=lea.pk).update(post=None)  # its first bubble stands at the very top
    page = visit(people[0], "/inbox/unanswered/")
    for link in ("Jan Sever", "Lea Marn"):
        page.get_by_role("link", name=link).click()
        expect(page.locator("#who")).to_contain_text(link)
        bubble = page.locator("#log .msg").first
        bubble.hover()
        bubble.locator("footer summary").click()
        page.wait_for_function(  # a menu is put in its place as soon as it is open
            """items => {
                const [inner, outer] = [items, log].map((each) => each.getBoundingClientRect());
                return inner.top >= outer.top && inner.bottom <= outer.bottom;
            }""",
            arg=bubble.locator(".items").element_handle(),
        )
