"""When a ticket is due, as a chip."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from heed.inbox.models import Ticket
from heed.lib import clock
from heed.web import due_words

register = template.Library()

_SOON = timedelta(minutes=30)


@register.simple_tag
def due(ticket: Ticket, *, short: bool = False) -> SafeString:
    """What is due for the ticket and in how long, or that it is overdue; nothing where nothing is. In short,
    for a row of a list, what is due is told by the title and to those who listen."""
    state = urgency(ticket)
    at = ticket.due_at
    if not state or at is None:
        return mark_safe("")
    late, tone = state == "overdue", _TONES[state]
    told = ("ago" if late else "until") if short else ("moment" if late else "until")
    stands = date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    shown = format_html('<time datetime="{}" data-when="{}">{}</time>', at.isoformat(), told, stands)
    words = due_words.overdue(ticket.due_for) if late else due_words.due_in(ticket.due_for)
    if not short:
        return format_html('<span class="chip due{}">{} {}</span>', tone, words, shown)
    return format_html(
        '<span class="chip due{}" title="{}"><span class="unseen">{}: </span>{} {}</span>',
        tone,
        due_words.target(ticket.due_for),
        due_words.target(ticket.due_for),
        due_words.late() if late else due_words.due_in(ticket.due_for, short=True),
        shown,
    )


_TONES = {"overdue": " bad", "soon": " warn", "later": ""}


def urgency(ticket: Ticket) -> str:
    """`overdue`, `soon` or `later`; "" where nothing is due."""
    if ticket.due_at is None or ticket.solved:
        return ""
    left = ticket.due_at - clock.now()
    return "overdue" if left <= timedelta() else "soon" if left < _SOON else "later"


@register.filter
def how_long(seconds: int) -> str:
    """Seconds in words."""
    return due_words.how_long(seconds)
