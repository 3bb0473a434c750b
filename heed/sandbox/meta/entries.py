"""A private message, and where the API tells what it holds beside its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heed.sandbox.meta.calls import attachments_of, record
from heed.sandbox.meta.fields import Node, cursor

SHARED = frozenset({"share", "post", "ig_post", "reel", "ig_reel", "ig_story", "fallback"})
"""What a webhook calls an attachment that is passed on; the API lists it among the shares."""


@dataclass(slots=True)
class Entry:
    """A private message. `by` is the customer's key, empty for us; `about` the one it answers."""

    mid: str
    by: str
    at: datetime
    text: str = ""
    picture: str = ""
    files: list[str] = field(default_factory=list)
    shares: dict[str, str] = field(default_factory=dict)
    sticker: str = ""
    story: dict[str, dict[str, str]] = field(default_factory=dict)
    unsupported: bool = False
    state: str = ""
    edits: int = 0
    removed: bool = False
    reactions: dict[str, str] = field(default_factory=dict)
    about: str = ""
    quick_replies: list[dict[str, str]] = field(default_factory=list)

    @property
    def links(self) -> list[str]:
        """The addresses of what it holds, but for its picture."""
        stories = [each["link"] for each in self.story.values()]
        return [url for url in (*self.files, *self.shares, *stories) if url != self.picture]

    def hold(self, message: dict[str, Any]) -> None:
        """Take in what a webhook's message carries beside its words."""
        self.unsupported = bool(message.get("is_unsupported"))
        about = record(message.get("reply_to"))
        self.about = str(about.get("mid", ""))
        if about.get("story"):
            self.story["reply_to"] = {"link": about["story"]["url"], "id": about["story"]["id"]}
        for attachment in attachments_of(message):
            payload = record(attachment.get("payload"))
            url = str(payload.get("url") or payload.get("story_media_url") or "")
            if url:
                kind = "sticker" if payload.get("sticker_id") else str(attachment.get("type"))
                self._attach(kind, url, str(payload.get("title", "")))

    def _attach(self, kind: str, url: str, title: str) -> None:
        if kind in ("image", "sticker"):
            self.picture = url
        if kind == "sticker":
            self.sticker = url
        elif kind == "story_mention":
            self.story["mention"] = {"link": url, "id": cursor(url)}
        elif kind in SHARED:
            self.shares[url] = title
        else:
            self.files.append(url)

    def told(self) -> Node:
        """The fields in which the API tells what it holds beside its words and files."""
        shares = [{"id": cursor(url), "link": url, "name": title} for url, title in self.shares.items()]
        return {
            "shares": lambda _: {"data": shares} if shares else None,
            "sticker": lambda _: self.sticker or None,
            "reply_to": lambda _: {"mid": self.about, "is_self_reply": False} if self.about else None,
        }
