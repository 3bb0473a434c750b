"""Times in the reader's words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import User
from heed.inbox.models import Ticket
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
