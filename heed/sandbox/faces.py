"""What the page's templates need to show people."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def initials(name: str) -> str:
    """The first letters of a name's first two words."""
    return "".join(word[0] for word in name.split()[:2]).upper()


@register.filter
def tone(name: str) -> int:
    """One of six tones, the same for the same name."""
    return sum(name.encode()) % 6
