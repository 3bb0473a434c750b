"""What the templates beside the inbox need."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def languages() -> Sequence[tuple[str, str]]:
    """The languages Heed speaks, each by its own name."""
    return settings.LANGUAGES
