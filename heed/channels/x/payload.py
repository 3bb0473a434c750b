"""What X tells, as far as we use it. Unknown keys are allowed everywhere.

X is renaming its tweets to posts, field by field: both spellings are read. `old` turns an object of
the account activity deliveries into the new shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, BaseModel, Field, model_validator

from heed.lib import clock

_OLD_TIME = "%a %b %d %H:%M:%S %z %Y"
Id = Field(pattern=r"^[0-9]{1,25}$")
KINDS: dict[str, Any] = {"photo": "image", "video": "video", "animated_gif": "video"}
"""X's kinds of files in Heed's words."""


class Told(BaseModel):
    """What X leaves out it sometimes says as null."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        return {k: v for k, v in raw.items() if v is not None} if isinstance(raw, dict) else raw


class User(Told):
    """`profile_image_url` and `username` have older names in direct messages."""

    id: str = Id
    name: str = ""
    username: str = Field("", validation_alias=AliasChoices("username", "screen_name"))
    picture: str = Field(
        "", validation_alias=AliasChoices("profile_image_url", "profile_image_url_https", "picture")
    )


class Mention(Told):
    id: str = ""
    username: str = ""


class Link(Told):
    """A shortened address in a text, and where it leads. A `media_key` marks a file's own."""

    url: str
    expanded_url: str = ""
    media_key: str = ""


class Entities(Told):
    mentions: list[Mention] = []
    urls: list[Link] = []


class Reference(Told):
    """`type` is replied_to, quoted or retweeted."""

    type: str
    id: str = Id


class Variant(Told):
    url: str = ""
    content_type: str = ""
    bit_rate: int = Field(0, validation_alias=AliasChoices("bit_rate", "bitrate"))


class Media(Told):
    """`type` is photo, video or animated_gif. A video has its files in `variants`."""

    media_key: str = ""
    type: str = "photo"
    url: str = Field("", validation_alias=AliasChoices("url", "media_url_https"))
    alt_text: str = ""
    preview_image_url: str = ""
    variants: list[Variant] = []


class Attached(Told):
    media_keys: list[str] = []


class Note(Told):
    """The whole of a long post: `text` holds only its start."""

    text: str = ""
    entities: Entities = Entities()


class Metrics(Told):
    like_count: int | None = None
    reply_count: int | None = None
    retweet_count: int | None = Field(None, validation_alias=AliasChoices("retweet_count", "repost_count"))


class Post(Told):
    id: str = Id
    text: str = ""
    author_id: str = Id
    created_at: datetime
    conversation_id: str = ""
    in_reply_to_user_id: str = ""
    references: list[Reference] = Field(
        [], validation_alias=AliasChoices("referenced_tweets", "referenced_posts")
    )
    answered: str = Field(
        "", validation_alias=AliasChoices("in_reply_to_tweet_id", "in_reply_to_post_id", "in_reply_to")
    )
    history: list[str] = Field(
        [], validation_alias=AliasChoices("edit_history_tweet_ids", "edit_history_post_ids")
    )
    note: Note | None = Field(None, validation_alias=AliasChoices("note_tweet", "note_post"))
    entities: Entities = Entities()
    display_text_range: list[int] = []
    attachments: Attached = Attached()
    public_metrics: Metrics = Field(default_factory=Metrics.model_construct)
    media: list[Media] = []
    """The files where the post holds them itself, as the older deliveries do."""

    def refers(self, kind: str) -> str:
        """The id of the post that this one answers, quotes or reposts; empty when it does not."""
        return next((each.id for each in self.references if each.type == kind), "")

    @property
    def parent(self) -> str:
        return self.refers("replied_to") or self.answered

    @property
    def first_id(self) -> str:
        """The id of its first version: every edit gives a post another one."""
        return self.history[0] if self.history else self.id


class Removed(Told):
    id: str = Id
    author_id: str = ""


