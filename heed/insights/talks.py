"""What was said in private on an account, for the calculations of "very responsive"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import Message, Ticket
from heed.inbox.reach import sight
from heed.insights.reading import ARRIVED
from heed.insights.responsive import Line

MOST_TICKETS = 5_000
MOST_LINES = 50_000


def talks(user: User, account: Account, now: datetime) -> tuple[list[Line], bool]:
    """The private messages up to now, of the tickets this person may see figures of, and whether there were
    older ones that were left out: the newest count. Raises `NotAllowed`."""
    seen = Ticket.objects.filter(sight(user, "figures").q(), account=account, spam=False)
    tickets = list(seen.order_by("-last_at", "-id").values_list("pk", flat=True)[: MOST_TICKETS + 1])
    said = Message.objects.filter(ticket__in=tickets[:MOST_TICKETS], visibility="private", at__lte=now)
    rows = said.order_by("-at", "-id").values(
        "pk", "ticket_id", "identity_id", "direction", "kind", "automatic", "origin", "state", "at"
    )
    found = list(rows[: MOST_LINES + 1])
    cut = len(tickets) > MOST_TICKETS or len(found) > MOST_LINES
    return _lines(found[:MOST_LINES]), cut


def _lines(rows: Iterable[Mapping[str, Any]]) -> list[Line]:
    found = []
    for row in rows:
        by = _by(row)
        if by is not None:
            talk = row["identity_id"] or -row["ticket_id"]  # nobody knows with whom: the ticket is the talk
            found.append(Line(talk, row["at"], by, f"m{row['pk']}"))
    return found


def _by(row: Mapping[str, Any]) -> Literal["customer", "person", "bot", "automatic"] | None:
    """Who said it; None for what does not count: said to another app, or not with the customer."""
    if row["direction"] == "in":
        if row["kind"] == "standby":
            return None
        return "automatic" if row["automatic"] else "customer"
    if row["state"] not in ARRIVED:
        return None
    if row["origin"] == "bot":
        return "bot"
    return "automatic" if row["automatic"] or row["origin"] else "person"
