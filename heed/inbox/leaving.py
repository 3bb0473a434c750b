"""Which accounts may leave altogether: those of which nothing was ever taken in or sent."""

from __future__ import annotations

from heed.channels.verbs import HAS_HISTORY, CannotRemove
from heed.inbox.models import Delivery, Identity, Message, Post, Ticket


def demand_nothing_came(account: int) -> None:
    """Raises `CannotRemove` where the account has a delivery, a ticket, a message of ours, or anybody or
    anything we know from its network. What customers wrote stands in one of those."""
    rows = (Ticket.objects, Identity.objects, Post.objects, Message.objects.filter(direction="out"))
    if any(each.filter(account=account).exists() for each in (*rows, Delivery.objects)):
        raise CannotRemove(HAS_HISTORY)
