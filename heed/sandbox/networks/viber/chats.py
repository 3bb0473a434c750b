"""The chats of the bot as both sides see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the bot's own; `copy` is where
    the network keeps the bot's file once it has fetched it."""

    token: int
    by: str
    at: datetime
    message: dict[str, Any]
    state: str = ""
    copy: str = ""


@dataclass(slots=True)
class Chat:
    """The bot's chat with one customer. `unanswered` are the times of the bot's messages since
    the customer last wrote."""

    subscribed: bool = False
    entries: list[Entry] = field(default_factory=list)
    unanswered: list[datetime] = field(default_factory=list)


def buttons_of(entry: Entry, chat: Chat) -> list[dict[str, Any]]:
    """A keyboard stands until the next message."""
    if entry.by or chat.entries[-1] is not entry:
        return []
    keyboard = entry.message.get("keyboard")
    return list(keyboard["Buttons"]) if keyboard else []
