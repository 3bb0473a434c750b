"""Reading a delivery again."""

from __future__ import annotations

from heed.accounts.models import User
from heed.inbox.models import Delivery
from heed.lib import live


def replay(delivery: Delivery, user: User) -> None:
    """Read a delivery again, as if it had just come. Doing so any number of times changes nothing."""
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.PENDING, problems=[], done_at=None)
    live.tell(["deliveries", "ledger"])
