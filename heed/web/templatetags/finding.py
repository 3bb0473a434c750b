"""What the templates of search need."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from heed.inbox.models import Ticket
from heed.inbox.reach.counters import MOST_COUNTED

register = template.Library()

_COUNTED = ("overdue", "mentions")


@register.filter
def bounded(count: int | str, view: str = "") -> int | str:
    """A count; of what is only counted so far, “99+”. The kept counters (`view`) know their number."""
    counted = not view or view in _COUNTED
    if counted and isinstance(count, int) and count >= MOST_COUNTED:
        return f"{MOST_COUNTED - 1}+"
    return count


@register.simple_tag(takes_context=True)
def found(context: dict[str, Any], ticket: Ticket) -> SafeString:
    """A ticket's line in a search: with the words that were looked for, where they stand in a message."""
    facts = {name: context.get(name) for name in ("place", "user", "number")}
    line = render_to_string(
        "inbox/_ticket_row.html", facts | {"ticket": ticket, "hit": context.get("hits", {}).get(ticket.pk)}
    )
    return mark_safe(line.rstrip("\n"))  # noqa: S308
