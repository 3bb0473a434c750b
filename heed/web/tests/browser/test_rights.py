"""What people may do: their browsers, their roles, their teams, and their keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heed.accounts.models import Team, User
from heed.inbox import verbs
from heed.inbox.models import Notice, Ticket
from heed.web.tests import cast

pytestmark = pytest.mark.browser


def home(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


def test_a_browser_left_behind_is_signed_out_from_here(visit: Any, people: Any, lea: Ticket) -> None:
    there = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    here = visit(people[0], "/preferences/")
    rows = here.locator("#sessions li")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="This browser")).to_have_count(1)
    here.get_by_role("button", name=re.compile("^Sign out there")).click()
    expect(rows).to_have_count(1)
    there.reload()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
    here.reload()
    expect(rows).to_have_count(1)


def test_a_role_of_ones_own_holds_at_once(visit: Any, people: Any, lea: Ticket) -> None:
    """An owner makes it and gives it; who has it sees what they may, and nothing of the settings."""
    maja, ivo = cast.maja(), people[1]
    page = visit(maja, "/settings/roles/")
    page.get_by_role("link", name="Make a role").click()
    page.get_by_label("Name").fill("Night shift")
    for each in ("See tickets", "Write notes"):
        page.get_by_label(each).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".matrix thead")).to_contain_text("Night shift")
    page.get_by_role("link", name="Change Night shift").click()
    page.get_by_label("Name").fill("Night watch")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".matrix thead")).to_contain_text("Night watch")
    page.get_by_role("link", name="People").click()
    page.get_by_role("main").get_by_role("link", name="Ivo Horvat").click()
    page.get_by_role("button", name="Take away Agent").click()
    page.get_by_label("Role").select_option(label="Night watch")
    his = visit(ivo, f"/inbox/unanswered/{lea.pk}/")
    expect(his.get_by_role("heading", name="Broken zip")).to_have_count(0)
    page.get_by_role("button", name="Give", exact=True).click()
    his.goto(f"{home(his)}/inbox/unanswered/{lea.pk}/")
    expect(his.get_by_role("tab")).to_have_text(["Note"])
    expect(his.get_by_role("button", name="Mark answered")).to_have_count(0)
    page.get_by_role("button", name="End access").click()
    expect(page.get_by_role("main")).to_contain_text("No access")
    his.reload()
    expect(his.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_does_not_look_after_the_desk_is_told_so(visit: Any, people: Any, lea: Ticket) -> None:
    team = Team.objects.create(name="Returns")
    page = visit(people[0], "/settings/")
    for path in ("people/", "settings/roles/", f"settings/teams/{team.pk}/", "settings/rules/", "accounts/"):
        expect(page.locator(f".settings-list a[href='/{path}']")).to_have_count(0)
        page.goto(f"{home(page)}/{path}")
        expect(page.get_by_role("heading", name="This page is not for you")).to_be_visible()


def test_single_keys_are_switched_off(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[0], "/preferences/")
    page.get_by_label("Keys without Ctrl or Alt work").uncheck()
    page.locator("#shortcuts").get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    page.goto(f"{home(page)}/inbox/unanswered/{lea.pk}/")
    page.locator("#me summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    keys = page.locator("#keys [data-action] kbd")
    expect(keys).to_have_text(["Alt G", "Ctrl K"])
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette input")).to_be_focused()
    assert Ticket.objects.get(pk=lea.pk).unanswered


def test_notices_are_read_on_their_page(visit: Any, people: tuple[User, User], lea: Ticket) -> None:
    ana, ivo = people
    page = visit(ana, "/notices/")
    expect(page.get_by_role("main")).to_contain_text("Nothing yet")
    verbs.note(lea, ivo, "@Ana can you look?")
    told = page.locator("main .told")
    expect(told).to_contain_text("can you look?")
    expect(page.locator("#bell .count")).to_have_text("1")
    page.get_by_role("button", name="Mark all as seen").click()
    expect(page.locator("main .told.fresh")).to_have_count(0)
    expect(page.locator("#bell .count")).to_have_count(0)
    told.click()
    expect(page.locator("#log .note", has_text="can you look?")).to_be_visible()
    assert Notice.objects.get().seen_at is not None
