"""When a ticket is due, as a chip."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from heed.inbox.models import Ticket
from heed.lib import clock
from heed.web import due_words
from heed.web.moments import ago, moment, time_or_moment

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
    shown = _late(ticket, at, short) if late else _due_in(ticket, at, short)
    if not short:
        return format_html('<span class="chip due{}">{}</span>', tone, shown)
    target = due_words.target(ticket.due_for)
    return format_html(
        '<span class="chip due{}" title="{}"><span class="unseen">{}: </span>{}</span>',
        tone,
        target,
        target,
        shown,
    )


def _late(ticket: Ticket, at: datetime, short: bool) -> SafeString:
    return format_html(
        '{} <time datetime="{}" data-when="{}">{}</time>',
        due_words.late() if short else due_words.overdue(ticket.due_for),
        at.isoformat(),
        "ago" if short else "moment",
        ago(at) if short else time_or_moment(at),
    )


def _due_in(ticket: Ticket, at: datetime, short: bool) -> SafeString:
    """By the calendar, until the page's script says how long still."""
    return format_html(
        '<time datetime="{}" data-when="until" data-words="{} {{0}}">{}</time>',
        at.isoformat(),
        due_words.due_in(ticket.due_for, short=short),
        due_words.due_at(ticket.due_for, moment(at), short=short),
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
