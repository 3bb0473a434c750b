"""The events of a site or an app, in our own format. Unknown keys are allowed everywhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from heed.lib import clock


def _known_year(moment: datetime) -> datetime:
    """In UTC; a time without a zone counts as UTC."""
    moment = clock.from_iso(moment.isoformat())
    if not 2000 <= moment.year <= 2200:
        raise ValueError("a year between 2000 and 2200 is expected")
    return moment


Moment = Annotated[datetime, AfterValidator(_known_year)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^?\s\x00-\x1f]\S*$")]
"""Ids are the app's own. `?` at the start is kept for people nobody knows."""


class Who(BaseModel):
    """A customer. An e-mail address is shown to agents as given."""

    id: Id
    name: str = Field("", max_length=255)
    email: str = Field("", max_length=254)
    avatar_url: str = Field("", max_length=2000)
    language: str = Field("", max_length=20)


class File(BaseModel):
    url: Annotated[str, StringConstraints(pattern=r"^(https?://|media:upload:)", max_length=2000)]
    name: str = Field("", max_length=255)
    mime: str = Field("", max_length=120)
    size: int | None = Field(None, ge=0, le=2**53)


class Message(BaseModel):
    """A customer wrote. `widget` is set by the widget and names the page they were on."""

    type: Literal["message"]
    id: Id
    at: Moment
    person: Who
    text: str = Field("", max_length=20_000)
    attachments: list[File] = Field([], max_length=20)
    page: str = Field("", max_length=2000)


class Answer(BaseModel):
    """The company answered in the app itself, outside Heed."""

    type: Literal["answer"]
    id: Id
    at: Moment
    person: Who
    text: str = Field("", max_length=20_000)
    key: str = Field("", max_length=64)
    automatic: bool = False


class Edit(BaseModel):
    type: Literal["edit"]
    id: Id
    at: Moment
    text: str = Field(max_length=20_000)


class Removal(BaseModel):
    type: Literal["remove"]
    id: Id
    at: Moment


class Receipts(BaseModel):
    """The customer got or saw our messages: these, or all up to `at`."""

    type: Literal["delivered", "seen"]
    at: Moment
    person: Id = ""
    ids: list[Id] = Field([], max_length=500)


class Failure(BaseModel):
    """The app took an answer and then could not deliver it."""

    type: Literal["failed"]
    at: Moment
    id: Id
    detail: str = Field("", max_length=500)


class Reaction(BaseModel):
    type: Literal["reaction"]
    at: Moment
    id: Id
    person: Who
    reaction: str = Field("like", min_length=1, max_length=40)
    on: bool = True


class PersonNews(BaseModel):
    """News about a customer; `reachable` false when the app can no longer reach them."""

    type: Literal["person"]
    person: Who
    reachable: bool | None = None


class Identified(BaseModel):
    """A nameless visitor signed in: what they wrote belongs to the known person."""

    type: Literal["identified"]
    at: Moment
    previous: Id
    person: Who


Kind = Message | Answer | Edit | Removal | Receipts | Failure | Reaction | PersonNews | Identified

SHAPES: dict[str, type[Kind]] = {
    "message": Message,
    "answer": Answer,
    "edit": Edit,
    "remove": Removal,
    "delivered": Receipts,
    "seen": Receipts,
    "failed": Failure,
    "reaction": Reaction,
    "person": PersonNews,
    "identified": Identified,
}


class Body(BaseModel):
    """A delivery: events in the order in which they happened."""

    events: list[dict[str, Any]] = Field(max_length=1000)
