"""The shapes of what Meta delivers for an Instagram account.

Unknown keys are ignored, null counts as absent.
"""

from __future__ import annotations

from pydantic import AliasChoices, Field

from heed.channels.meta.messages import MessageEdit, Postback, QuickReply, Reaction, Referral
from heed.channels.meta.shapes import Address, Moment, Payload, Record


class Party(Payload):
    """Who: the account or a customer. Only the account's own comments have `self_ig_scoped_id`."""

    id: str = ""
    username: str = ""
    self_ig_scoped_id: str = ""


# --------------------------------------------------------------------------- private messages


class Attached(Payload):
    type: str = ""
    payload: Record = Field(default_factory=dict)


class Story(Payload):
    id: str = ""
    url: Address = ""


class ReplyTo(Payload):
    """A message quotes another one, or answers our story."""

    mid: str = ""
    story: Story | None = None


class Message(Payload):
    mid: str
    text: str = ""
    attachments: list[Attached] = Field(default_factory=list)
    reply_to: ReplyTo | None = None
    quick_reply: QuickReply | None = None
    referral: Referral | None = None
    is_echo: bool = False
    is_deleted: bool = False
    is_unsupported: bool = False


class Read(Payload):
    mid: str


class Messaging(Payload):
    """One item of `messaging` or `standby`; exactly one of the optional parts is there."""

    sender: Party = Field(default_factory=Party)
    recipient: Party = Field(default_factory=Party)
    timestamp: Moment = None
    message: Message | None = None
    postback: Postback | None = None
    reaction: Reaction | None = None
    read: Read | None = None
    message_edit: MessageEdit | None = None
    referral: Referral | None = None


# -------------------------------------------------------------------------- comments, mentions


class Media(Payload):
    """What a comment stands under. A boosted post is a copy that names its original."""

    id: str = ""
    original_media_id: str = ""


class Comment(Payload):
    """The value of a `comments` or `live_comments` change. Meta's pages disagree on the id's key."""

    id: str = Field(min_length=1, validation_alias=AliasChoices("id", "comment_id"))
    author: Party | None = Field(default=None, alias="from")
    parent_id: str = ""
    text: str | None = None
    media: Media = Field(default_factory=Media)


class Mention(Payload):
    """The value of a `mentions` change: ids only. Without `comment_id` the caption mentions us."""

    media_id: str = ""
    comment_id: str = ""
