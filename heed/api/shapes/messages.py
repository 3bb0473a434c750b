"""Messages, what can be done with them, and the ways to answer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from heed.api.shapes.given import Given, Text
from heed.api.shapes.networks import (
    ChoiceFormOut,
    FilesOut,
    LateOut,
    LimitOut,
    of_choices,
    of_files,
    of_late,
    of_limits,
)
from heed.api.shapes.shape import Shape
from heed.channels.base import Action, Choice, Choices
from heed.inbox.models import Attachment, Message
from heed.inbox.possible import Way
from heed.inbox.possible_actions import Act


class AttachmentOut(Shape):
    id: int
    kind: str
    name: str
    mime: str
    size: int | None
    text: str
    state: Literal["waiting", "kept", "failed", "link"]
    url: str | None


class AuthorOut(Shape):
    type: Literal["customer", "colleague", "account"]
    name: str
    handle: str
    external_id: str
    email: str


class Earlier(Shape):
    at: datetime
    text: str


class MessageOut(Shape):
    id: int
    ticket: int
    external_id: str
    direction: Literal["in", "out"]
    visibility: Literal["public", "private", "note"]
    kind: str
    author: AuthorOut
    text: str
    attachments: list[AttachmentOut]
    at: datetime = Field(description="The network's time.")
    created_at: datetime
    state: str
    reason: str
    sentence: str
    way_out: str
    answers: int | None
    edited: bool
    edited_at: datetime | None
    earlier: list[Earlier] = Field(description="What an edited message said before.")
    removed: bool
    removed_at: datetime | None
    hidden: bool
    liked: bool
    reposted: bool
    likes: int
    permalink: str
    automatic: bool = Field(description="A machine of the network sent it; never counted as an answer.")
    manner: dict[str, Any] = Field(
        description="How an answer went out: chosen, quote, late, template, choices."
    )


class Messages(Shape):
    items: list[MessageOut]
    next: str


class TemplateGiven(Given):
    name: Text
    language: Text
    values: list[Text] = []


class TemplateOut(Shape):
    name: str
    language: str
    text: str
    blanks: int
    names: list[str] = Field(
        description="What the network calls the blanks, in order; empty where they are only numbered."
    )


class ChoiceGiven(Given):
    title: Text
    detail: Text = Field(default="", description="A second line, where the network shows one.")


class ChoicesGiven(Given):
    items: Annotated[list[ChoiceGiven], Field(min_length=1, max_length=100)]
    opener: Text = Field(
        default="", description="What stands on the button that opens a list; a plain word by default."
    )


class MessageGiven(Given):
    text: Text = ""
    visibility: Literal["public", "private", "note"]
    to: int | None = Field(
        default=None, description="The message answered; the customer's newest by default."
    )
    key: UUID | None = Field(default=None, description="The same key again gives back the same message.")
    attachments: list[int] = []
    mark_answered: bool = False
    anyway: bool = Field(
        default=False, description="Write a note although some it mentions may not see the ticket."
    )
    from_account: int | None = Field(
        default=None, description="Another account of ours that answers publicly, where the network lets it."
    )
    quote: bool = Field(default=False, description="Quote the message publicly.")
    seen: int | None = Field(
        default=None,
        description="The newest message its writer has seen: if there is newer news, nothing is sent (409).",
    )
    hold: float = Field(
        default=0, ge=0, le=30, description="For so many seconds it can be taken back before it leaves."
    )
    template: TemplateGiven | None = Field(
        default=None, description="An approved template instead of text; it may be sent after the window."
    )
    choices: ChoicesGiven | None = Field(
        default=None,
        description="Short answers under the text, one of which the customer taps; it comes in as theirs.",
    )


class ActionGiven(Given):
    action: Action
    value: Annotated[Text, Field(max_length=70_000)] = Field(
        default="", description="The emoji of `react`, the new text of `edit`."
    )


class ActOut(Shape):
    action: str
    allowed: bool
    sentence: str
    choices: list[str]
    limits: list[LimitOut]


class Acts(Shape):
    items: list[ActOut]
    next: str


def of_act(act: Act) -> dict[str, Any]:
    return {
        "action": act.action,
        "allowed": act.allowed,
        "sentence": str(act.sentence),
        "choices": list(act.choices),
        "limits": of_limits(act.limits),
    }


class Outcome(Given):
    outcome: Literal["resend", "sent"]


class WayOut(Shape):
    allowed: bool
    sentence: str
    way_out: str
    reason: str
    limits: list[LimitOut]
    files: FilesOut | None
    no_files: str
    closes_at: datetime | None
    sends_left: int | None
    late: LateOut | None
    templates: list[TemplateOut]
    quote: bool
    choices: list[ChoiceFormOut]


class PossibleOut(Shape):
    public: WayOut
    private: WayOut


def chosen_from(given: ChoicesGiven | None) -> Choices | None:
    """What an answer offers to choose from."""
    if given is None:
        return None
    return Choices(tuple(Choice(each.title, each.detail) for each in given.items), given.opener)


def of_message(message: Message) -> dict[str, Any]:
    """A message as `inbox.reach.thread` reads it."""
    words = message.words
    return {
        "id": message.pk,
        "ticket": message.ticket_id,
        "external_id": message.external_id,
        "direction": message.direction,
        "visibility": message.visibility,
        "kind": message.kind,
        "author": _author(message),
        "text": message.text,
        "attachments": [of_attachment(attachment) for attachment in message.attachments.all()],
        "at": message.at,
        "created_at": message.created_at,
        "state": message.state,
        "reason": message.reason,
        "sentence": str(words.sentence) if words else "",
        "way_out": str(words.way_out) if words else "",
        "answers": message.answers_id,
        "edited": message.edited_at is not None,
        "edited_at": message.edited_at,
        "earlier": _earlier(message),
        "removed": message.removed_at is not None,
        "removed_at": message.removed_at,
        "hidden": message.hidden,
        "liked": message.liked,
        "reposted": message.reposted,
        "likes": getattr(message, "like_count", 0),
        "permalink": message.permalink,
        "automatic": message.automatic,
        "manner": message.manner,
    }


def _earlier(message: Message) -> list[dict[str, Any]]:
    return [{"at": each.at, "text": each.text} for each in message.said_before]


def _author(message: Message) -> dict[str, Any]:
    if message.direction == "in":
        who = message.identity
        return {
            "type": "customer",
            "name": str(who) if who else "",
            "handle": who.handle if who else "",
            "external_id": who.external_id if who else "",
            "email": "",
        }
    if message.author is not None:
        author = message.author
        return {
            "type": "colleague",
            "name": author.name,
            "handle": "",
            "external_id": "",
            "email": author.email,
        }
    account = message.account
    return {
        "type": "account",
        "name": account.name,
        "handle": account.handle,
        "external_id": account.external_id,
        "email": "",
    }


def of_attachment(attachment: Attachment) -> dict[str, Any]:
    kept = attachment.state == Attachment.State.KEPT
    return {
        "id": attachment.pk,
        "kind": attachment.kind,
        "name": attachment.name,
        "mime": attachment.mime,
        "size": attachment.size,
        "text": attachment.text,
        "state": attachment.state,
        "url": f"/api/v1/attachments/{attachment.pk}" if kept else attachment.url or None,
    }


def of_way(way: Way) -> dict[str, Any]:
    return {
        "allowed": way.allowed,
        "sentence": str(way.sentence),
        "way_out": str(way.way_out),
        "reason": way.reason or "",
        "limits": of_limits(way.limits),
        "files": of_files(way.files),
        "no_files": str(way.no_files),
        "closes_at": way.closes_at,
        "sends_left": way.sends_left,
        "late": of_late(way.late),
        "templates": [asdict(template) for template in way.templates],
        "quote": way.quote,
        "choices": of_choices(way.choices),
    }
