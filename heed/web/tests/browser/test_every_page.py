"""Every page beside the inbox, found by its address, as an owner sees it with something on it. What is new is
walked without a word; a page that another test looks at more closely stands in `ELSEWHERE`."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from heed.tests.looks import serious
from heed.tests.test_permissions import filled, pages, rows
from heed.tests.the_world import HOLDER, World
from heed.tests.who_may import PAGES

pytestmark = pytest.mark.browser

OF_TICKETS = (
    "",
    "inbox",
    "tickets",
    "messages",
    "sweeps",
    "files",
    "media",
    "completion",
    "palette",
    "language",
)
"""What addresses of the inbox and of its parts begin with: `test_looks` and others open it in every state."""

OF_SIGN_IN = ("me", "sign-in", "invitation")
"""Walked where somebody really signs in: `test_beside_the_inbox`."""

ELSEWHERE = {
    "test_beside_the_inbox": (
        "accounts/",
        "accounts/connect/",
        "accounts/connect/<str:network>/",
        "accounts/<int:account_id>/",
        "deliveries/<str:state>/",
        "people/",
        "preferences/",
    ),
    "test_people": (
        "settings/roles/",
        "settings/brands/",
        "settings/sign-in/",
        "settings/audit/",
        "settings/tokens/",
    ),
    "test_palette": (
        "preferences/shortcuts/",
        "settings/quick-texts/",
        "settings/guidelines/<slug:place>/",
    ),
    "test_tending": (
        "notices/",
        "settings/tags/",
        "settings/fields/",
        "settings/follow-up/",
        "settings/follow-up/<int:account>/",
    ),
    "test_time": (
        "settings/hours/new/",
        "settings/targets/",
        "settings/targets/new/",
        "settings/automatic/",
        "settings/automatic/<str:kind>/<int:account>/",
    ),
    "test_routing": ("settings/rules/new/", "settings/teams/<int:number>/"),
}


def left() -> list[str]:
    """The addresses that nobody else looks at, of pages or of what a page fetches."""
    known = {each for routes in ELSEWHERE.values() for each in routes}
    gone = known - set(PAGES)
    assert not gone, f"these are no addresses any more: {gone}"
    beside = [each for each in pages() if each.split("/")[0] not in (*OF_TICKETS, *OF_SIGN_IN)]
    return [
        each for each in beside if each not in known and any(row.method == "GET" for row in rows(PAGES[each]))
    ]


def faults(page: Page) -> list[str]:
    """What axe and a phone's width find. What stands around every page is looked at with others."""
    found = serious(page, within=".setting" if page.locator(".setting").count() else "#main")
    if not page.locator("h1").first.is_visible():
        found.append("no heading says where one is")
    page.set_viewport_size({"width": 320, "height": 640})
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("sticks out on a phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


def test_every_page_is_for_everybody(visit: Any, transactional_db: None) -> None:
    world = World()
    page = visit(world.people[HOLDER], "/preferences/")
    home, walked, found = page.url.removesuffix("/preferences/"), [], []
    for route in left():
        address = f"{home}/{filled(route, world.values[world.seen.pk])}"
        answer = page.context.request.get(address, max_redirects=0)
        if answer.status >= 500:
            found.append(f"{route}: {answer.status}")
        elif answer.ok and answer.text().lstrip().startswith("<!doctype html>"):  # no part of a page, no file
            page.goto(address)
            walked.append(route)
            found += [f"{route}: {each}" for each in faults(page)]
    assert found == []
    assert len(walked) > 20
