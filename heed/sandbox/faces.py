"""What the page's templates need to show people and what they can do."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django import template

from heed.sandbox.frame import Simulator
from heed.sandbox.kinds import Kind
from heed.sandbox.scene import Line, PostView

register = template.Library()


@register.filter
def initials(name: str) -> str:
    """The first letters of a name's first two words."""
    return "".join(word[0] for word in name.split()[:2]).upper()


@register.filter
def tone(name: str) -> int:
    """One of six tones, the same for the same name."""
    return sum(name.encode()) % 6


@register.filter
def fitting(kinds: Sequence[Kind], line: Line | PostView) -> dict[str, list[Kind]]:
    """What can be done to this post or line: openly, and in its menu."""
    able = [kind for kind in kinds if kind.fits(line)]
    return {
        "openly": [each for each in able if each.quick],
        "menu": [each for each in able if not each.quick],
    }


@register.filter
def by_use(kinds: Sequence[Kind]) -> dict[str, list[Kind]]:
    """What is written in a composer: every day, now and then, and by the company elsewhere."""
    written = [each for each in kinds if not each.company]
    everyday = [each for each in written if each.verb in EVERY_DAY and not each.facts]
    return {
        "everyday": everyday,
        "more": [each for each in written if each not in everyday],
        "company": [each for each in kinds if each.company],
    }


EVERY_DAY = frozenset({"comment", "mention", "message"})


@register.filter
def without_words(line: Line, network: Simulator) -> str:
    """What a message is that shows neither words nor a file."""
    made = network.made_as.get(line.id)
    return str(made.words) if made and not (line.text or line.picture or line.files) else ""


@register.filter
def in_json(kind: Kind) -> str:
    """What is played beside who does it and what is entered."""
    return json.dumps(dict(kind.facts), ensure_ascii=False)


@register.filter
def pressed(line: Line | PostView, kind: Kind) -> str:
    """Whether it is done already, as `aria-pressed` says it."""
    return "true" if getattr(line, kind.toggle) else "false"
