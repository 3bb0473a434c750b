"""What is done to a ticket or a customer and taken back again, as one sees it happen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect

from heed.channels.base import MessageReceived, Person
from heed.inbox import arrivals, events, verbs
from heed.inbox.models import Message, Sweep, Ticket
from heed.inbox.search import index_everything
from heed.inbox.verbs import many, sleeping
from heed.lib import clock, live
from heed.web.tests import cast

pytestmark = pytest.mark.browser


def from_menu(page: Page, menu: str, choice: str) -> None:
    page.locator(f"#{menu} > summary").click()
    page.locator(f"#{menu} .items").get_by_role("button", name=choice).first.click()


def go_to(page: Page, view: str) -> None:
    """By the side bar."""
    page.locator("#sections").get_by_role("link", name=view).click()
    expect(page.locator("#queue h1")).to_contain_text(view)


def row(page: Page, ticket: Ticket) -> Locator:
    return page.locator(f"#t{ticket.pk}")


def writes(ticket: Ticket, text: str) -> None:
    """The customer, as the intake stores it and tells of it."""
    who = Person(ticket.identity.external_id, ticket.identity.name)
    news = MessageReceived(
        external_id=f"m{Message.objects.count()}",
        author=who,
        text=text,
        kind="message",
        visibility="private",
        at=clock.now(),
    )
    with transaction.atomic():
        arrivals.store([arrivals.Arrival(ticket.account, news)])
        live.tell(events.topics_of([ticket.pk]))


@pytest.fixture
def tuya(people: Any, lea: Ticket) -> Ticket:
    """A private ticket among those of the morning."""
    return Ticket.objects.select_related("account", "identity").get(identity__name="Tuya Bold")


def test_spam_leaves_the_lists_and_comes_back(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    from_menu(page, "ticket-menu", "Mark as spam")
    expect(row(page, lea)).to_have_count(0)
    expect(page.locator("#head .chip.bad")).to_have_text("Spam")
    go_to(page, "Spam")
    row(page, lea).get_by_role("link").click()
    from_menu(page, "ticket-menu", "No spam")
    expect(row(page, lea)).to_have_count(0)
    expect(page.locator("#head .chip.bad")).to_have_count(0)
    go_to(page, "Unanswered")
    expect(row(page, lea)).to_be_visible()


def test_who_is_blocked_wakes_nobody_until_they_are_let_in_again(
    visit: Any, people: Any, tuya: Ticket
) -> None:
    verbs.mark_answered(tuya, people[1])
    page = visit(people[0], f"/inbox/unanswered/{tuya.pk}/")
    from_menu(page, "ticket-menu", "Block the customer")
    expect(page.locator("#head .chip.bad")).to_have_text("Blocked")
    writes(tuya, "Answer me")
    expect(page.locator("#log")).to_contain_text("Answer me")
    expect(row(page, tuya)).to_have_count(0)
    from_menu(page, "ticket-menu", "Unblock the customer")
    expect(page.locator("#head .chip.bad")).to_have_count(0)
    writes(tuya, "Hello again")
    expect(row(page, tuya)).to_contain_text("Hello again")


def test_a_snoozed_ticket_wakes_and_a_reminder_rings(visit: Any, people: Any, tuya: Ticket) -> None:
    page = visit(people[0], f"/inbox/open/{tuya.pk}/")
    from_menu(page, "ticket-menu", "On hold")
    expect(page.locator("#who dd").first).to_have_text("On hold")
    page.locator("#later > summary").click()
    page.locator("#later [data-post$='/reminder/'][data-until=later]").click()
    expect(page.locator("#who dl")).to_contain_text("Reminder")
    from_menu(page, "later", "Later today")
    expect(page.locator("#head")).to_contain_text("asleep until")
    expect(row(page, tuya)).to_have_count(0)
    go_to(page, "Snoozed")
    expect(row(page, tuya)).to_be_visible()
    go_to(page, "All open")
    with clock.moved(timedelta(hours=4)):
        sleeping.wake_due()
        sleeping.remind_due()
    expect(row(page, tuya)).to_be_visible()
    page.locator("#bell > summary").click()
    page.locator("#bell .told").click()
    expect(page.locator("#who dd").first).to_have_text("Open")
    expect(page.locator("#bell .count")).to_have_count(0)


def test_what_was_split_off_is_put_back(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    bubble = page.locator("#log .msg", has_text="Thank you! It is order 88140.")
    bubble.hover()
    bubble.locator("details.menu summary").click()
    bubble.get_by_role("button", name="Make it a ticket of its own").click()
    expect(page.locator("#ticket")).not_to_have_attribute("data-number", str(lea.pk))
    expect(page.locator("#log .msg")).to_have_count(1)
    page.locator("#matters summary").click()
    page.get_by_role("button", name="Put back").click()
    page.get_by_role("link", name="it goes on in").click()
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(lea.pk))
    expect(bubble).to_be_visible()


def test_one_person_on_two_networks_is_joined_and_parted(
    visit: Any, people: Any, lea: Ticket, tuya: Ticket
) -> None:
    index_everything()
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.locator("#matters summary").click()
    page.get_by_label("Name, handle or ticket number of the same person").fill("tuya")
    page.get_by_role("button", name="Join Tuya Bold").click()
    reached = page.locator("#who section", has_text="Reached us from").locator("li")
    expect(reached).to_have_count(2)
    expect(reached.last).to_contain_text("Tuya Bold")
    expect(page.locator("#who .before")).to_contain_text("хүргэлт")
    page.locator("#matters summary").click()
    page.get_by_role("button", name="Part", exact=True).click()
    expect(reached).to_have_count(1)


def test_many_are_changed_while_one_looks_on(visit: Any, people: Any, lea: Ticket) -> None:
    """More than are done while one waits: the worker does them, and can take them back."""
    page = visit(people[0], "/inbox/unanswered/")
    for number in range(50):
        cast.ticket(lea.account, f"Jan Sever {number}", "Hello", minutes=100 + number)
    page.keyboard.press("*")
    page.locator("#many [data-deed=answered]").click()
    expect(page.locator("#sweep progress")).to_have_attribute("max", "55")
    sweep = Sweep.objects.get()
    many.go_on(sweep.pk)
    expect(page.locator("#sweep")).to_contain_text("55 tickets changed.")
    expect(page.locator("#tickets li.ticket")).to_have_count(0)
    page.locator("#sweep [data-undo]").click()
    expect(page.locator("#sweep progress")).to_be_visible()
    many.go_on(sweep.pk)
    expect(page.locator("#sweep")).to_contain_text("55 tickets are as they were.")
    expect(page.locator("#tickets li.ticket")).not_to_have_count(0)
