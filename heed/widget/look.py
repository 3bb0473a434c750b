"""How an account's chat looks, and which sites may show it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from heed.channels.models import Account

HOUSE_COLOUR = "#0a6b74"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Look:
    """`ink` is the letters' colour upon `colour`; an empty greeting is the house's, translated."""

    name: str
    greeting: str
    colour: str
    ink: str
    position: str
    origins: tuple[str, ...]

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may use the chat. Without a list every page may."""
        return not self.origins or origin.rstrip("/") in self.origins or origin == _own_origin()


def look_of(account: Account) -> Look:
    """The account's settings, else what was entered when connecting, else the house's look."""
    given: dict[str, Any] = {**account.credentials, **account.settings}

    def words(field: str) -> str:
        value = given.get(field, "")
        return value.strip() if isinstance(value, str) else ""

    colour = words("colour") if _COLOUR.fullmatch(words("colour")) else HOUSE_COLOUR
    return Look(
        name=words("chat_name")[:80] or account.name,
        greeting=words("greeting")[:300],
        colour=colour,
        ink=_ink_on(colour),
        position="start" if words("position") == "start" else "end",
        origins=tuple(each.rstrip("/") for each in words("origins").split()),
    )


def way_back(account: Account, look: Look, page: str) -> str:
    """The page to lead back to: only one of the account's own sites, for anybody can name a page."""
    if is_own(account, look, page):
        return page
    start = look.origins[0] if look.origins else account.base_url
    return "" if start == account.adapter.base_url else start


def is_own(account: Account, look: Look, page: str) -> bool:
    """Whether a page is one of the account's own sites."""
    return bool(page) and _origin(page) in {*look.origins, _origin(account.base_url)}


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""


def _own_origin() -> str:
    return _origin(settings.HEED_PUBLIC_URL)


def _ink_on(colour: str) -> str:
    """White or near black, whichever reads better (WCAG's relative luminance)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.055 else "#10181c"
