"""Live updates: what others do shows, and leaves alone whoever reads or writes."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from heed.inbox import verbs
from heed.inbox.models import Ticket
from heed.web.tests import cast
from heed.web.tests.browser.inbox import HALF, customer_writes, field

pytestmark = pytest.mark.browser

AT_ITS_END = "() => log.scrollHeight - log.scrollTop - log.clientHeight < 2"


def test_a_live_update_leaves_the_writer_alone(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field(page).click()
    field(page).press_sequentially(HALF)
    page.evaluate("document.querySelector('#composer textarea').setSelectionRange(5, 8)")
    page.locator("#ticket-menu summary").click()
    field(page).evaluate("field => { field.focus(); field.setSelectionRange(5, 8) }")
    customer_writes(lea, "Are you still there?")
    expect(page.locator("#log")).to_contain_text("Are you still there?")
    expect(field(page)).to_have_value(HALF)
    expect(field(page)).to_be_focused()
    caret = field(page).evaluate("field => [field.selectionStart, field.selectionEnd]")
    assert caret == [5, 8]
    expect(page.locator("#ticket-menu")).to_have_attribute("open", "")
    expect(page.locator(f"#t{lea.pk}")).to_contain_text("Are you still there?")


def test_reading_further_up_is_not_disturbed(visit: Any, people: Any, lea: Ticket) -> None:
    for number in range(30):
        cast.said(lea, f"And another thing, number {number}")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    log = page.locator("#log")
    expect(log).to_contain_text("number 29")
    page.wait_for_function(AT_ITS_END)
    log.evaluate("log => log.scrollTo(0, 100)")
    customer_writes(lea, "The newest of all")
    expect(page.locator("[data-newer]")).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == 100
    page.locator("[data-newer]").click()
    page.wait_for_function(AT_ITS_END)


def test_earlier_messages_come_above_what_one_reads(visit: Any, people: Any, lea: Ticket) -> None:
    for number in range(70):
        cast.said(lea, f"Message number {number}.")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    expect(page.locator("#log .msg")).to_have_count(50)
    page.locator("#log").evaluate("log => log.scrollTo(0, 0)")
    first = page.locator("#log .msg").first
    expect(first).to_be_in_viewport()
    reading, top = page.locator(f"#{first.get_attribute('id')}"), first.bounding_box()["y"]
    page.locator("#log").get_by_role("button", name="Earlier messages").click()
    expect(page.locator("#log .msg")).to_have_count(73)
    page.wait_for_function(  # what one reads stays where it is
        "([id, top]) => Math.abs(document.getElementById(id).getBoundingClientRect().y - top) < 3",
        arg=[reading.get_attribute("id"), top],
    )
    customer_writes(lea, "The newest of all")
    expect(page.locator("#log .msg")).to_have_count(74)


def test_marked_answered_it_leaves_unanswered_for_everybody(visit: Any, people: Any, lea: Ticket) -> None:
    ana, ivo = people
    hers = visit(ana, f"/inbox/unanswered/{lea.pk}/")
    his = visit(ivo, "/inbox/unanswered/")
    expect(his.locator("#count")).to_have_text(re.compile(r"^5\b"))
    hers.get_by_role("button", name="Mark answered E").click()
    for page in (hers, his):
        expect(page.locator(f"#t{lea.pk}")).to_have_count(0)
        expect(page.locator("#count")).to_have_text(re.compile(r"^4\b"))
    expect(hers.locator("#head")).to_contain_text("Answered")
    expect(hers.locator("#log")).to_contain_text("Ana Kovač marked it answered")
    hers.locator("#ticket-menu summary").click()
    hers.get_by_role("button", name="Mark unanswered").click()
    expect(his.locator(f"#t{lea.pk}")).to_have_count(1)


def test_verbs_of_colleagues_show_without_reloading(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    verbs.assign(Ticket.objects.get(pk=lea.pk), people[1], people[1])
    expect(page.locator("#log")).to_contain_text("Ivo Horvat took it")
    expect(page.locator("#who")).to_contain_text("Ivo Horvat")


def test_a_long_list_grows_as_one_scrolls_and_stays_long(visit: Any, people: Any, lea: Ticket) -> None:
    tickets = [cast.ticket(lea.account, f"Jan Sever {n}", "Hello", minutes=100 + n) for n in range(70)]
    page = visit(people[0], "/inbox/unanswered/")
    rows = page.locator("#tickets li.ticket")
    expect(rows).to_have_count(30)
    for shown in (60, 75):
        page.locator("#tickets").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        expect(rows).to_have_count(shown)
    place = page.locator("#tickets").evaluate("list => list.scrollTop")
    customer_writes(tickets[60], "Me again")
    expect(rows.first).to_contain_text("Me again")
    expect(rows).to_have_count(75)
    assert page.locator("#tickets").evaluate("list => list.scrollTop") >= place - 200


def test_what_happened_while_the_line_was_down_is_caught_up(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_have_text("Connection lost, trying again")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    page.route("**/live", lambda route: route.abort())
    page.reload()
    expect(page.locator("#offline")).to_be_visible()
    customer_writes(lea, "You did not hear this")
    verbs.note(Ticket.objects.get(identity__name="Tuya Bold"), people[1], "@Ana can you look?")
    page.unroute("**/live")
    expect(page.locator("#log")).to_contain_text("You did not hear this")
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#bell .count")).to_have_text("1")


def test_a_change_without_an_event_is_caught_up_too(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.route("**/live", lambda route: route.abort())
    page.reload()
    expect(page.locator("#offline")).to_be_visible()
    cast.said(lea, "Numbered before you could see it")
    page.unroute("**/live")
    expect(page.locator("#log")).to_contain_text("Numbered before you could see it")


def test_what_happens_while_a_ticket_loads_is_shown(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/inbox/unanswered/")

    def late(route: Route) -> None:
        """The ticket as it was; then a colleague writes; only then the answer reaches the page."""
        answer = route.fetch()
        verbs.note(Ticket.objects.get(pk=lea.pk), people[1], "Batch 7 has the zip fault.")
        time.sleep(1)
        route.fulfill(response=answer)

    page.route(f"**/inbox/unanswered/{lea.pk}/", late)
    page.get_by_role("link", name="Lea Marn").click()
    expect(page.locator("#log")).to_contain_text("Batch 7 has the zip fault.")


def test_answering_does_not_need_the_stream(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.route("**/live", lambda route: route.abort())
    page.reload()
    page.keyboard.press("e")
    expect(page.locator(f"#t{lea.pk}")).to_have_count(0)