class Like(Told):
    """A like. It does not name who gave it; `created_at` may be when the post was written."""

    post: str = Field(validation_alias=AliasChoices("liked_tweet_id", "liked_post_id"), pattern=r"^[0-9]+$")
    post_author: str = Field(
        "", validation_alias=AliasChoices("liked_tweet_author_id", "liked_post_author_id")
    )
    timestamp_ms: str = Field("", pattern=r"^([0-9]{10,16})?$")
    created_at: datetime | None = None


class Revoked(Told):
    user_id: str = Id


class Receiver(Told):
    recipient_id: str = Id


class DirectFile(Told):
    """A file of a direct message: only the account's own token opens it."""

    type: str = "photo"
    media_url_https: str = ""
    url: str = ""


class DirectAttachment(Told):
    type: str = ""
    media: DirectFile | None = None


class Words(Told):
    text: str = ""
    entities: Entities = Entities()
    attachment: DirectAttachment | None = None


class Written(Told):
    target: Receiver
    sender_id: str = Id
    message_data: Words


class DirectMessage(Told):
    id: str = Id
    created_timestamp: str = Field(pattern=r"^[0-9]{10,16}$")
    message_create: Written


class Read(Told):
    """Someone opened the conversation."""

    created_timestamp: str = Field(pattern=r"^[0-9]{10,16}$")
    sender_id: str = Id


class PolledMessage(Told):
    """A direct message as it is asked for; a conversation of two is named after both."""

    id: str = Id
    event_type: str = "MessageCreate"
    text: str = ""
    created_at: datetime
    sender_id: str = Id
    dm_conversation_id: str = Field("", pattern=r"^([0-9]+-[0-9]+|[0-9]+|)$")
    entities: Entities = Entities()
    attachments: Attached = Attached()


class EncryptedMessage(Told):
    """A message of X Chat: only its members can read it."""

    id: str = Field(min_length=1)
    sender_id: str = Id
    created_at_msec: str = Field(pattern=r"^[0-9]{10,16}$")


def utc(moment: datetime) -> datetime:
    """The same time as UTC; X writes it with and without a zone."""
    return clock.from_iso(moment.isoformat())


def old(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A post of the older deliveries in the new shape; its numbers have lost precision, its texts
    have not. Raises `LookupError`, `TypeError` or `ValueError` when it is none."""
    long = raw.get("extended_tweet") or {}
    entities = long.get("entities") or raw.get("entities") or {}
    files = (long.get("extended_entities") or raw.get("extended_entities") or {}).get("media") or []
    answered = raw.get("in_reply_to_status_id_str") or ""
    links = {"replied_to": answered, "quoted": raw.get("quoted_status_id_str")}
    links["retweeted"] = (raw.get("retweeted_status") or {}).get("id_str")
    return {
        "id": raw["id_str"],
        "text": long.get("full_text") or raw.get("full_text") or raw.get("text", ""),
        "author_id": raw["user"]["id_str"],
        "created_at": datetime.strptime(raw["created_at"], _OLD_TIME),
        "conversation_id": answered or raw["id_str"],
        "in_reply_to_user_id": raw.get("in_reply_to_user_id_str") or "",
        "referenced_tweets": [{"type": kind, "id": to} for kind, to in links.items() if to],
        "entities": {
            "mentions": [_old_mention(each) for each in entities.get("user_mentions") or []],
            "urls": [*(entities.get("urls") or []), *({**each, "media_key": "own"} for each in files)],
        },
        "display_text_range": long.get("display_text_range") or raw.get("display_text_range") or [],
        "media": [_old_file(each) for each in files],
        "public_metrics": {"like_count": raw.get("favorite_count"), "reply_count": raw.get("reply_count")},
    }


def old_user(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A person of the older deliveries. Raises `LookupError` when there is none."""
    return {**raw, "id": raw["id_str"]}


def _old_mention(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": raw["id_str"], "username": raw.get("screen_name", "")}


def _old_file(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": raw.get("type", "photo"),
        "media_url_https": raw.get("media_url_https", ""),
        "variants": (raw.get("video_info") or {}).get("variants") or [],
    }
