"""Putting tickets off, sorting them, mentions and deeds on many, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.accounts.models import Team, User
from heed.inbox import verbs
from heed.inbox.models import Field, Message, Notice, Sweep, Ticket
from heed.tests.looks import DARK, LIGHT, PHONE, Look, serious, serious_in, take_on
from heed.web.tests import cast

pytestmark = pytest.mark.browser


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def arrows_to(page: Page, name: str) -> None:
    """Down the open menu to what is called so, as one who reads it goes."""
    wanted = page.locator(".menu[open] button:visible", has_text=name)
    expect(wanted.first).to_be_visible()
    for _each in range(30):
        if wanted.first.evaluate("button => button === document.activeElement"):
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no arrow leads to {name}")


def test_a_day_of_sorting_by_keyboard_alone(visit: Any, people: Any, lea: Ticket) -> None:
    """Sign in, tag, snooze, solve with a field that is missing, mention: no hand leaves the keyboard."""
    Field.objects.create(key="order", title="Order", kind="text", required_on_solve=True)
    page = visit(people[0])
    keys = page.keyboard
    page.context.clear_cookies(name=re.compile("session"))
    page.goto(page.url.split("/inbox/")[0] + "/sign-in/")
    keys.type("ana@acme.example")
    keys.press("Tab")
    keys.type(cast.PASSWORD)
    keys.press("Enter")
    expect(page.locator("#tickets .ticket")).to_have_count(5)
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    keys.press("j")
    expect(page.locator(f"#t{lea.pk} .name")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(lea.pk))
    keys.press("t")
    keys.type("Broken zip")
    keys.press("Enter")
    expect(page.locator("#who .chip.tag")).to_have_text(re.compile("broken zip"))
    expect(page.locator("#who .tagging input")).to_have_value("")
    expect(page.locator("#who .tagging input")).to_be_focused()
    keys.press("Escape")
    keys.press("z")
    expect(page.locator("#later [data-until=later]").first).to_be_focused()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.locator("#head")).to_contain_text("asleep until")
    expect(page.locator("#later summary")).to_be_focused()
    assert fresh(lea).snoozed_until is not None
    keys.press("s")
    arrows_to(page, "Solved")
    keys.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("fill in: “Order”")
    expect(page.locator("#field-order")).to_be_focused()
    expect(page.locator("#field-order")).to_have_attribute("aria-invalid", "true")
    verbs.set_priority(fresh(lea), people[1], 4)
    expect(page.locator("#log")).to_contain_text("set the priority to")
    expect(page.locator("#field-order")).to_have_attribute("aria-invalid", "true")
    keys.type("88140")
    keys.press("Tab")
    expect(page.locator("#log")).to_contain_text("88140")
    keys.press("Escape")
    keys.press("s")
    arrows_to(page, "Solved")
    keys.press("Enter")
    expect(page.locator("#who dd").first).to_have_text("Solved")
    expect(page.locator("#ticket-menu summary")).to_be_focused()
    keys.press("n")
    keys.type("@iv")
    expect(page.get_by_role("option", name="Ivo Horvat")).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    keys.type("please look")
    keys.press("Control+Enter")
    expect(page.locator("#log .note:not(.sending-now)", has_text="@Ivo Horvat please look")).to_have_count(1)
    assert Notice.objects.get().user == people[1]
    assert fresh(lea).solved


def test_a_live_update_leaves_a_field_alone(visit: Any, people: Any, lea: Ticket) -> None:
    Field.objects.create(key="order", title="Order", kind="text")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.locator("#field-order").press_sequentially("881")
    verbs.set_priority(lea, people[1], 4)
    expect(page.locator("#log")).to_contain_text("set the priority to")
    expect(page.locator("#field-order")).to_have_value("881")
    expect(page.locator("#field-order")).to_be_focused()


def test_choosing_many_by_keyboard_and_taking_it_back(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/inbox/unanswered/")
    keys = page.keyboard
    before = list(Ticket.objects.order_by("pk").values_list("pk", "assignee"))
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("j")
    keys.press("X")
    expect(page.locator("li.ticket.picked")).to_have_count(3)
    expect(page.locator("#many")).to_contain_text("3 chosen")
    assert serious(page) == []
    keys.press("b")
    expect(page.locator("#many [data-all]")).to_be_focused()
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Tab")
    expect(page.locator("#many-assign summary")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#many-assign [data-filter]")).to_be_focused()
    expect(page.locator("#many-assign").get_by_role("button", name="Ivo Horvat")).to_be_visible()
    keys.type("ivo")
    keys.press("Enter")
    expect(page.locator("#sweep")).to_contain_text("3 tickets changed.")
    expect(page.locator("li.ticket.picked")).to_have_count(0)
    assert Sweep.objects.get().changed == 3
    expect(page.locator("#sweep [data-undo]")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#sweep")).to_contain_text("3 tickets are as they were.")
    expect(page.locator("#sweep [data-close-sweep]")).to_be_focused()
    assert list(Ticket.objects.order_by("pk").values_list("pk", "assignee")) == before
    keys.press("Enter")
    expect(page.locator("#sweep")).to_be_hidden()
    keys.press("*")
    expect(page.locator("#many")).to_contain_text("The whole list is chosen")
    keys.press("b")
    for _each in range(5):
        keys.press("Tab")
    expect(page.locator("#many [data-deed=answered]")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#sweep")).to_contain_text("5 tickets changed.")
    assert not Ticket.objects.filter(unanswered=True).exists()


@pytest.mark.parametrize("language", ["en", "sl", "ar", "mn"])
@pytest.mark.parametrize("size", [(1440, 900), (1200, 800), (390, 844)])
def test_what_more_can_be_done_with_many_has_no_line_of_its_own(
    visit: Any, people: Any, lea: Ticket, language: str, size: tuple[int, int]
) -> None:
    page = visit(people[0], "/inbox/unanswered/", language=language, size=size)
    page.locator("#tickets").focus()
    page.keyboard.press("*")
    more, none = page.locator("#many-more > summary"), page.locator("#many [data-none]")
    expect(none).to_be_in_viewport(ratio=1)
    box, beside = more.bounding_box(), none.bounding_box()
    assert abs(box["y"] + box["height"] / 2 - beside["y"] - beside["height"] / 2) < 4
    assert page.evaluate("(bar => bar.scrollWidth <= bar.clientWidth)(document.getElementById('many'))")


NOTICES_OF_A_BROWSER = """() => {
  window.notices = [];
  document.hasFocus = () => false;
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { return (this.permission = "granted"); }
    constructor(title, { body }) { this.said = [title, body]; notices.push(this); }
    addEventListener(_name, clicked) { this.clicked = clicked; }
  };
}"""
"""What shows notices outside the tab, with somebody who allows it and looks elsewhere."""


def test_a_mention_rings_at_once_and_opening_it_is_seeing_it(visit: Any, people: Any, lea: Ticket) -> None:
    ana, ivo = people
    page = visit(ana, "/inbox/open/")
    expect(page.locator("#bell .count")).to_have_count(0)
    page.evaluate(NOTICES_OF_A_BROWSER)
    page.locator("#bell summary").click()
    page.locator("[data-allow-notices]").click()
    verbs.note(lea, ivo, "@Ana can you look?")
    expect(page.locator("#bell .count")).to_have_text("1")
    page.locator("#bell summary").click()
    expect(page.locator("#bell .told")).to_contain_text("can you look?")
    assert serious(page) == []
    page.wait_for_function("() => notices.length")
    title, body = page.evaluate("() => notices[0].said")
    assert "Ivo Horvat" in title
    assert "can you look?" in body
    page.evaluate("() => { localStorage.removeItem('heed-notices'); notices[0].clicked(); }")
    expect(page.locator("#log")).to_contain_text("can you look?")
    expect(page.locator("#bell .count")).to_have_count(0)
    assert Notice.objects.get().seen_at is not None


def test_who_may_not_see_it_is_named_and_the_note_waits(visit: Any, people: Any, lea: Ticket) -> None:
    User.objects.create_user("oto@acme.example", role="", name="Oto Tujec")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Note").click()
    field = page.locator("#composer textarea")
    field.fill("@Oto Tujec look at this")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Oto Tujec may not see this ticket")
    expect(field).to_have_value("@Oto Tujec look at this")
    assert not Message.objects.filter(visibility="note", text__contains="Oto").exists()
    page.keyboard.press("Control+Enter")
    expect(field).to_have_value("")
    assert Message.objects.filter(visibility="note", text__contains="Oto").count() == 1


@pytest.mark.parametrize(("language", "looks"), [("en", [LIGHT, DARK, PHONE]), ("ar", [LIGHT])])
def test_what_is_new_is_clean(visit: Any, people: Any, lea: Ticket, language: str, looks: list[Look]) -> None:
    ana, ivo = people
    Team.objects.create(name="Returns")
    Field.objects.create(key="cause", title="Cause", kind="choice", choices=["Zip", "Sole"])
    Field.objects.create(key="order", title="Order", kind="text", required_on_solve=True)
    verbs.tag(lea, ana, add=["zip", "refund", "recall"])
    verbs.set_priority(lea, ana, 4)
    verbs.note(lea, ivo, "@Ana Kovač have a look")
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/", language=language)
    for menu in ("later", "ticket-menu"):
        page.locator(f"#{menu} summary").click()
        assert serious_in(page, looks) == [], menu
        page.keyboard.press("Escape")
    if PHONE in looks:
        take_on(page, PHONE)
        page.locator("#ticket [data-about]").click()
        expect(page.locator("#who .tagging")).to_be_visible()
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/".join(page.url.split("/")[:3]) + "/notices/")
    expect(page.locator(".told")).to_have_count(1)
    assert serious_in(page, looks) == []


@pytest.mark.parametrize("look", [{}, {"language": "ar", "size": (390, 844)}], ids=["wide", "arabic phone"])
def test_setting_up_what_tickets_are_sorted_by_is_clean(
    visit: Any, transactional_db: None, look: dict[str, Any]
) -> None:
    maja = cast.maja()
    account = cast.account()
    ticket = cast.ticket(account, "Lea Marn", "Hello")
    verbs.tag(ticket, maja, add=["broken zip"])
    verbs.make_field(maja, "Cause", "choice", choices=["Zip", "Sole"], required=True)
    verbs.set_question(maja, account, 3, "Is it fixed?", {})
    page = visit(maja, "/settings/tags/", **look)
    here = "/".join(page.url.split("/")[:3])
    for path in ("tags/", "fields/", "follow-up/", f"follow-up/{account.pk}/"):
        page.goto(f"{here}/settings/{path}")
        expect(page.locator("main h1")).to_be_visible()
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
