"""A number that is none, or larger than any, breaks no page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.inbox.models import Ticket
from heed.web.tests import cast


@pytest.mark.parametrize("number", ["²", "9" * 19, "9" * 4301], ids=["raised", "large", "endless"])
def test_a_number_that_is_none(maja: User, number: str) -> None:
    client, lea = Client(), cast.ticket(cast.account(), "Lea Marn", "Where is my order?")
    client.force_login(maja)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/palette/", {"ticket": number}),
        ("/inbox/news/", {"ticket": number, "account": number, "open": number, "rows": number}),
        ("/inbox/search/", {"q": f"#{number[:2000]}"}),
        ("/inbox/search/rows/", {"q": f"account:{number[:2000]}"}),
        ("/inbox/search/complete/", {"q": "is:", "at": number}),
        ("/deliveries/done/", {"after": number}),
        ("/settings/audit/", {"before": number}),
    ]
    for address, facts in asked:
        assert client.get(address, facts).status_code < 500, address
    of_ticket = f"/tickets/{lea.pk}"
    sent: list[tuple[str, dict[str, Any]]] = [
        (f"{of_ticket}/merge/", {"from": number}),
        (f"{of_ticket}/join/", {"with": number}),
        (f"{of_ticket}/team/", {"team": number}),
        (f"{of_ticket}/assignee/", {"person": number}),
        (f"{of_ticket}/messages/", {"visibility": "private", "text": "On its way.", "files": number}),
        ("/notices/seen/", {"ticket": number}),
        ("/sweeps/", {"deed": "team", "value": number, "numbers": number, "account": number}),
        ("/settings/views/1/move/", {"order": number}),
        (f"/settings/brands/accounts/{lea.account_id}/", {"brand": number}),
    ]
    for address, facts in sent:
        assert client.post(address, facts).status_code < 500, address
    assert Ticket.objects.get().merged_into_id is None
