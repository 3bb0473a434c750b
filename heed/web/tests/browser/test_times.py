"""Times in the reader's words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import User
from heed.inbox.models import Message, Ticket
from heed.lib import clock
from heed.web.tests import cast

pytestmark = pytest.mark.browser


def test_earlier_tickets_can_be_told_apart_by_when_they_were(
    visit: Any, people: tuple[User, User], transactional_db: None
) -> None:
    account = cast.account()
    lea = cast.ticket(account, "Lea Marn", "Hello?", post=cast.post(account))
    now = clock.now()
    at = [now, now - timedelta(days=8), now - timedelta(days=800)]
    for number, each in enumerate(at):
        other = cast.ticket(account, "Lea Marn", f"Matter {number}", post=cast.post(account))
        Ticket.objects.filter(pk=other.pk).update(
            identity=lea.identity, customer=lea.customer, last_at=each, status="solved"
        )
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    day = page.evaluate(
        "at => new Date(at).toLocaleDateString('en', { day: 'numeric', month: 'short' })", at[1].isoformat()
    )
    shown = page.locator("#who .before small")
    expect(shown.nth(0)).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(shown.nth(1)).to_have_text(day)
    expect(shown.nth(2)).to_have_text(str(at[2].year))


@pytest.mark.parametrize("language", ["en", "sl", "ar", "mn"])
def test_the_script_says_what_the_server_said(
    visit: Any, people: tuple[User, User], transactional_db: None, language: str
) -> None:
    account = cast.account()
    now = clock.now()
    for number, days in enumerate([10, 400]):
        ticket = cast.ticket(account, "Lea Marn", f"Matter {number}", post=cast.post(account))
        at = now - timedelta(days=days)
        Ticket.objects.filter(pk=ticket.pk).update(last_at=at, opened_at=at, waiting_since=at)
        Message.objects.filter(ticket=ticket).update(at=at)
    page = visit(people[0], "/inbox/unanswered/", language=language)
    page.context.add_cookies([{"name": "heed_zone", "value": "Europe/Ljubljana", "url": page.url}])
    page.goto(page.url.split("/inbox/")[0] + f"/inbox/unanswered/{ticket.pk}/")
    served = page.evaluate(
        """async () => new DOMParser().parseFromString(await (await fetch(location)).text(), "text/html")
             .documentElement.outerHTML"""
    )
    told = """html => {
      const page = html ? new DOMParser().parseFromString(html, "text/html") : document;
      const times = page.querySelectorAll("time[data-when=ago], time[data-when=moment], time[data-day]");
      return [...times].map((each) => each.textContent.replaceAll("\u202f", " "));
    }"""
    shown = page.evaluate(told, "")
    assert shown == page.evaluate(told, served)
    assert any(str((now - timedelta(days=400)).year) in each for each in shown)
