"""What the server sends, as far as we read it. Unknown keys are passed over."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Ref(Shape):
    uri: str
    cid: str


class ReplyRef(Shape):
    root: Ref
    parent: Ref


class Profile(Shape):
    did: str
    handle: str = ""
    display_name: str | None = Field(default=None, alias="displayName")
    avatar: str | None = None


class PostRecord(Shape):
    text: str = ""
    reply: ReplyRef | None = None
    embed: dict[str, Any] | None = None
    facets: list[dict[str, Any]] | None = None
    langs: list[str] | None = None
    created_at: str = Field(default="", alias="createdAt")


class Notification(Shape):
    uri: str
    cid: str
    author: Profile
    reason: str
    reason_subject: str = Field(default="", alias="reasonSubject")
    record: dict[str, Any]
    indexed_at: str = Field(alias="indexedAt")


class OwnRecord(Shape):
    uri: str
    cid: str
    value: PostRecord


class Sender(Shape):
    did: str


class ChatReaction(Shape):
    value: str
    sender: Sender
    created_at: str = Field(alias="createdAt")


class ChatMessage(Shape):
    type: str = Field(default="", alias="$type")
    id: str
    text: str = ""
    sender: Sender
    sent_at: str = Field(alias="sentAt")
    facets: list[dict[str, Any]] | None = None
    embed: dict[str, Any] | None = None
    reply_to: Any = Field(default=None, alias="replyTo")
    reactions: Any = None


class Log(Shape):
    type: str = Field(alias="$type")
    rev: str = ""
    convo_id: str = Field(default="", alias="convoId")
    message: ChatMessage | None = None
    reaction: ChatReaction | None = None


class Viewer(Shape):
    like: str = ""
    repost: str = ""
    reply_disabled: bool = Field(default=False, alias="replyDisabled")
    embedding_disabled: bool = Field(default=False, alias="embeddingDisabled")


class PostView(Shape):
    uri: str
    cid: str
    author: Profile
    record: dict[str, Any]
    embed: dict[str, Any] | None = None
    indexed_at: str = Field(default="", alias="indexedAt")
    likes: int | None = Field(default=None, alias="likeCount")
    replies: int | None = Field(default=None, alias="replyCount")
    reposts: int | None = Field(default=None, alias="repostCount")
    viewer: Viewer = Viewer()
