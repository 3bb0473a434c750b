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
    at = ticket.due_at
    if at is None or ticket.solved:
        return mark_safe("")
    left = at - clock.now()
    stands = date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    if left <= timedelta():
        words = due_words.overdue(ticket.due_for)
        shown = format_html('<time datetime="{}" data-when="moment">{}</time>', at.isoformat(), stands)
        return format_html('<span class="chip bad due" title="{}">{} · {}</span>', words, words, shown)
    words = due_words.due_in(ticket.due_for)
    shown = format_html('<time datetime="{}" data-when="until">{}</time>', at.isoformat(), stands)
    tone = " warn" if left < _SOON else ""
    if not short:
        return format_html('<span class="chip due{}">{} {}</span>', tone, words, shown)
    target = due_words.TARGETS.get(ticket.due_for, due_words.TARGETS["next_reply"])
    return format_html(
        '<span class="chip due{}" title="{}"><span class="unseen">{}: </span>{} {}</span>',
        tone,
        target,
        target,
        due_words.due_in(ticket.due_for, short=True),
        shown,
    )


@register.filter
def how_long(seconds: int) -> str:
    """Seconds in words."""
    return due_words.how_long(seconds)
