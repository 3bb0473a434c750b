"""What templates need beyond Django's own tags."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from heed.accounts.models import User
from heed.web import nav as side_bar

register = template.Library()

_STATIC = Path(__file__).parent.parent / "static"
_SHEETS = ("tokens", "base", "layout", "components", "nav", "queue", "thread", "composer", "customer")


@register.simple_tag
def stylesheets() -> SafeString:
    """Links to our style sheets, layer order first."""
    return format_html_join(
        "\n", '<link rel="stylesheet" href="{}">', ((static(f"css/{name}.css"),) for name in _SHEETS)
    )


@register.simple_tag(takes_context=True)
def import_map(context: dict[str, Any]) -> SafeString:
    """Names every module of ours (`heed/live` → js/live.js, with its fingerprint)."""
    modules = {f"heed/{name}": static(f"js/{name}.js") for name in _modules()}
    text = orjson.dumps({"imports": modules}).decode()
    nonce = getattr(context["request"], "csp_nonce", "")
    return format_html('<script type="importmap" nonce="{}">{}</script>', nonce, mark_safe(text))  # noqa: S308


@cache
def _modules() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (_STATIC / "js").glob("*.js")))


@register.inclusion_tag("parts/_nav.html", takes_context=True)
def nav(context: dict[str, Any]) -> dict[str, Any]:
    """The side bar: views with their counts, accounts, pages, me."""
    request: HttpRequest = context["request"]
    return side_bar.facts(request) | {"csrf_token": context.get("csrf_token")}


@register.inclusion_tag("parts/_avatar.html")
def avatar(person: Any, size: str = "", network: Any = None) -> dict[str, Any]:
    """The round sign of a colleague or an identity; with a network, its badge."""
    return {"initials": person.initials, "hue": hue(person), "size": size, "network": network}


@register.filter
def hue(person: Any) -> int:
    """A tone that stays with a person: colleagues are green, customers vary."""
    return 150 if isinstance(person, User) else (60, 300, 150, 20, 240)[person.pk % 5]


@register.simple_tag
def badge(network: Any) -> SafeString:
    """The network's sign, in its own colour."""
    return format_html(
        '<span class="net-tag" style="--net:{}" aria-hidden="true">{}</span>', network.colour, network.short
    )
