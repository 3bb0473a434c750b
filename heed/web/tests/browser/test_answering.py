"""Answering: once, with what goes along, and without losing a word."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from heed.inbox import events
from heed.inbox.models import Draft, Message, Ticket
from heed.web.tests import cast
from heed.web.tests.browser.inbox import HALF, bubble_of, field

pytestmark = pytest.mark.browser


def test_sending_twice_in_haste_sends_once(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply privately").click()
    field(page).fill("Only once")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "Only once")).to_contain_text("waiting to be sent")
    assert Message.objects.filter(text="Only once").count() == 1


def test_replying_to_a_chosen_message(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    first = lea.messages.order_by("at").first()
    assert first is not None
    bubble = page.locator(f"#m{first.pk}")
    bubble.hover()
    bubble.locator("summary").last.click()
    bubble.get_by_role("button", name=re.compile(r"^Reply(?! privately)")).click()
    expect(page.locator("[data-quoting]")).to_contain_text("The left boot")
    page.keyboard.type("About this one")
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "About this one")).to_contain_text("waiting to be sent")
    assert Message.objects.get(text="About this one").answers == first


def test_too_long_is_refused_before_the_network_would(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply privately").click()
    field(page).fill("a" * 2001)
    expect(page.locator("#counter")).to_have_text("2001 / 2000")
    expect(page.locator("[data-refusal]")).to_contain_text("too long by 1")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("too long by 1")
    assert not Message.objects.filter(state="queued").exists()


def test_an_attachment_goes_along(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply privately").click()
    picture = {"name": "boot.png", "mimeType": "image/png", "buffer": cast.PICTURE}
    page.locator("#composer input[type=file]").set_input_files([picture])
    expect(page.locator(".draft-file")).to_contain_text("boot.png")
    expect(page.locator(".draft-file progress")).to_have_count(0)  # it has arrived
    page.reload()
    expect(page.locator(".draft-file")).to_contain_text("boot.png")
    page.keyboard.press("r")
    page.get_by_role("tab", name="Reply privately").click()
    page.get_by_role("button", name="Send Ctrl").click()
    image = page.locator("#log .msg.out img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    expect(page.locator(".draft-file")).to_have_count(0)


def test_a_failed_answer_comes_back_with_its_reason(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    failed = cast.wrote(
        lea, people[0], "Too late now", state="failed", reason="outside_window", external_id=""
    )
    with transaction.atomic():
        Draft.objects.create(user=people[0], ticket=lea, visibility="public", text=failed.text, failed=failed)
        events.record("answer_failed", ticket=lea, message=failed)
    expect(page.locator(".msg.failed")).to_contain_text("The time in which the network lets us answer freely")
    expect(field(page)).to_have_value("Too late now")
    expect(page.locator("[data-refusal]")).to_contain_text("Wait until the customer writes again")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".msg.failed")).to_have_count(0)


def test_an_unknown_outcome_is_decided_by_a_person(visit: Any, people: Any, lea: Ticket) -> None:
    message = cast.wrote(lea, people[0], "Did it arrive?", state="unknown", external_id="")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    expect(page.locator(".trouble")).to_contain_text("cannot say whether it arrived")
    page.get_by_role("button", name="It arrived").click()
    expect(page.locator(".trouble")).to_have_count(0)
    message.refresh_from_db()
    assert message.state == "sent"


def test_a_draft_survives_reload_and_crash(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Note").click()
    with page.expect_response(re.compile("/drafts/note/")):
        field(page).fill(HALF)
    page.reload()
    expect(field(page)).to_have_value(HALF)
    expect(page.get_by_role("tab", name="Note")).to_have_attribute("aria-selected", "true")
    assert Draft.objects.get(user=people[0], ticket=lea).text == HALF

    page.route("**/drafts/**", lambda route: route.abort())  # the line is down while one types on
    field(page).fill(HALF + "ing into it")
    context = page.context
    page.close(run_before_unload=False)
    again = context.new_page()
    again.goto(page.url)
    expect(field(again)).to_have_value(HALF + "ing into it")

    elsewhere = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    expect(field(elsewhere)).to_have_value(re.compile(re.escape(HALF)))


def test_a_draft_is_there_again_after_a_look_at_another_ticket(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field(page).fill(HALF)
    page.get_by_role("link", name="Tuya Bold").click()
    expect(page.locator("#ticket h1")).to_contain_text("хүргэлт")
    expect(field(page)).to_have_value("")
    page.get_by_role("link", name="Lea Marn").click()
    expect(page.locator("#ticket h1")).to_contain_text("Broken zip")
    expect(field(page)).to_have_value(HALF)
    page.get_by_role("tab", name="Reply privately").click()
    expect(field(page)).to_have_value("")
    page.get_by_role("tab", name="Reply publicly").click()
    expect(field(page)).to_have_value(HALF)


def test_a_broken_line_keeps_the_text_and_a_second_try_is_the_same_message(
    visit: Any, people: Any, lea: Ticket
) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply privately").click()
    field(page).fill("Through the storm")
    page.route("**/messages/", _answer_is_lost)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("it will not arrive twice")
    expect(field(page)).to_have_value("Through the storm")
    page.unroute("**/messages/")
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "Through the storm")).to_have_count(1)
    expect(field(page)).to_have_value("")
    assert Message.objects.filter(text="Through the storm").count() == 1


def _answer_is_lost(route: Any) -> None:
    """The request arrives, its answer does not."""
    route.fetch()
    route.abort()


def test_signed_out_meanwhile_says_so_and_keeps_the_text(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field(page).fill("Half a sentence")
    page.context.clear_cookies(name=re.compile("^heed_session"))
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("signed out")
    expect(field(page)).to_have_value("Half a sentence")
