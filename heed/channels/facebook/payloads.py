"""The shapes of what Meta delivers for a Page. Unknown keys are ignored, null counts as absent."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from heed.channels.meta.messages import MessageEdit, Postback, QuickReply, Reaction, Referral
from heed.channels.meta.shapes import Address, Moment, Payload, Record, web_address


def _addresses(value: Any) -> tuple[str, ...]:
    found = (web_address(each) for each in value) if isinstance(value, list) else ()
    return tuple(each for each in found if each)


Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]


class Party(Payload):
    """Who: a Page, a commenter or, in Messenger, a PSID."""

    id: str = ""
    name: str = ""


# ------------------------------------------------------------------------------- Messenger


class Attached(Payload):
    type: str = ""
    title: str = ""
    url: Address = ""
    payload: Record = Field(default_factory=dict)


class ReplyTo(Payload):
    mid: str = ""


class Message(Payload):
    mid: str
    text: str = ""
    attachments: list[Attached] = Field(default_factory=list)
    quick_reply: QuickReply | None = None
    reply_to: ReplyTo | None = None
    referral: Referral | None = None
    is_deleted: bool = False
    is_unsupported: bool = False
    app_id: str = ""
    metadata: str = ""


class Watermark(Payload):
    """Everything up to `watermark`, and the messages `mids`, arrived or were read."""

    mids: list[str] = Field(default_factory=list)
    watermark: Moment = None


class PolicyEnforcement(Payload):
    action: str = ""
    reason: str = ""


class Messaging(Payload):
    """One item of `messaging` or `standby`; exactly one of the optional parts is there."""

    sender: Party = Field(default_factory=Party)
    recipient: Party = Field(default_factory=Party)
    timestamp: Moment = None
    message: Message | None = None
    postback: Postback | None = None
    reaction: Reaction | None = None
    read: Watermark | None = None
    delivery: Watermark | None = None
    message_edit: MessageEdit | None = None
    referral: Referral | None = None
    pass_thread_control: Record | None = None
    take_thread_control: Record | None = None
    request_thread_control: Record | None = None
    app_roles: Record | None = None
    policy_enforcement: PolicyEnforcement | None = Field(
        default=None, validation_alias=AliasChoices("policy_enforcement", "policy-enforcement")
    )


# ------------------------------------------------------------------------------- the Page


class PostPart(Payload):
    permalink_url: Address = ""


class Feed(Payload):
    """The value of a `feed` or `mention` change."""

    item: str = ""
    verb: str = ""
    author: Party | None = Field(default=None, alias="from")
    sender_id: str = ""
    sender_name: str = ""
    post_id: str = ""
    comment_id: str = ""
    parent_id: str = ""
    message: str | None = None
    created_time: Moment = None
    edited_time: Moment = None
    photo: Address = ""
    photo_id: str = ""
    video_id: str = ""
    photos: Addresses = ()
    video: Address = ""
    link: Address = ""
    permalink_url: Address = ""
    post: PostPart | None = None
    reaction_type: str = ""


class Rating(Payload):
    """The value of a `ratings` change: a review, or a comment under one."""

    item: str = ""
    verb: str = ""
    rating: int = 0
    recommendation_type: str = ""
    review_text: str = ""
    reviewer_id: str = ""
    reviewer_name: str = ""
    open_graph_story_id: str = ""
    created_time: Moment = None
