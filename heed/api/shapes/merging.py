"""What was merged, split and joined, and who is at a ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from heed.api.shapes.given import Given
from heed.api.shapes.shape import Shape
from heed.inbox.models import Joining, Merge, Presence, Split


class OtherTicket(Given):
    number: int


class SplitGiven(Given):
    messages: list[int] = Field(min_length=1, max_length=1000)


class Matter(Shape):
    id: int
    number: int = Field(
        description="The other ticket: merged into this one, split off it, or, of `split_from`, its source."
    )
    by: str
    at: datetime


class JoiningOut(Shape):
    id: int
    customer: int
    name: str
    at: datetime


class Matters(Shape):
    merges: list[Matter]
    splits: list[Matter]
    split_from: Matter | None = Field(description="The split by which this ticket came from another.")
    joinings: list[JoiningOut]


class HereGiven(Given):
    doing: Literal["looking", "typing"]
    idle: bool = False


class PresenceOut(Shape):
    id: int
    name: str
    doing: Literal["looking", "typing"]
    until: datetime


class Here(Shape):
    items: list[PresenceOut]


def of_merge(merge: Merge) -> dict[str, Any]:
    return {"id": merge.pk, "number": merge.ticket_id, "by": str(merge.by or ""), "at": merge.at}


def of_split(split: Split, number: int) -> dict[str, Any]:
    """A split, with the ticket on its other side."""
    return {"id": split.pk, "number": number, "by": str(split.by or ""), "at": split.at}


def of_joining(joining: Joining) -> dict[str, Any]:
    return {
        "id": joining.pk,
        "customer": joining.gone_id,
        "name": joining.gone.name,
        "at": joining.at,
    }


def of_presence(presence: Presence) -> dict[str, Any]:
    return {
        "id": presence.user_id,
        "name": presence.user.name,
        "doing": presence.doing,
        "until": presence.until,
    }
