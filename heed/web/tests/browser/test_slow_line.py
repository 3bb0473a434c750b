"""Somebody whose answers come late is quicker than the page, and loses neither a key nor a choice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from heed.inbox.models import Ticket
from heed.inbox.reach import saved
from heed.inbox.verbs import mark_answered, saving
from heed.library import verbs as library
from heed.web.tests import cast

pytestmark = pytest.mark.browser


@contextmanager
def held(page: Page, address: str) -> Iterator[None]:
    """What is asked for at this address meanwhile is answered only at the end."""
    waiting: list[Route] = []
    holding = True

    def hold(route: Route) -> None:
        if holding:
            waiting.append(route)
        else:
            route.continue_()

    with page.expect_request(re.compile(re.escape(address))):
        page.route(f"**{address}**", hold)
        yield
    holding = False
    for route in waiting:
        route.continue_()


def test_enter_takes_a_quick_text_that_is_not_there_yet(visit: Any, people: Any, lea: Ticket) -> None:
    library.make_quick_text(people[0], "parcel", "A new boot is on its way.")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field = page.locator("#composer textarea")
    field.focus()
    with held(page, "/quick-texts/"):
        page.keyboard.type("/par")
        page.keyboard.press("Enter")
    expect(field).to_have_value("A new boot is on its way.")


def test_enter_begins_a_line_where_no_quick_text_comes(visit: Any, people: Any, lea: Ticket) -> None:
    library.make_quick_text(people[0], "parcel", "A new boot is on its way.")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field = page.locator("#composer textarea")
    field.focus()
    with held(page, "/quick-texts/"):
        page.keyboard.type("/xyz")
        page.keyboard.press("Enter")
    expect(field).to_have_value("/xyz\n")


def test_a_chosen_proposal_stays_chosen_when_more_come(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/inbox/open/")
    box = page.get_by_role("combobox", name="Search all tickets")
    options = page.get_by_role("listbox").get_by_role("option")
    box.press_sequentially("is:una")
    expect(options).to_have_count(2)
    with held(page, "/search/complete/"):
        page.keyboard.type("n")
        page.keyboard.press("ArrowDown")
        expect(box).to_have_attribute("aria-activedescendant", "proposals-0")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(box).to_have_value("is:unanswered ")


def test_the_next_tag_begun_meanwhile_stays(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    field = page.locator("#who .tagging input")
    field.focus()
    with held(page, f"/tickets/{lea.pk}/tags/"):
        page.keyboard.type("zip")
        page.keyboard.press("Enter")
        field.fill("refund")
    expect(page.locator("#who .chip.tag")).to_contain_text("zip")
    expect(field).to_have_value("refund")


def test_the_last_order_is_the_one_that_is_kept(heed: str, visit: Any, transactional_db: None) -> None:
    maja = cast.maja()
    for name in ("Zips", "Heels", "Soles"):
        saving.keep_view(maja, name, "is:open")
    page = visit(maja, "/settings/views/").context.new_page()
    page.goto(f"{heed}/settings/views/")
    handles = page.locator(".handle")
    zips = next(view for view in saved.saved_views(maja) if view.name == "Zips")
    asked: list[str] = []
    with page.expect_response(lambda answer: (answer.request.post_data or "").endswith(f"={zips.pk}")):
        with held(page, "/move/"):
            page.on("request", lambda request: asked.append(request.url) if "/move/" in request.url else None)
            handles.nth(0).press("ArrowDown")
            handles.nth(1).press("ArrowDown")
            expect(page.locator("[data-pk] a").filter(has_not_text="Edit").last).to_have_text("Zips")
        assert len(asked) == 1, "the second must not overtake the first"
    assert [view.name for view in saved.saved_views(maja)] == ["Heels", "Soles", "Zips"]


def test_news_that_did_not_come_are_fetched_again(visit: Any, people: Any, lea: Ticket) -> None:
    """Nobody asked for them: no word of it, and the page is right as soon as the server answers again."""
    page = visit(people[0], "/inbox/unanswered/")
    fallen = []

    def fall(route: Route) -> None:
        fallen.append(route.request.url)
        if len(fallen) == 1:
            route.abort()
        else:
            route.fulfill(status=502, body="")

    page.route("**/inbox/news/**", fall, times=2)
    mark_answered(lea, people[1])
    expect(page.locator(f"#t{lea.pk}")).to_have_count(0)
    assert len(fallen) == 2
    expect(page.locator("#toasts .toast")).to_have_count(0)


def test_a_key_is_meant_for_the_ticket_that_is_on_its_way(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    other = page.locator("#tickets li.ticket:not([aria-current])").first
    number = str(other.get_attribute("id")).removeprefix("t")
    other.locator("a.name").focus()
    with held(page, f"/inbox/unanswered/{number}/"):
        page.keyboard.press("Enter")
        page.keyboard.press("e")
    expect(page.locator(f"#ticket[data-number='{number}']")).to_be_visible()
    expect(page.locator(f"#t{number}")).to_have_count(0)  # answered, and no longer in this list
    expect(page.locator(f"#t{lea.pk}")).to_be_visible()
    lea.refresh_from_db()
    assert lea.unanswered
    assert not Ticket.objects.get(pk=number).unanswered
