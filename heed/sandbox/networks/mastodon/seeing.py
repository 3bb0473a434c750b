"""What customers see."""

from __future__ import annotations

import re
from typing import Any

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import ChatView, Line, PostView, Scene
from heed.sandbox.networks.mastodon.account import Status
from heed.sandbox.networks.mastodon.acting import Acting

_MOST_SHOWN = 100
_LEADING = re.compile(r"\s*@[\w.-]+(?:@[\w.-]+)?(?=\s|$)")


class Seeing(Acting):
    def scene(self, person: str) -> Scene:
        self._known(person)
        told = {each.status for each in self._notifications}
        tops = [each for each in self._statuses.values() if not each.parent and each.visibility != "direct"]
        shown = [each for each in tops if each.author in (person, COMPANY) or each.id in told]
        posts = [self._post_view(each, person) for each in shown[-_MOST_SHOWN:]]
        lines = [self._line(each, person) for each in self._direct(person)]
        chats = [ChatView(id=person, title=COMPANY, lines=lines)] if lines else []
        return Scene(posts=sorted(posts, key=lambda each: each.at, reverse=True), chats=chats)

    def seen(self) -> dict[str, Any]:
        ours = [each for each in self._statuses.values() if each.author == COMPANY]
        return {
            "statuses": [
                {
                    "id": each.id,
                    "text": each.text,
                    "visibility": each.visibility,
                    "parent": each.parent,
                    "quote": each.quote,
                    "files": [media.url for media in each.media],
                    "told": sorted(self._names(each.text)),
                    "removed": each.removed,
                }
                for each in ours
            ],
            "likes": [each.id for each in self._statuses.values() if COMPANY in each.likes],
            "boosts": [each.id for each in self._statuses.values() if COMPANY in each.boosts],
        }

    def _post_view(self, status: Status, person: str) -> PostView:
        return PostView(
            id=status.id,
            author=self.people[status.author],
            text=_bare(status.text),
            at=status.at,
            picture=_first_picture(status),
            likes=len(status.likes) + status.faces[0],
            shares=len(status.boosts) + status.faces[1],
            ours=status.author == COMPANY,
            mine=status.author == person,
            liked=COMPANY in status.likes,
            reacted=person in status.likes,
            reposted=person in status.boosts,
            removed=status.removed,
            comments=self._lines_under(status.id, person),
        )

    def _lines_under(self, status_id: str, person: str) -> list[Line]:
        below = [each for each in self._below.get(status_id, ()) if each.visibility != "direct"]
        return [self._line(each, person, self._lines_under(each.id, person)) for each in below]

    def _line(self, status: Status, person: str, replies: list[Line] | None = None) -> Line:
        picture = _first_picture(status)
        return Line(
            id=status.id,
            author=self.people[status.author],
            text=_bare(status.text),
            at=status.at,
            ours=status.author == COMPANY,
            mine=status.author == person,
            picture=picture,
            files=[each.url for each in status.media if each.url != picture],
            likes=len(status.likes),
            liked=COMPANY in status.likes,
            reacted=person in status.likes,
            reposted=person in status.boosts,
            edited=status.edited_at is not None,
            removed=status.removed,
            replies=replies or [],
        )


def _bare(text: str) -> str:
    """The words as apps show them: without the names a reply begins with."""
    rest = text
    while found := _LEADING.match(rest):
        rest = rest[found.end() :]
    return rest.strip() or text


def _first_picture(status: Status) -> str:
    return next((each.url for each in status.media if each.type in ("image", "gifv")), "")
