"""Which pictures there are: one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

DESK = (1280, 800)
PHONE = (390, 780)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: `docs/NAME.png`. `{ticket}` in its address is the ticket at work; `prepare` does what a
    person would do on the page before it is taken."""

    name: str
    address: str
    size: tuple[int, int] = DESK
    language: str = "en"
    prepare: Callable[[Page], None] = lambda page: None


def _open_first(page: Page) -> None:
    page.locator("main a[href*='/settings/hours/']").first.click()


def _show_possible(page: Page) -> None:
    """Two lines of history below a condition that is not finished yet: what could go on is proposed."""
    page.keyboard.press("/")
    page.keyboard.type("is:unanswered waiting:>5m (zadrga OR refund) is:", delay=10)
    page.wait_for_timeout(1200)


def _open_rule(page: Page) -> None:
    page.get_by_role("link", name="Broken zips go to Returns").first.click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Try it").or_(page.get_by_role("button", name="Try")).first.click()
    page.wait_for_timeout(1500)


PICTURES = (
    Picture("inbox", "/inbox/unanswered/"),
    Picture("ticket", "/inbox/open/{ticket}/"),
    Picture("search", "/inbox/unanswered/", prepare=_show_possible),
    Picture("rules", "/settings/rules/"),
    Picture("rule", "/settings/rules/", prepare=_open_rule),
    Picture("hours", "/settings/hours/", prepare=_open_first),
    Picture("away", "/settings/automatic/away/0/"),
    Picture("people", "/people/"),
    Picture("roles", "/settings/roles/"),
    Picture("arabic", "/inbox/open/{ticket}/", language="ar"),
    Picture("phone", "/tickets/{ticket}/", size=PHONE),
)
