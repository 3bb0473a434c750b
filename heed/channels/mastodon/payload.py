"""What a server sends, as far as we read it. Unknown keys are passed over; other servers than
Mastodon's own leave many of them out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _id(value: Any) -> Any:
    """Ids are texts; some servers send them as whole numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: Any) -> Any:
    return "" if value is None else value


def _list(value: Any) -> Any:
    return [] if value is None else value


Id = Annotated[str, BeforeValidator(_id)]
Text = Annotated[str, BeforeValidator(_text)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Profile(Shape):
    id: Id
    acct: str
    username: Text = ""
    display_name: Text = ""
    avatar: Text = ""
    url: Text = ""


class Mention(Shape):
    id: Id
    acct: str
    username: Text = ""


class Media(Shape):
    type: str = "unknown"
    url: Text = ""
    remote_url: Text = ""
    description: Text = ""


class Status(Shape):
    id: Id
    created_at: str
    account: Profile
    content: Text = ""
    spoiler_text: Text = ""
    visibility: str = "direct"
    """What nobody named is taken for the narrowest."""
    language: Text = ""
    url: Text = ""
    uri: Text = ""
    edited_at: Text = ""
    in_reply_to_id: Annotated[Id | None, BeforeValidator(_id)] = None
    in_reply_to_account_id: Annotated[Id | None, BeforeValidator(_id)] = None
    media_attachments: Annotated[list[Media], BeforeValidator(_list)] = []
    mentions: Annotated[list[Mention], BeforeValidator(_list)] = []
    reblog: dict[str, Any] | None = None
    quote: dict[str, Any] | None = None
    favourites_count: int = 0
    reblogs_count: int = 0
    replies_count: int = 0
    favourited: bool | None = None
    reblogged: bool | None = None


class Notification(Shape):
    id: Id
    type: str
    created_at: str
    account: Profile | None = None
    status: Status | None = None
    moderation_warning: dict[str, Any] | None = None


class Version(Shape):
    """One state of a status in its history."""

    created_at: str
    content: Text = ""
    spoiler_text: Text = ""
