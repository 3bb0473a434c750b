"""Which pictures there are: one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_BYTES = 200_000
"""A picture is no larger."""
DESK = (1440, 900)
TALL = (1280, 1240)
PHONE = (390, 780)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: `docs/NAME.png`. `{ticket}` in its address is the ticket at work, `{talk}` one with a talk
    in it; `prepare` does what a person would do on the page before it is taken."""

    name: str
    address: str
    size: tuple[int, int] = DESK
    language: str = "en"
    prepare: Callable[[Page], None] = lambda page: None


def _open_rule(page: Page) -> None:
    page.get_by_role("link", name="Broken zips go to Returns").first.click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Try it").or_(page.get_by_role("button", name="Try")).first.click()
    page.wait_for_timeout(1500)


PICTURES = (
    Picture("inbox", "/inbox/unanswered/{talk}/"),
    Picture("ticket", "/inbox/open/{ticket}/"),
    Picture("search", "/inbox/search/{ticket}/?q=is:unanswered+(zip*+OR+zadrg*+OR+refund)"),
    Picture("rules", "/settings/rules/"),
    Picture("rule", "/settings/rules/", size=TALL, prepare=_open_rule),
    Picture("hours", "/settings/hours/"),
    Picture("away", "/settings/automatic/away/0/"),
    Picture("people", "/people/"),
    Picture("roles", "/settings/roles/"),
    Picture("arabic", "/inbox/open/{ticket}/", language="ar"),
    Picture("phone", "/tickets/{ticket}/", size=PHONE),
)
