"""What customers see."""

from __future__ import annotations

from typing import Any

from heed.sandbox.cast import CUSTOMERS
from heed.sandbox.frame import ChatView, Line, Scene
from heed.sandbox.networks.telegram.acting import Acting
from heed.sandbox.networks.telegram.bot import OWNER_NAME, Chat, Entry
from heed.sandbox.networks.telegram.sending import open_keyboard


class Seeing(Acting):
    def scene(self, person: str) -> Scene:
        """The chat with the bot, and where there is one that with the business account."""
        chat, business = self._chat(person), self.business_chats[person]
        bot = ChatView(id=person, title=self.accounts()[0].name, lines=self._lines(chat, person))
        if not business.entries:
            return Scene(chats=[bot])
        lines = self._lines(business, person)
        return Scene(chats=[bot, ChatView(id=self.connection_id, title=" ".join(OWNER_NAME), lines=lines)])

    def _lines(self, chat: Chat, person: str) -> list[Line]:
        return [self._line(chat, entry, person) for entry in chat.entries]

    def _line(self, chat: Chat, entry: Entry, person: str) -> Line:
        ours = entry.by != person
        us = " ".join(OWNER_NAME) if chat.business else self.company
        is_picture = "photo" in entry.message
        return Line(
            id=self._line_id(chat, entry.number),
            author=us if ours else chat.person.name,
            text=entry.text,
            at=entry.at,
            ours=ours,
            mine=not ours,
            picture=entry.copy if is_picture else "",
            files=[entry.copy] if entry.copy and not is_picture else [],
            liked=entry.liked,
            reacted=entry.reacted,
            edited=entry.edited,
            removed=entry.removed,
            choices=open_keyboard(chat, entry),
            cannot=frozenset() if chat.business else frozenset({"remove"}),
        )

    def seen(self) -> dict[str, Any]:
        return {
            person.key: [
                entry.message
                for chat in (self.chats[person.key], self.business_chats[person.key])
                for entry in chat.entries
                if not entry.by
            ]
            for person in CUSTOMERS
        }
