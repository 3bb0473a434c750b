"""What is seen of a line of the list and of its heading, however little room there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import User
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.web.tests import cast

pytestmark = pytest.mark.browser

_CUT_OFF = """box => [...box.querySelectorAll('.chip')].filter(chip => {
    const [inner, outer] = [chip.getBoundingClientRect(), box.getBoundingClientRect()];
    return inner.bottom > outer.bottom + 1 || inner.left < outer.left - 1 || inner.right > outer.right + 1;
}).map(chip => chip.className)"""

_FIRST = """box => {
    const place = chip => chip.getBoundingClientRect().left;
    const across = [...box.children].sort((one, other) => place(one) - place(other));
    return across.at(getComputedStyle(box).direction == 'rtl' ? -1 : 0).className;
}"""


@pytest.fixture
def bound(people: tuple[User, User]) -> Ticket:
    """A ticket with a due time, a long account name, a colleague and a window that is open for long."""
    account = cast.account("whatsapp", "Acme Shoes and Boots on WhatsApp")
    ticket = cast.ticket(account, "Lea Marn", "Where is my parcel?")
    now = clock.now()
    Ticket.objects.filter(pk=ticket.pk).update(
        assignee=people[1],
        due_at=now + timedelta(hours=5),
        window_closes_at=now + timedelta(hours=9),
        waiting_since=now - timedelta(days=40),
    )
    return ticket


@pytest.mark.parametrize("language", ["en", "sl", "ar", "mn"])
def test_sorted_by_the_window_the_window_and_the_heading_are_seen(
    visit: Any, people: tuple[User, User], bound: Ticket, language: str
) -> None:
    page = visit(people[0], "/inbox/unanswered/", language=language)
    chips = page.locator(f"#t{bound.pk} .chips")
    assert not any("closes" in each for each in chips.evaluate(_CUT_OFF))
    page.locator("#order summary").click()
    page.locator("#order button", has_text="").last.click()
    expect(page.locator("#tickets")).to_have_attribute("data-order", "closing")
    assert not any("closes" in each for each in chips.evaluate(_CUT_OFF))
    first = chips.evaluate(_FIRST)
    assert first == "chip closes"
    title = page.locator("#queue h1 > bdi")
    assert title.evaluate("name => name.scrollWidth <= name.clientWidth"), title.text_content()
