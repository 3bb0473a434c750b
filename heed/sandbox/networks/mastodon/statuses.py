"""Statuses: how one comes about, who sees it, and how it is shown."""

from __future__ import annotations

import html
import re
from typing import Any

from heed.sandbox.cast import COMPANY, person_named
from heed.sandbox.networks.mastodon.account import SEEN_BY_ALL, Media, Notification, Status
from heed.sandbox.networks.mastodon.answers import No, iso
from heed.sandbox.networks.mastodon.signing_in import SigningIn

_TOKEN = re.compile(r"(https?://[^\s<]+)|(?<![\w@/])@([\w.-]*\w)(?:@([\w.-]*\w))?")


class Statuses(SigningIn):
    def _direct(self, person: str) -> list[Status]:
        """The private statuses between this person and us: each reaches only whom it names."""
        return [
            each
            for each in self._statuses.values()
            if each.visibility == "direct"
            and (
                (each.author == person and COMPANY in self._names(each.text))
                or (each.author == COMPANY and person in self._names(each.text))
            )
        ]

    def _write(
        self,
        author: str,
        text: str,
        visibility: str,
        *,
        parent: str = "",
        quote: str = "",
        media: list[Media] | None = None,
    ) -> Status:
        now = self.clock.now()
        status = Status(str(self.ids.number()), author, text, visibility, now, parent, quote, media or [])
        status.versions = [(now, text)]
        self._statuses[status.id] = status
        if parent:
            self._below.setdefault(parent, []).append(status)
        if author != COMPANY:
            if COMPANY in self._names(text):
                self._tell("mention", author, status)
            elif quote and self._statuses[quote].author == COMPANY:
                self._tell("quote", author, status)
        return status

    def _tell(
        self, kind: str, by: str, status: Status | None = None, more: dict[str, Any] | None = None
    ) -> None:
        """Tell the account. What strangers write privately is held back from those who do not ask."""
        filtered = status is not None and status.visibility == "direct" and by not in self.followed
        told = Notification(
            str(self.ids.number()),
            kind,
            self.clock.now(),
            by,
            status.id if status else "",
            more or {},
            filtered,
        )
        self._notifications.append(told)

    def _edit(self, status: Status, text: str) -> None:
        """A changed status. Only who boosted it is told."""
        status.text = text
        status.versions.append((self.clock.now(), text))
        if COMPANY in status.boosts and status.author != COMPANY:
            self._tell("update", status.author, status)

    def _shown(self, status: Status) -> dict[str, Any]:
        address = f"https://{self._host(status.author)}/@{self._username(status.author)}"
        named = [key for key in self.people if key in self._names(status.text)]
        parent = self._statuses.get(status.parent)
        view: dict[str, Any] = {
            "id": status.id,
            "created_at": iso(status.at),
            "in_reply_to_id": status.parent or None,
            "in_reply_to_account_id": self._id_of(parent.author) if parent else None,
            "sensitive": status.sensitive,
            "spoiler_text": status.spoiler,
            "visibility": status.visibility,
            "language": None if status.author == COMPANY else person_named(status.author).language,
            "uri": f"{address}/statuses/{status.id}",
            "url": f"{address}/{status.id}",
            "replies_count": len(self._below.get(status.id, ())),
            "reblogs_count": len(status.boosts) + status.faces[1],
            "favourites_count": len(status.likes) + status.faces[0],
            "edited_at": iso(status.edited_at) if status.edited_at else None,
            "favourited": COMPANY in status.likes,
            "reblogged": COMPANY in status.boosts,
            "content": self._html(status.text),
            "reblog": None,
            "account": self._profile(status.author),
            "media_attachments": [each.shown() for each in status.media],
            "mentions": [
                {name: self._profile(key)[name] for name in ("id", "username", "url", "acct")}
                for key in named
            ],
            "tags": [],
            "emojis": [],
            "poll": None,
            "quote": None,
        }
        if status.quote:
            view["quote"] = {"state": "accepted", "quoted_status": self._shown(self._statuses[status.quote])}
        return view

    def _html(self, text: str) -> str:
        paragraphs = [part.replace("\n", "<br>") for part in self._marked(text).split("\n\n")]
        return "".join(f"<p>{part}</p>" for part in paragraphs)

    def _marked(self, text: str) -> str:
        """The text with its links and names as the server writes them."""
        out, at = "", 0
        for found in _TOKEN.finditer(text):
            out += html.escape(text[at : found.start()], quote=False)
            out += self._link(found[1]) if found[1] else self._mention(found)
            at = found.end()
        return out + html.escape(text[at:], quote=False)

    def _link(self, url: str) -> str:
        scheme, _colon, rest = url.partition("://")
        shown, hidden = rest[:30], rest[30:]
        kind = ' class="ellipsis"' if hidden else ""
        return (
            f'<a href="{html.escape(url)}" target="_blank" rel="nofollow noopener">'
            f'<span class="invisible">{scheme}://</span><span{kind}>{html.escape(shown)}</span>'
            f'<span class="invisible">{html.escape(hidden)}</span></a>'
        )

    def _mention(self, found: re.Match[str]) -> str:
        key = self._named(found[2], found[3])
        if not key:
            return found[0]
        address = f"https://{self._host(key)}/@{self._username(key)}"
        return (
            f'<span class="h-card" translate="no"><a href="{address}" class="u-url mention">'
            f"@<span>{self._username(key)}</span></a></span>"
        )

    def _visible(self, status_id: str) -> Status | None:
        """The status as the account sees it: not what was removed, nor what was said to others."""
        if not status_id:
            return None
        status = self._statuses.get(status_id) or self._old(status_id)
        if status is None or status.removed:
            return None
        hidden = status.visibility not in SEEN_BY_ALL and status.author != COMPANY
        return None if hidden and COMPANY not in self._names(status.text) else status

    def _old(self, status_id: str) -> Status | None:
        """A placeholder for a status of an earlier run."""
        if not status_id.isdigit() or not 10**14 < int(status_id) < self._born:
            return None
        old = Status(status_id, COMPANY, "…", "public", self.clock.now())
        old.versions = [(old.at, old.text)]
        self._statuses[status_id] = old
        return old

    def _there(self, status_id: str) -> Status:
        status = self._visible(status_id)
        if status is None:
            raise No(404, "Zapis ni bil najden")
        return status

    def _own(self, status_id: str) -> Status:
        status = self._there(status_id)
        if status.author != COMPANY:
            raise No(404, "Zapis ni bil najden")
        return status

    def _all_below(self, status_id: str) -> list[Status]:
        direct = self._below.get(status_id, [])
        return [each for child in direct for each in (child, *self._all_below(child.id))]
