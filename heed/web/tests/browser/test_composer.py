"""What the composer can do besides writing: templates, changing what was sent, and all of it by keyboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.inbox.models import Draft, Message, Ticket
from heed.lib import clock
from heed.tests.looks import violations
from heed.web.tests import cast

pytestmark = pytest.mark.browser

HELLO = {"name": "hello", "language": "sl", "text": "Pozdravljeni, {{1}}: {{2}}", "blanks": 2}
BACK = {"name": "we_are_back", "language": "sl", "text": "Spet smo tu.", "blanks": 0}


@pytest.fixture
def ana(transactional_db: None) -> User:
    return cast.ana()


def focused(page: Page) -> str:
    words: str = page.evaluate("document.activeElement.textContent.trim()")
    return words


def acts(message: Message) -> list[tuple[object, object]]:
    """What is to be done with it on the network: action and value."""
    rows = ProcrastinateJob.objects.filter(task_name="heed.inbox.jobs.act_on_network").order_by("id")
    return [(row.args["action"], row.args["value"]) for row in rows if row.args["message"] == message.pk]


def test_a_template_is_chosen_and_sent_by_keyboard(visit: Any, ana: User) -> None:
    whatsapp = cast.account("whatsapp", "Acme on WhatsApp", templates=[HELLO, BACK])
    lea = cast.ticket(whatsapp, "Lea Marn", "Kje je paket?", minutes=26 * 60)
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/")
    expect(page.get_by_role("tab", name="Reply privately")).to_have_attribute("aria-selected", "true")
    expect(page.locator("[data-refusal]")).to_contain_text("approved templates")
    page.locator("[data-templates] > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-template-list] button").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("we_are_back")
    page.keyboard.press("ArrowDown")  # round again
    page.keyboard.press("Enter")
    first, second = page.locator("[data-template-blanks] input").all()
    expect(first).to_be_focused()
    page.keyboard.type("Lea")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Fill in every blank")
    second.fill("88140")
    expect(page.locator("[data-template-text]")).to_have_text("Pozdravljeni, Lea: 88140")
    assert [each["id"] for each in violations(page)] == []
    page.keyboard.press("Control+Enter")
    sent = page.locator("#log .msg.out:not(.sending-now)")
    expect(sent).to_contain_text("Pozdravljeni, Lea: 88140")
    expect(sent).to_contain_text("template")
    expect(page.locator("[data-template]")).to_be_hidden()
    assert Message.objects.get(direction="out").manner["template"]["values"] == ["Lea", "88140"]


def test_changing_what_was_sent_keeps_what_was_begun(visit: Any, ana: User) -> None:
    mastodon = cast.account("mastodon", "@acme")
    lea = cast.ticket(mastodon, "Lea Marn", "Broken zip!", post=cast.post(mastodon))
    sent = cast.wrote(lea, ana, "We are sory.", at=clock.now() - timedelta(minutes=1))
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/")
    field = page.locator("#composer textarea")
    with page.expect_response("**/drafts/public/"):
        field.fill("A new pair is")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    while focused(page) != "Edit":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    expect(field).to_have_value("We are sory.")
    expect(page.locator("[data-mark]")).to_be_hidden()
    page.get_by_role("tab", name="Note").click()  # another way: the change is let be
    expect(page.locator("[data-quoting]")).to_be_hidden()
    page.get_by_role("tab", name="Reply publicly").click()
    expect(field).to_have_value("A new pair is")
    page.locator("[data-change]").evaluate("button => button.click()")
    field.fill("We are sorry.")
    page.get_by_role("button", name="Change it").click()
    expect(field).to_have_value("A new pair is")
    assert acts(sent) == [("edit", "We are sorry.")]
    assert Draft.objects.get().text == "A new pair is"


def test_a_message_is_acted_on_by_keyboard(visit: Any, ana: User) -> None:
    whatsapp = cast.account("whatsapp", "Acme on WhatsApp")
    lea = cast.ticket(whatsapp, "Lea Marn", "Thank you!")
    cast.wrote(lea, ana, "You are welcome.")
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/", size=(390, 844))
    page.keyboard.press("m")
    assert focused(page) == "Reply"
    box = page.locator(".msg:not(.out) details[open] .items").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    chosen = focused(page)
    with page.expect_response("**/acts/react/"):
        page.keyboard.press("Enter")
    expect(page.locator(".msg:not(.out) details.menu > summary")).to_be_focused()
    expect(page.locator("details.menu[open]")).to_have_count(0)
    assert acts(lea.messages.get(direction="in")) == [("react", chosen)]
    assert Ticket.objects.get().unanswered


def test_choices_are_offered_by_keyboard_and_outlive_a_reload(visit: Any, ana: User) -> None:
    whatsapp = cast.account("whatsapp", "Acme on WhatsApp")
    lea = cast.ticket(whatsapp, "Lea Marn", "My boots leak.")
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/")
    field = page.locator("#composer textarea")
    field.fill("What shall we do?")
    page.locator("[data-offer]").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Send new ones")
    page.keyboard.press("Enter")
    expect(page.locator("[name=choice]").nth(1)).to_be_focused()
    page.keyboard.type("Refund")
    expect(page.locator("[data-opener]")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.type("Something else altogether")  # longer than any form takes, by one
    expect(page.locator("[data-refusal]")).to_have_text("A choice is too long by 1")
    expect(page.locator("[name=choice]").nth(2)).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Backspace")  # now it fits a list, which opens by a button
    expect(page.locator("[data-refusal]")).to_be_hidden()
    expect(page.locator("[data-opener]")).to_be_visible()
    assert [each["id"] for each in violations(page)] == []
    with page.expect_response("**/drafts/private/"):
        field.press("End")
        page.keyboard.type(" ")
    page.evaluate("localStorage.clear()")  # as in another browser: the draft has them
    page.reload()
    titles = page.locator("[name=choice]")
    expect(titles).to_have_count(3)
    titles.nth(2).fill("")
    titles.nth(2).press("Backspace")
    expect(titles).to_have_count(2)
    expect(titles.nth(1)).to_be_focused()
    page.keyboard.press("Control+Enter")
    sent = page.locator("#log .msg.out:not(.sending-now)")
    expect(sent.locator(".offered li")).to_have_text(["Send new ones", "Refund"])
    expect(page.locator("[data-offered]")).to_be_hidden()
    kept = Message.objects.get(direction="out").manner["choices"]
    assert [each["title"] for each in kept["items"]] == ["Send new ones", "Refund"]
    page.reload()
    expect(page.locator("[data-offered]")).to_be_hidden()


def test_choices_stay_away_where_a_network_has_none(visit: Any, ana: User) -> None:
    whatsapp = cast.account("whatsapp", "Acme on WhatsApp")
    wechat = cast.account("wechat", "Acme on WeChat")
    lea = cast.ticket(whatsapp, "Lea Marn", "My boots leak.")
    tuya = cast.ticket(wechat, "Tuya Bold", "Сайн байна уу?")
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/", size=(390, 844), language="ar")
    page.locator("[data-offer]").click()
    page.locator("[name=choice]").fill("نعم")
    box = page.locator("[data-offered]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.get_by_role("tab").nth(1).click()  # a note offers nothing
    expect(page.locator("[data-offered]")).to_be_hidden()
    page.get_by_role("tab").nth(0).click()
    expect(page.locator("[name=choice]")).to_have_value("نعم")
    page.goto(page.url.replace(f"/{lea.pk}/", f"/{tuya.pk}/"))
    expect(page.locator("[data-offer]")).to_be_hidden()


def test_whom_a_mail_goes_to_is_named_also_of_one_that_is_chosen(visit: Any, ana: User) -> None:
    email = cast.account("email", "Acme")
    lea = cast.ticket(email, "Lea Marn", "Where is it?")
    others = [f"{name}@mail.example" for name in ("omar", "tuya", "nadia", "sam")]
    Message.objects.update(refs={"cc": others, "reply_to": "lea@home.example"})
    cast.said(lea, "I do not have it either.", refs={"reply_to": "omar@mail.example"})
    page = visit(ana, f"/inbox/unanswered/{lea.pk}/")
    line = page.locator("#composer .receivers")
    expect(line).to_have_text("Goes to omar@mail.example")
    page.locator("[data-reply-to]").first.evaluate("button => button.click()")
    expect(line.locator("bdi")).to_have_text(["lea@home.example", "omar@mail.example", "+3"])
    expect(line).to_have_attribute("title", ", ".join(["lea@home.example", *others]))
    assert [each["id"] for each in violations(page)] == []
    page.get_by_role("tab", name="Note").click()
    expect(line).to_be_hidden()
    page.get_by_role("tab", name="Reply privately").click()
    page.locator("[data-unquote]").click()
    expect(line).to_have_text("Goes to omar@mail.example")
