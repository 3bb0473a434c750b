"""Who looks at a ticket and who writes there: told to those who have it open, gone by itself."""

from __future__ import annotations

from datetime import timedelta

from heed.accounts.models import User
from heed.inbox.models import Presence, Ticket
from heed.lib import clock, live

LASTS = {Presence.Doing.LOOKING: timedelta(seconds=45), Presence.Doing.TYPING: timedelta(seconds=8)}
"""For how long it is believed without being said again."""


def others(ticket: Ticket, user: User) -> list[Presence]:
    """The colleagues who have this ticket open, those who write first."""
    here = Presence.objects.filter(ticket=ticket, until__gt=clock.now()).exclude(user=user)
    return sorted(here.select_related("user"), key=lambda each: (each.doing != "typing", each.user.name))


def come(ticket: Ticket, user: User, doing: str) -> list[Presence]:
    """Say that somebody is here and what they do; gives back who else is. They hear of it when it is news."""
    now = clock.now()
    known = Presence.objects.filter(ticket=ticket, user=user, until__gt=now).first()
    Presence.objects.update_or_create(
        ticket=ticket, user=user, defaults={"doing": doing, "until": now + LASTS[Presence.Doing(doing)]}
    )
    found = others(ticket, user)
    if known is None or known.doing != doing:
        _tell(ticket, found)
    return found


def go(ticket: Ticket, user: User) -> None:
    """Say that somebody has left."""
    if Presence.objects.filter(ticket=ticket, user=user).delete()[0]:
        _tell(ticket, others(ticket, user))


def _tell(ticket: Ticket, found: list[Presence]) -> None:
    """Only to those who are there: a desk of a hundred is not woken by every key that one presses."""
    if found:
        live.tell([f"here:{ticket.pk}:{each.user_id}" for each in found])


def forget() -> None:
    """Drop what has long expired."""
    Presence.objects.filter(until__lt=clock.now() - timedelta(hours=1)).delete()
