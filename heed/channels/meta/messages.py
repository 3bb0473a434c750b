"""Events of private chats that are told in the same shape of every network with such chats."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import Inbound, Person
from heed.channels.meta import delivery
from heed.channels.meta.shapes import Payload


class QuickReply(Payload):
    payload: str = ""


class Referral(Payload):
    ref: str = ""
    source: str = ""
    type: str = ""
    ad_id: str = ""

    def told(self) -> dict[str, str]:
        """What is known of where they came from."""
        return {key: value for key, value in self.model_dump().items() if value}


class Postback(Payload):
    """A button or an icebreaker was pressed. `payload` is a program's word for it, not for people."""

    mid: str = ""
    title: str = ""
    payload: str = ""
    referral: Referral | None = None

    def news(self, person: Person, owner: str, at: datetime) -> Inbound:
        refs: dict[str, Any] = {"payload": self.payload} if self.payload else {}
        if self.referral is not None:
            refs["referral"] = self.referral.told()
        return base.MessageReceived(
            owner=owner,
            external_id=self.mid or delivery.id_of("postback", person.external_id, at, self.payload),
            at=at,
            visibility="private",
            kind="postback",
            author=person,
            text=self.title,
            refs=refs,
        )


class Reaction(Payload):
    mid: str
    reaction: str = ""
    emoji: str = ""
    action: str = "react"

    def news(self, author: Person, owner: str, at: datetime) -> Inbound:
        return base.ReactionChanged(
            owner=owner,
            target=self.mid,
            at=at,
            author=author,
            reaction=(self.emoji or self.reaction)[:40],
            on=self.action != "unreact",
        )


class MessageEdit(Payload):
    mid: str
    text: str = ""

    def news(self, owner: str, at: datetime) -> Inbound:
        return base.MessageEdited(owner=owner, external_id=self.mid, at=at, text=self.text)
