"""What Viber posts to us, as far as we use it. Unknown keys are allowed everywhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

UserId = Annotated[str, Field(min_length=1)]


class Event(BaseModel):
    """Every callback. The token is an int64 above 2^53: never let it pass through a float."""

    event: str
    timestamp: int
    message_token: int


class User(BaseModel):
    id: UserId
    name: str | None = None
    avatar: str | None = None
    language: str | None = None


class Contact(BaseModel):
    name: str | None = None
    phone_number: str | None = None


class Location(BaseModel):
    lat: float
    lon: float


class Body(BaseModel):
    """The message itself. A `url` message keeps its link in `media`."""

    type: str
    text: str | None = None
    media: str | None = None
    file_name: str | None = None
    size: int | None = None
    sticker_id: int | str | None = None
    contact: Contact | None = None
    location: Location | None = None
    tracking_data: str | None = None


class MessageEvent(Event):
    sender: User
    message: Body


class UserEvent(Event):
    """`subscribed` and `conversation_started`; only the second says whether they subscribed."""

    user: User
    subscribed: bool | None = None


class ReceiptEvent(Event):
    """`unsubscribed`, `delivered`, `seen` and `failed`."""

    user_id: UserId
    desc: str | None = None
