"""How one may write on the rubber network, and at what time it is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Capabilities, Late, Limit, Writing
from heed.channels.models import Account
from heed.inbox.models import Ticket
from heed.inbox.possible import Way, possible
from heed.inbox.tests.deliveries import NOON
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

DAY = 24 * 3600
PLAIN = Writing((Limit("chars", 100),), window=DAY)
LATE = replace(PLAIN, late=Late("human_agent", 7 * DAY, "Sent with the human-agent tag."))
COUNTED = replace(PLAIN, window=2 * DAY, sends=3)
APPROVED = replace(PLAIN, templates=True)


class Job:
    """The context of a job's first run."""

    class job:  # noqa: N801 - the shape procrastinate has
        attempts = 0


FIRST: Any = Job()


def can(rubber: Rubber, private_way: Writing | None = PLAIN, **more: Any) -> None:
    public = Writing((Limit("chars", 100),))
    rubber.capabilities = Capabilities(public=public, private=private_way, **more)


def waited(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    """It is so much later than noon."""
    now = NOON + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: now)


def way(account: Account) -> Way:
    return possible(Ticket.objects.select_related("account", "identity").get(account=account)).private
