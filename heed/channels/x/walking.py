"""Reading a list of X from its newest down to what is known, over several calls where it is long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from heed.channels.base import AccountRecord, Refusal
from heed.channels.x import calls
from heed.lib.http import Steps

PAGES = 8
"""How many are read before what they hold is kept."""
AGAIN = 3
"""How often a list may refuse to go on where we stood, with nothing older read in between: then what was read
is all there is to be had."""

Page = dict[str, Any]
Bounds = dict[str, str]


@dataclass
class Walk:
    """How far the reading came. It is kept in the cursor, beside what was known before it began."""

    began: str
    newest: str = ""
    newest_at: str = ""
    waiting: str = ""
    """The oldest that was left out because it is too young still."""
    down_to: str = ""
    down_to_at: str = ""
    bounds: Bounds = field(default_factory=dict)
    """What the list was asked for: its tokens hold for that only."""
    token: str = ""
    """Where the list goes on; empty at its end."""
    again: int = 0
    rows: int = 0
    """How many were read."""

    def passed(self, ids: Iterable[str], at: str) -> None:
        """These were read, the last of them from then."""
        ids = list(ids)
        self.rows += len(ids)
        oldest = older(ids)
        if oldest and (not self.down_to or int(oldest) < int(self.down_to)):
            self.down_to, self.down_to_at, self.again = oldest, at, 0


@dataclass(frozen=True, slots=True)
class List:
    """A list to be read: all of it down to what is known, and what is left of it below `Walk.down_to` where
    it can be asked for that."""

    path: str
    asked: Mapping[str, str]
    page_as: str
    whole: Bounds
    left: Bounds | None
    is_known: Callable[[Page], bool] = lambda page: False
    """Whether the page reaches down to what is known, where the list cannot be asked to end there."""


def read(account: AccountRecord, listed: List, walk: Walk) -> Steps[list[Page]]:
    """The next pages, newest first; none where nothing more is to be had. Where the list no longer goes on
    from the token, what is left is asked for, else all. Raises `Refusal` if that came before any page."""
    if walk.token:
        found = yield from _unless_misunderstood(_pages(account, listed, walk))
        if found is not None:
            return found
        walk.token, walk.again = "", walk.again + 1
        if walk.again > AGAIN:
            return []
    if walk.down_to and listed.left:
        walk.bounds = listed.left
        found = yield from _unless_misunderstood(_pages(account, listed, walk))
        if found is not None:
            return found
    walk.bounds = listed.whole
    return (yield from _pages(account, listed, walk))


def _pages(account: AccountRecord, listed: List, walk: Walk) -> Steps[list[Page]]:
    found: list[Page] = []
    while len(found) < PAGES:
        place = {listed.page_as: walk.token} if walk.token else {}
        asked = {**listed.asked, **walk.bounds, **place}
        try:
            page = yield from calls.call(account, "GET", listed.path, params=asked)
        except Refusal:
            if found:  # the next call meets it again, with these kept
                break
            raise
        found.append(page)
        meta = page.get("meta")
        further = str(meta.get("next_token") or "") if isinstance(meta, dict) else ""
        walk.token = "" if further == walk.token or listed.is_known(page) else further
        if not walk.token:
            break
    return found


def _unless_misunderstood(steps: Steps[list[Page]]) -> Steps[list[Page] | None]:
    """The pages, or None where X does not take what it was asked: a token that ended, or a bound out of its
    reach."""
    try:
        return (yield from steps)
    except Refusal as refusal:
        if refusal.reason != "bad_request":
            raise
        return None


def newer(*ids: str) -> str:
    """The newest of ids that are numbers; they grow with time."""
    return max((each for each in ids if each.isdigit()), key=int, default="")


def older(ids: Iterable[str]) -> str:
    """The oldest of ids that are numbers."""
    return min((each for each in ids if each.isdigit()), key=int, default="")
