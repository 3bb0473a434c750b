"""What colleagues do all day, in a real browser against a whole Heed."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, Route, expect

from heed.accounts.models import User
from heed.inbox import events, verbs
from heed.inbox.models import Draft, Message, Ticket
from heed.lib import clock
from heed.web.tests import cast

pytestmark = pytest.mark.browser

HALF = "Dear Lea, I am just look"


@pytest.fixture
def people(transactional_db: None) -> tuple[User, User]:
    return cast.ana(), cast.ivo()


@pytest.fixture
def lea(people: tuple[User, User]) -> Ticket:
    return cast.a_morning(*people)


def customer_writes(ticket: Ticket, text: str) -> None:
    """News from the network, as the intake tells of it."""
    with transaction.atomic():
        message = cast.said(ticket, text)
        Ticket.objects.filter(pk=ticket.pk).update(last_at=message.at, last_text=text)
        events.record("message_received", ticket=ticket, message=message, at=clock.now())


def bubble_of(page: Page, text: str) -> Any:
    """Our message as the server shows it, not the one that stands in for it while it is on its way."""
    return page.locator("#log :is(.msg.out, .note):not(.sending-now)", has_text=text)


AT_ITS_END = "() => log.scrollHeight - log.scrollTop - log.clientHeight < 2"


def field(page: Page) -> Any:
    return page.locator("#composer textarea")


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


def test_sending_twice_in_haste_sends_once(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply privately").click()
    field(page).fill("Only once")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "Only once")).to_contain_text("waiting to be sent")
    assert Message.objects.filter(text="Only once").count() == 1


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


def test_replying_to_a_chosen_message(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    first = lea.messages.order_by("at").first()
    assert first is not None
    bubble = page.locator(f"#m{first.pk}")
    bubble.hover()
    bubble.locator("summary").last.click()
    bubble.get_by_role("button", name="Reply").click()
    expect(page.locator("[data-quoting]")).to_contain_text("The left boot")
    page.keyboard.type("About this one")
    page.keyboard.press("Control+Enter")
    expect(bubble_of(page, "About this one")).to_contain_text("waiting to be sent")
    assert Message.objects.get(text="About this one").answers == first


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


def test_answering_does_not_need_the_stream(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.route("**/live", lambda route: route.abort())
    page.reload()
    page.keyboard.press("e")
    expect(page.locator(f"#t{lea.pk}")).to_have_count(0)


def test_signed_out_meanwhile_says_so_and_keeps_the_text(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field(page).fill("Half a sentence")
    page.context.clear_cookies(name=re.compile("^heed_session"))
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("signed out")
    expect(field(page)).to_have_value("Half a sentence")


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
