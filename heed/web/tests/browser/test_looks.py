"""The inbox, looked over: nothing serious for those who cannot see or point, nothing from elsewhere."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from playwright.sync_api import Page, expect

from heed.accounts.models import User
from heed.inbox.models import Ticket
from heed.lib.text import Unit, measure
from heed.tests.looks import DARK, LIGHT, PHONE, serious_in
from heed.web.tests import cast

pytestmark = pytest.mark.browser

LOOKS = {"en": [LIGHT, DARK, PHONE], "ar": [LIGHT]}


@pytest.fixture
def maja(transactional_db: None) -> User:
    return cast.maja()


@pytest.fixture
def lea(maja: User) -> Ticket:
    return cast.a_morning(cast.ana(), cast.ivo())


@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_serious(visit: Any, maja: User, lea: Ticket, language: str) -> None:
    trouble = {"state": "failed", "reason": "outside_window", "external_id": ""}
    cast.wrote(lea, maja, "Too late", **trouble)
    cast.wrote(lea, maja, "Perhaps", state="unknown", external_id="")
    looks = LOOKS[language]
    page = visit(maja, f"/inbox/unanswered/{lea.pk}/", language=language)
    expect(page.locator("#composer")).to_be_visible()
    assert serious_in(page, looks) == []
    page.locator("#ticket-menu summary").click()
    assert serious_in(page, looks) == []
    page.get_by_role("tab").last.click()
    assert serious_in(page, looks) == []
    page.goto(path_in(page, "/inbox/mine/"))
    assert serious_in(page, looks) == []


def path_in(page: Page, path: str) -> str:
    return "/".join(page.url.split("/")[:3]) + path


def test_nothing_comes_from_elsewhere_and_the_policy_is_kept(visit: Any, maja: User, lea: Ticket) -> None:
    before = visit(maja, "/inbox/unanswered/")
    here, page = path_in(before, ""), before.context.new_page()
    asked: list[str] = []
    said: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.goto(f"{here}/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Note").click()
    page.locator("#composer textarea").fill("All from here")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#log .note:not(.sending-now)", has_text="All from here")).to_have_count(1)
    assert [url for url in asked if not url.startswith(here)] == []
    assert [text for kind, text in said if kind == "error"] == []


TEXTS = [
    "plain",
    "šumniki čšž ŠČŽ",
    "e\u0301 combining",
    "👩‍👩‍👧‍👦 family, 🇸🇮 flag, 👍🏽 tone",
    "Сайн байна уу",
    "السلام عليكم ورحمة الله",
    "line\nbreaks\r\nof both kinds",
    "日本語 “narekovaj” acme.com/returns, https://acme.example/a?b. ana@acme.com",
    "",
]


def test_the_composer_measures_as_the_server_does(visit: Any, maja: User, lea: Ticket) -> None:
    page = visit(maja, f"/inbox/unanswered/{lea.pk}/")
    script = "([texts, unit]) => import('heed/measure').then(m => texts.map(text => m.measure(text, unit)))"
    for unit in get_args(Unit):
        assert page.evaluate(script, [TEXTS, unit]) == [measure(text, unit) for text in TEXTS], unit


def test_several_limits_hold_at_once(visit: Any, maja: User, lea: Ticket) -> None:
    omar = Ticket.objects.get(identity__name="Omar Badr")
    page = visit(maja, f"/inbox/open/{omar.pk}/")
    field = page.locator("#composer textarea")
    page.get_by_role("tab", name="Reply publicly").click()
    field.fill("a" * 300)
    expect(page.locator("[data-refusal]")).to_be_hidden()
    field.fill("a" * 301)
    expect(page.locator("#counter")).to_have_text("301 / 300")
    expect(page.locator("[data-refusal]")).to_be_visible()
    field.fill("👩‍👩‍👧‍👦" * 200)  # 200 graphemes, but 5,000 bytes
    expect(page.locator("#counter")).to_have_text("5000 / 3000")


@pytest.mark.parametrize("language", ["en", "sl", "ar", "mn"])
def test_the_inbox_fits_a_small_phone(visit: Any, maja: User, lea: Ticket, language: str) -> None:
    page = visit(maja, "/inbox/unanswered/", language=language, size=(320, 640))
    assert wider_than_the_screen(page) == []
    page.goto(path_in(page, f"/inbox/unanswered/{lea.pk}/"))
    page.locator("#composer textarea").fill("Half a sentence")
    assert wider_than_the_screen(page) == []
    page.locator(".thread .about").click()
    expect(page.locator("#who")).to_be_visible()
    assert wider_than_the_screen(page) == []


def wider_than_the_screen(page: Page) -> list[str]:
    """Buttons, fields and headings that reach past the edge and cannot be scrolled to."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(one => one.matches('button, a, textarea, input, h1, h2, p, summary'))
            .filter(one => one.checkVisibility() && !one.closest('.unseen, .ways, .skip, [popover]'))
            .filter(one => {
              const box = one.getBoundingClientRect();
              return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
            })
            .map(one => one.outerHTML.slice(0, 120))"""
    )
    return found
