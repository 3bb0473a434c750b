"""What LINE posts to us, as far as we use it. Unknown keys are allowed everywhere."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel


class Payload(BaseModel):
    """LINE writes namesLikeThis."""

    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        """What is null was not said."""
        return {k: v for k, v in raw.items() if v is not None} if isinstance(raw, dict) else raw


class Source(Payload):
    """Where something happened: `type` is user, group or room."""

    type: str
    user_id: str = ""


class Event(Payload):
    """Every event. `timestamp` is in milliseconds and stays the same when it is delivered again. In the
    mode `standby` another system has the chat and answers there."""

    type: str
    mode: str = "active"
    timestamp: int
    webhook_event_id: str = Field(min_length=1)
    source: Source = Source(type="")


class Provider(Payload):
    """Who keeps a file: `line`, or `external` with its address."""

    type: str = "line"
    original_content_url: str = ""


class ImageSet(Payload):
    """Pictures sent together come as messages of their own with one set."""

    id: str


class Message(Payload):
    """A message of any type; each type fills the fields it has."""

    id: str = Field(min_length=1)
    type: str
    text: str = ""
    quote_token: str = ""
    quoted_message_id: str = ""
    mark_as_read_token: str = ""
    content_provider: Provider = Provider()
    image_set: ImageSet | None = None
    file_name: str = ""
    file_size: int | None = None
    title: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    sticker_id: str = ""
    keywords: list[str] = []


class MessageEvent(Event):
    message: Message


class Unsent(Payload):
    message_id: str = Field(min_length=1)


class UnsendEvent(Event):
    unsend: Unsent


class Postback(Payload):
    """A button was pressed. `params` hold a date or the name of a menu that was chosen."""

    data: str
    params: dict[str, str] = {}


class PostbackEvent(Event):
    postback: Postback


class Module(Payload):
    type: str


class ModuleEvent(Event):
    module: Module


class Profile(Payload):
    """A person, as LINE shows them to this account only."""

    user_id: str = Field(min_length=1)
    display_name: str = ""
    picture_url: str = ""
    language: str = ""
