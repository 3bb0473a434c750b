"""The cheat sheet, the palette and the list of shortcuts in the preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from heed.accounts.models import User
from heed.web import actions
from heed.web.written import Written, write

register = template.Library()


@register.simple_tag(takes_context=True)
def cheat_sheet(context: dict[str, Any]) -> SafeString:
    """The keys of whoever looks at the page, which its scripts read, too."""
    user = context["request"].user
    assert isinstance(user, User)
    found = actions.shortcuts(user)
    shows = (get_language(), *((each.action.name, each.key) for each in found))
    return _SHEETS.get(shows, lambda: write("inbox/_keys.html", {"groups": _groups(found)}))


_SHEETS = Written(200)


def _groups(found: list[actions.Shortcut]) -> list[tuple[Promise, list[actions.Shortcut], Any]]:
    return [
        (
            words,
            [each for each in found if each.action.place == place],
            [(key, said) for key, said, where in actions.FIXED if where == place],
        )
        for place, words in actions.PLACES.items()
    ]


@register.simple_tag(takes_context=True)
def key(context: dict[str, Any], name: str) -> SafeString:
    """The key of an action on its button; nothing where this person has none."""
    user = context.get("user") or context["request"].user
    shown = actions.Shortcut(actions.NAMES[name], actions.key_of(user, actions.NAMES[name])).shown
    return (
        format_html("<kbd>{}</kbd>", shown.upper() if len(shown) == 1 else shown) if shown else SafeString()
    )


@register.simple_tag
def palette() -> SafeString:
    """The window in which one finds anything and does it."""
    return _PALETTES.get((get_language(),), lambda: write("parts/_palette.html", {}))


_PALETTES = Written(20)


@register.inclusion_tag("preferences/_shortcuts.html", takes_context=True)
def own_shortcuts(
    context: dict[str, Any], given: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Every action with the key one has for it; after a refusal what was given, and why not."""
    user = context["request"].user
    assert isinstance(user, User)
    given, wrong = given or {}, wrong or {}
    rows = [
        (each.action, given.get(each.action.name, user.keys.get(each.action.name, each.action.key)),
         wrong.get(each.action.name, ""))
        for each in actions.shortcuts(user)
    ]  # fmt: skip
    places = [
        (words, [row for row in rows if row[0].place == place]) for place, words in actions.PLACES.items()
    ]
    return {
        "places": places,
        "single_keys": given.get("single_keys") == "on" if given else user.single_keys,
        "own": bool(user.keys) or not user.single_keys,
        "csrf_token": context.get("csrf_token"),
    }
