"""Where the keyboard is: it can be seen, reaches everything, and is not lost with what goes away."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.inbox.models import Ticket
from heed.web.tests.browser.inbox import customer_writes

pytestmark = pytest.mark.browser

_HERE = """() => {
  const here = document.activeElement;
  if (here === document.body) return null;
  const lines = (each) => {
    const { outlineStyle, outlineWidth, borderColor } = getComputedStyle(each);
    return [outlineStyle !== "none" && parseFloat(outlineWidth) > 0, borderColor];
  };
  const around = [here, here.closest(".ticket, .search, .composer, .attach")].filter(Boolean);
  const lit = around.map(lines);
  const box = here.getBoundingClientRect();
  const middle = box.y + Math.min(box.height, innerHeight - box.y) / 2;
  const at = document.elementFromPoint(box.x + box.width / 2, middle);
  const free = !at || around.some((each) => each.contains(at) || at.contains(each));
  here.blur();
  const plain = around.map(lines);
  here.focus();
  const seen = lit.some(([ring, border], number) => ring || border !== plain[number][1]);
  return { what: here.outerHTML.slice(0, 140), id: here.id, seen, free };
}"""
"""What has the focus, whether that shows in a line around it, and whether nothing lies over it."""


def walk(page: Page) -> list[dict[str, Any]]:
    """Everything Tab leads to, once round."""
    found: list[dict[str, Any]] = []
    for _each in range(150):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here is None or (found and here["what"] == found[0]["what"]):
            return found
        found.append(here)
    raise AssertionError("Tab comes to no end")


def test_tab_leads_everywhere_and_one_sees_where_one_is(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    expect(page.locator("#composer")).to_be_visible()
    found = walk(page)
    assert [each["what"] for each in found if not (each["seen"] and each["free"])] == []
    reached = " ".join(each["what"] for each in found)
    for part in (
        "skip",
        "Notices",
        'type="search"',
        "Lea Marn",
        'id="log"',
        "<textarea",
        "Add a tag",
        "Merge",
    ):
        assert part in reached


def test_the_next_ticket_is_the_one_after_the_one_that_went(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/inbox/unanswered/")
    keys, names = page.keyboard, page.locator("#tickets a.name")
    expect(names).to_have_count(5)
    for _each in range(3):
        keys.press("j")
    keys.press("Enter")
    expect(page.locator("#head")).to_contain_text("Viber")
    keys.press("e")
    expect(names).to_have_text(["Lea Marn", "Omar Badr", "Jan Sever", "Sam Cole"])
    expect(page.locator("#ticket h1")).to_be_focused()
    keys.press("j")
    expect(names.nth(2)).to_be_focused()
    customer_writes(Ticket.objects.get(identity__name="Jan Sever"), "Do you still have 43?")
    expect(names.first).to_have_text("Jan Sever")
    expect(names.first).to_be_focused()
