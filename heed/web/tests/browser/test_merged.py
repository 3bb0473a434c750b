"""A ticket that is merged, or parted again, while somebody writes in it, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.accounts.models import User
from heed.inbox import verbs
from heed.inbox.models import Draft, Ticket
from heed.lib import live
from heed.web.tests import cast
from heed.web.tests.browser.inbox import field

pytestmark = pytest.mark.browser


@pytest.fixture
def two(people: tuple[User, User]) -> tuple[Ticket, Ticket]:
    """Two public tickets of one person: the one that is kept, and the one that goes on in it."""
    account = cast.account()
    kept, gone = (cast.ticket(account, "Lea Marn", text, post=cast.post(account)) for text in ("One", "Two"))
    Ticket.objects.filter(pk=gone.pk).update(identity=kept.identity, customer=kept.customer)
    gone.refresh_from_db()
    return kept, gone


def opened(visit: Any, person: User, ticket: Ticket) -> Page:
    page: Page = visit(person, f"/inbox/all/{ticket.pk}/")
    page.get_by_role("tab", name="Reply publicly").click()
    return page


def saved(page: Page) -> Any:
    return page.expect_response(lambda response: "/drafts/public/" in response.url)


def goes_on(page: Page, ticket: Ticket) -> Any:
    return page.get_by_role("link", name=f"This ticket was merged: it goes on in #{ticket.pk}.")


def test_what_one_is_typing_when_a_colleague_merges_goes_on_there(
    visit: Any, people: tuple[User, User], two: tuple[Ticket, Ticket]
) -> None:
    (ana, ivo), (kept, gone) = people, two
    page = opened(visit, ana, gone)
    with saved(page):
        field(page).fill("So sorry,")
    field(page).press_sequentially(" Lea")  # not saved yet
    verbs.merge(gone, kept, ivo)
    expect(goes_on(page, kept)).to_be_visible()
    expect(page.locator("#composer")).to_have_count(0)
    expect(page.locator("#begun .said")).to_contain_text("So sorry, Lea")
    goes_on(page, kept).click()
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(kept.pk))
    with saved(page):
        page.get_by_role("button", name="Go on with it here").click()
    expect(field(page)).to_have_value("So sorry, Lea")
    expect(page.locator("#begun")).to_be_empty()
    assert [*Draft.objects.values_list("ticket", "text")] == [(kept.pk, "So sorry, Lea")]


def test_what_one_has_in_both_is_joined_where_one_wants_it(
    visit: Any, people: tuple[User, User], two: tuple[Ticket, Ticket]
) -> None:
    (ana, ivo), (kept, gone) = people, two
    verbs.keep_draft(ana, gone, "public", "And the zip.")
    page = opened(visit, ana, kept)
    with saved(page):
        field(page).fill("The size is wrong.")
    verbs.merge(gone, kept, ivo)
    button = page.get_by_role("button", name="Go on with it here")
    expect(button).to_be_visible()
    expect(field(page)).to_have_value("The size is wrong.")
    button.click()
    expect(field(page)).to_have_value("The size is wrong.\n\nAnd the zip.")
    expect(button).to_have_count(0)
    texts = [*Draft.objects.values_list("ticket", "text")]
    assert texts == [(kept.pk, "The size is wrong.\n\nAnd the zip.")]


def test_parted_again_one_goes_on_writing(
    visit: Any, people: tuple[User, User], two: tuple[Ticket, Ticket]
) -> None:
    (ana, ivo), (kept, gone) = people, two
    page = opened(visit, ana, gone)
    with saved(page):
        field(page).fill("So sorry")
    record = verbs.merge(gone, kept, ivo)
    expect(goes_on(page, kept)).to_be_visible()
    verbs.unmerge(record, ivo)
    expect(field(page)).to_have_value("So sorry")
    expect(goes_on(page, kept)).to_have_count(0)
    expect(page.locator("#begun")).to_be_empty()
    with saved(page):
        field(page).fill("So sorry, Lea")
    page.locator("[data-send]").click()
    expect(page.locator("#log .msg.out:not(.sending-now)", has_text="So sorry, Lea")).to_have_count(1)


def test_a_change_to_what_was_sent_is_not_lost(
    visit: Any, people: tuple[User, User], two: tuple[Ticket, Ticket]
) -> None:
    (ana, ivo), (kept, gone) = people, two
    page = opened(visit, ana, gone)
    page.evaluate(
        """async () => {
            const { openComposer } = await import("heed/composer");
            openComposer().change("/nowhere/", "Helo", "public");
        }"""
    )
    field(page).fill("Hello")
    verbs.merge(gone, kept, ivo)
    expect(page.locator("#begun .said")).to_have_text("Hello")


def test_who_may_write_no_more_still_reads_what_they_began(
    visit: Any, people: tuple[User, User], two: tuple[Ticket, Ticket]
) -> None:
    ana, gone = people[0], two[1]
    page = opened(visit, ana, gone)
    with saved(page):
        field(page).fill("So sorry")
    ana.grants.update(role="viewer")
    live.tell([f"ticket:{gone.pk}"])
    expect(page.get_by_text("You may read this ticket, not answer it.")).to_be_visible()
    expect(page.locator("#begun .said")).to_have_text("So sorry")
