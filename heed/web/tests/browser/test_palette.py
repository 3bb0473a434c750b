"""Ctrl K, quick texts, guidelines and one's own keys, in a real browser: by keyboard alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.inbox.models import Message, Ticket
from heed.library import verbs
from heed.library.models import QuickText
from heed.tests.looks import serious
from heed.web.tests import cast
from heed.web.tests.browser.inbox import field

pytestmark = pytest.mark.browser


def options(page: Page) -> Any:
    return page.locator("#palette [role=option]")


def test_from_the_inbox_to_an_answer_with_a_quick_text_without_the_mouse(
    visit: Any, people: Any, lea: Ticket
) -> None:
    verbs.make_quick_text(
        people[0], "parcel", "Dear {first_name}, a new boot is on its way. {agent} {voucher}"
    )
    verbs.make_quick_text(people[0], "thanks", "Thank you!")
    page = visit(people[0])
    keys = page.keyboard
    expect(page.locator(f"#t{lea.pk}")).to_be_visible()
    keys.press("Control+k")
    expect(page.locator("#palette input")).to_be_focused()
    keys.type(f"#{lea.pk}")
    expect(options(page).first).to_contain_text(f"#{lea.pk}")
    expect(options(page).first).to_contain_text("Lea Marn")
    assert serious(page) == []
    keys.press("Enter")
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(lea.pk))
    expect(field(page)).to_be_visible()
    keys.press("Control+k")
    keys.type("quick")
    expect(options(page).first).to_contain_text("Quick text")
    expect(options(page).first.locator("kbd")).to_have_text("q")
    keys.press("Enter")
    expect(field(page)).to_be_focused()
    expect(page.locator("#quick-texts [role=option]")).to_have_count(2)
    keys.type("thxx")
    expect(page.locator("#quick-texts")).to_have_count(0)
    for _letter in range(3):
        keys.press("Backspace")
    expect(page.locator("#quick-texts [aria-selected=true]")).to_contain_text("/thanks")
    keys.press("Backspace")
    expect(page.locator("#quick-texts [role=option]")).to_have_count(2)
    assert serious(page) == []
    keys.type("par")
    expect(page.locator("#quick-texts [role=option]")).to_have_count(1)
    keys.press("Enter")
    text = "Dear Lea, a new boot is on its way. Ana {voucher}"
    expect(field(page)).to_have_value(text)
    for _letter in range(len(" {voucher}")):
        keys.press("Backspace")
    keys.press("Control+Shift+Enter")
    expect(
        page.locator("#log .msg.out:not(.sending-now)", has_text="a new boot is on its way. Ana")
    ).to_have_count(1)
    expect(page.locator("#head")).to_contain_text("Answered")
    assert not Ticket.objects.get(pk=lea.pk).unanswered
    assert Message.objects.filter(text="Dear Lea, a new boot is on its way. Ana").count() == 1
    assert QuickText.objects.get(name="parcel").used == 1


def test_the_choices_of_the_ticket_are_in_the_palette(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    keys = page.keyboard
    keys.press("Control+k")
    keys.type("prio urg")
    expect(options(page).first).to_contain_text("Urgent")
    keys.press("Enter")
    expect(page.locator("#who")).to_contain_text("Urgent")
    assert Ticket.objects.get(pk=lea.pk).priority == Ticket.Priority.URGENT
    keys.press("Control+k")
    keys.type("ivo")
    keys.press("Enter")
    expect(page.locator("#assignee")).to_contain_text("Assigned to Ivo Horvat")
    keys.press("Control+k")
    keys.type("qqqqqq")
    expect(page.locator("#palette [data-nothing]")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    keys.press("Control+k")
    keys.type("preferen")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/preferences/$"))
    keys.press("Control+k")
    keys.type("unassi")
    expect(options(page).first).to_contain_text("Unassigned")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/inbox/unassigned/$"))


def test_in_arabic_with_an_arabic_keyboard(visit: Any, people: Any, lea: Ticket) -> None:
    verbs.make_quick_text(people[0], "شكرا", "شكرًا لك يا {first_name}!")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/", language="ar")
    assert page.evaluate("document.documentElement.dir") == "rtl"
    page.evaluate(
        """document.dispatchEvent(new KeyboardEvent("keydown",
            {key: "ن", code: "KeyK", ctrlKey: true, bubbles: true, cancelable: true}))"""
    )
    expect(page.locator("#palette input")).to_be_focused()
    expect(options(page).first).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    field(page).focus()
    page.keyboard.type("/شك")
    expect(page.locator("#quick-texts [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("شكرًا لك يا Lea!")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#log .msg.out:not(.sending-now)", has_text="شكرًا لك يا Lea!")).to_have_count(1)


def test_guidelines_open_beside_the_draft_and_keep_it(visit: Any, people: Any, lea: Ticket) -> None:
    verbs.write_guideline(cast.maja(), "# Tone\nWarm and short.\n- Say we.")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field(page).focus()
    page.keyboard.type("Dear Lea, g")
    page.keyboard.press("Alt+g")
    panel = page.locator("#guidelines")
    expect(panel.get_by_role("heading", name="Tone")).to_be_visible()
    expect(panel.locator("h2")).to_be_focused()
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("Dear Lea, g")
    page.get_by_role("button", name="Guidelines").click()
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(field(page)).to_have_value("Dear Lea, g")


def test_ones_own_keys(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/preferences/shortcuts/")
    page.locator("#key-note").focus()
    page.keyboard.press("w")
    expect(page.locator("#key-note")).to_have_value("w")
    page.locator("#key-palette").focus()
    page.keyboard.press("Alt+p")
    expect(page.locator("#key-palette")).to_have_value("Alt p")
    expect(page.locator("#palette")).to_be_hidden()
    page.locator("#key-reply").focus()
    page.keyboard.press("Backspace")
    expect(page.locator("#key-reply")).to_have_value("")
    assert serious(page) == []
    page.locator("#shortcuts .btn.primary").click()
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    page.goto(f"{page.url.split('/preferences')[0]}/inbox/unanswered/{lea.pk}/")
    page.locator("#tickets").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys [data-action=note] kbd")).to_have_text("w")
    expect(page.locator("#keys [data-action=reply]")).to_have_count(0)
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("#tickets").focus()
    page.keyboard.press("r")
    expect(field(page)).not_to_be_focused()
    page.keyboard.press("w")
    expect(field(page)).to_be_focused()
    page.keyboard.type("w n r")
    expect(field(page)).to_have_value("w n r")
    page.keyboard.press("Alt+p")
    expect(page.locator("#palette input")).to_be_focused()


def test_the_settings_read_well(visit: Any, people: Any, lea: Ticket) -> None:
    maja = cast.maja()
    verbs.make_quick_text(maja, "thanks", "Thank you, {first_name}!", shared=True)
    page = visit(maja, "/settings/quick-texts/")
    page.get_by_label("Text").fill("Dear {first_name}: {nothing}")
    expect(page.locator("#becomes")).to_contain_text("{nothing}")
    expect(page.locator("#becomes")).not_to_contain_text("{first_name}")
    assert serious(page) == []
    page.goto(page.url.replace("quick-texts/", "guidelines/desk/"))
    page.get_by_label("Guidelines").fill("# Tone\nWarm")
    expect(page.locator("#read h3")).to_have_text("Tone")
    assert serious(page) == []


def test_what_the_inbox_really_brings_of_script(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    expect(page.locator("#composer")).to_be_visible()
    brought = page.evaluate(
        """performance.getEntriesByType("resource").filter((each) => each.name.includes("/js/"))
            .reduce((sum, each) => sum + each.encodedBodySize, 0)"""
    )
    assert 10_000 < brought <= 60 * 1024, brought
