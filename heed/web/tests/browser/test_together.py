"""Colleagues at the same ticket: they see each other, do not answer past each other, and may think again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from heed.inbox import verbs
from heed.inbox.models import Event, Message, Presence, Ticket
from heed.lib import clock
from heed.web.tests.browser.inbox import HALF, bubble_of, customer_writes, field

pytestmark = pytest.mark.browser


def test_they_see_each_other(visit: Any, people: Any, lea: Ticket) -> None:
    hers = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    his = visit(people[1], f"/inbox/unanswered/{lea.pk}/")
    expect(his.locator("#here")).to_contain_text("Ana is looking")
    expect(hers.locator("#here")).to_contain_text("Ivo is looking")
    field(hers).press_sequentially("Dear Lea")
    expect(his.locator("#here")).to_contain_text("Ana is typing")
    hers.goto(hers.url.split("/inbox/")[0] + "/preferences/")
    expect(his.locator("#here")).to_be_empty()
    told = Event.objects.filter(actor=people[0], kind__in=("opened_by", "left_by")).order_by("id")
    assert list(told.values_list("kind", flat=True)) == ["opened_by", "left_by"], (
        "what her work is measured by"
    )


_NO_BEATS = """() => {
  const later = window.setTimeout;
  window.setTimeout = (what, ms, ...more) => (ms >= 4000 ? 0 : later(what, ms, ...more));
  window.setInterval = () => 0;
}"""
"""What a page says by the clock is left out: only what is done tells of itself."""


def test_who_has_sent_types_no_more(visit: Any, people: Any, lea: Ticket) -> None:
    hers = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    hers.add_init_script(f"({_NO_BEATS})()")
    hers.reload()
    his = visit(people[1], f"/inbox/unanswered/{lea.pk}/")
    hers.get_by_role("tab", name="Reply publicly").click()
    field(hers).press_sequentially("A new pair is on its way.")
    expect(his.locator("#here")).to_contain_text("Ana is typing")
    his.clock.install()  # nothing runs out on his page
    hers.keyboard.press("Control+Enter")
    expect(his.locator("#here")).to_contain_text("Ana is looking")


def test_it_is_not_said_for_ever_that_somebody_types(visit: Any, people: Any, lea: Ticket) -> None:
    his = visit(people[1], f"/inbox/unanswered/{lea.pk}/")
    his.clock.install()
    his.reload()
    his.clock.run_for(1000)
    Presence.objects.create(
        ticket=lea, user=people[0], doing="typing", until=clock.now() + timedelta(seconds=8)
    )
    his.evaluate(_NUDGE, f"here:{lea.pk}:{people[1].pk}")
    expect(his.locator("#here")).to_contain_text("Ana is typing")
    his.route("**/here/", lambda route: route.abort())  # and the line breaks
    his.clock.run_for(9000)
    expect(his.locator("#here")).to_be_empty()


_NUDGE = "topic => document.dispatchEvent(new CustomEvent('heed:nudge', { detail: { topics: [topic] } }))"


def test_what_the_customer_has_just_written_stops_an_answer(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply publicly").click()
    field(page).fill("A new pair is on its way, Lea.")
    page.evaluate("() => { const now = Date.now(); Date.now = () => now }")  # one reads it in no time
    customer_writes(lea, "Stop, I have found the receipt!")
    expect(page.locator("#log")).to_contain_text("Stop, I have found the receipt!")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("The customer has just written more.")
    expect(field(page)).to_have_value("A new pair is on its way, Lea.")
    assert not Message.objects.filter(text__startswith="A new pair").exists()
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "A new pair is on its way, Lea.")).to_have_count(1)


def test_an_answer_can_be_taken_back(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    verbs.answer(lea, people[0], "A new pear is on its way.", "public", hold=30)
    bubble = bubble_of(page, "A new pear is on its way.")
    bubble.get_by_role("button", name="Undo").click()
    expect(field(page)).to_have_value("A new pear is on its way.")
    expect(bubble).to_have_count(0)


def test_merge_and_take_apart(visit: Any, people: Any, lea: Ticket) -> None:
    other = Ticket.objects.exclude(pk=lea.pk).get(customer=lea.customer)
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.locator("#matters summary").click()
    page.get_by_role("button", name=f"Merge #{other.pk}").click()
    expect(page.locator("#log")).to_contain_text("merged")
    page.locator("#matters summary").click()
    page.get_by_role("button", name="Take apart").click()
    expect(page.locator("#matters")).not_to_have_attribute("open", "")
    page.locator("#matters summary").click()
    expect(page.get_by_role("button", name=f"Merge #{other.pk}")).to_be_visible()


def test_what_opens_at_the_foot_of_the_pane_comes_into_sight(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/", size=(1440, 480))
    page.locator("#matters summary").click()
    expect(page.get_by_role("button", name="Join")).to_be_in_viewport(ratio=1)


def test_two_colleagues_on_one_ticket(visit: Any, people: Any, lea: Ticket) -> None:
    ana, ivo = people
    hers = visit(ana, f"/inbox/unanswered/{lea.pk}/")
    his = visit(ivo, f"/inbox/unanswered/{lea.pk}/")
    field(hers).fill(HALF)
    his.get_by_role("tab", name="Reply publicly").click()
    field(his).fill("I have this one.")
    his.get_by_role("button", name="Send and mark answered").click()
    expect(bubble_of(hers, "I have this one.")).to_have_count(1)
    expect(field(hers)).to_have_value(HALF)
