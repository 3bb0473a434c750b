"""How a page looks to axe, which tries what somebody who cannot see or point would come upon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Look = tuple[Literal["light", "dark"], tuple[int, int]]
"""A theme, and width and height in pixels."""
LIGHT: Look = ("light", (1440, 900))
DARK: Look = ("dark", (1440, 900))
PHONE: Look = ("light", (390, 844))

_ASK = "([context, options]) => axe.run(context || document, options).then((found) => found.violations)"
# Only what is wrong is told, without the shortest selector that leads to it: finding that took half the time.
_BRIEFLY = {"resultTypes": ["violations"], "selectors": False, "preload": False}

OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that look at colours: all that can tell the dark theme from the light one in the same size, since
a theme changes colours alone (`test_themes_differ_in_colours_alone`)."""


def violations(page: Page, *, within: str = "", only: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What axe finds wrong with the page as it stands, or with what a selector names; by all its rules, or
    by `only` these rules or tags."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {**_BRIEFLY, **({"runOnly": list(only)} if only else {})}
    found: list[dict[str, Any]] = page.evaluate(_ASK, [within, options])
    return found


def serious(page: Page, *, within: str = "", only: Sequence[str] = ()) -> list[str]:
    """What axe finds serious or worse, with where; in the whole page, or in what a selector names."""
    return [
        f"{each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in violations(page, within=within, only=only)
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def take_on(page: Page, look: Look) -> None:
    """Change the look of a page where it stands, which takes less than loading it again."""
    theme, (width, height) = look
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": height})


def serious_in(page: Page, looks: Sequence[Look]) -> list[str]:
    """The same in each of these looks; the last one stays. What was looked at in the light is looked at for
    its colours in the dark."""
    found: list[str] = []
    for before, look in pairwise([None, *looks]):
        assert look
        take_on(page, look)
        lit = before == ("light", look[1])
        found += [f"{look}: {each}" for each in serious(page, only=OF_COLOURS if lit else ())]
    return found
