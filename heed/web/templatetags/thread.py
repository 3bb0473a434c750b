"""Tags for a ticket's story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from heed.inbox import mentions
from heed.inbox.models import Message
from heed.web import story
from heed.web.written import Written, stored, write

register = template.Library()


@register.simple_tag(takes_context=True)
def part(context: dict[str, Any], row: story.Day | story.Happened | story.Said) -> SafeString:
    """A part of a ticket's story. A message is written once and shown until something of it changes: a thread
    that is opened or redrawn has fifty, of which one or none is new."""
    if not isinstance(row, story.Said) or row.message.state in _UNDER_WAY:
        return _written(context, row)
    return _PARTS.get(tuple(_shown(context, row)), lambda: _written(context, row))


_UNDER_WAY = frozenset({*Message.IN_FLIGHT, Message.State.FAILED})
"""What is told of these depends on the clock and on who looks."""

_PARTS = Written(3000)


def _written(context: dict[str, Any], row: story.Day | story.Happened | story.Said) -> SafeString:
    facts = {"row": row, **{name: context.get(name) for name in ("ticket", "user", "may")}}
    facts["names"] = _names(context, row)
    return write(row.part, facts)


def _names(context: dict[str, Any], row: story.Day | story.Happened | story.Said) -> tuple[str, ...]:
    """What the colleagues and teams are called whom a note can mention."""
    if not isinstance(row, story.Said) or row.message.visibility != "note" or "@" not in row.message.text:
        return ()
    return tuple(name for name, _who in mentions.names(context["colleagues"], context["teams"]))


def _shown(context: dict[str, Any], row: story.Said) -> Iterator[object]:
    """All that a message's bubble is made of."""
    message = row.message
    yield from (get_language(), timezone.localtime(message.at).utcoffset(), context["may"])
    yield from (row.likes, row.quote, row.quoted, _names(context, row))
    yield from stored(message)
    for one in (message.identity or context["ticket"].identity, message.author, *row.files):
        yield from stored(one) if one is not None else ()
    yield from ((earlier.at, earlier.text) for earlier in row.earlier)
    yield from (
        message.account.name,
        row.another,
        row.kind,
        row.story_is_over,
        row.from_another,
        row.can_be_quoted,
        row.why_no_quote,
    )
    yield row.receivers
    acts = row.actions_of(context["user"])
    yield from ((act["name"], act["may"], str(act["why"]), act["choices"]) for act in acts)
