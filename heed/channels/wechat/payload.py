"""What WeChat posts to us, as far as we use it. Unknown elements are allowed everywhere."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Delivery(BaseModel):
    """Every delivery holds one message or one event. `CreateTime` is in seconds; events have no `MsgId`."""

    person: str = Field(alias="FromUserName", min_length=1, max_length=64)
    created: int = Field(alias="CreateTime")
    kind: str = Field(alias="MsgType", min_length=1)
    id: str = Field("", alias="MsgId", max_length=64)


class Words(Delivery):
    """`menu` is there when they tapped an entry of a message menu."""

    text: str = Field(alias="Content")
    menu: str = Field("", alias="bizmsgmenuid")


class Media(Delivery):
    """A picture, voice message or video. The id is good for three days."""

    media: str = Field(alias="MediaId", min_length=1)
    format: str = Field("", alias="Format")
    heard: str = Field("", alias="Recognition")


class Place(Delivery):
    latitude: float = Field(alias="Location_X")
    longitude: float = Field(alias="Location_Y")
    label: str = Field("", alias="Label")


class Link(Delivery):
    title: str = Field("", alias="Title")
    description: str = Field("", alias="Description")
    url: str = Field(alias="Url")


class Event(Delivery):
    event: str = Field(alias="Event", min_length=1)
    key: str = Field("", alias="EventKey")
