"""What was found, and the views people keep."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from heed.accounts.models import User
from heed.api.shapes.given import Given, Text
from heed.api.shapes.shape import Shape
from heed.api.shapes.tickets import TicketOut
from heed.inbox.models import SavedView
from heed.inbox.reach import saved
from heed.inbox.search.hits import Hit

Order = Literal["newest", "waiting", "due", "priority", "closing"]
FoundOrder = Literal["newest", "waiting", "due", "priority", "closing", "relevance"]


class Piece(Shape):
    text: str
    hit: bool = Field(description="Whether this was looked for.")


class HitOut(Shape):
    ticket: int
    pieces: list[Piece] = Field(description="The part of a message around the words, in pieces.")


class FoundOut(Shape):
    items: list[TicketOut]
    hits: list[HitOut]
    next: str


class CompletionOut(Shape):
    text: str
    start: int
    end: int
    hint: str


class Completions(Shape):
    items: list[CompletionOut]


class ViewOut(Shape):
    id: int
    name: str
    condition: str
    order: str
    shared: bool
    team: int | None
    owner: str
    may_change: bool
    problem: str = Field(description="What it names that is not there for you, or not any more; else empty.")


class Views(Shape):
    items: list[ViewOut]


class ViewGiven(Given):
    name: Annotated[Text, Field(max_length=60)]
    condition: Text
    order: Order = "newest"
    shared: bool = False
    team: int | None = Field(default=None, description="With the people of this team only.")


class ViewsOrder(Given):
    views: list[int] = Field(description="The ids in their new order.", max_length=500)


def of_view(view: SavedView, user: User) -> dict[str, Any]:
    gone = saved.gone_from(user, view)
    return {
        "id": view.pk,
        "name": view.name,
        "condition": view.condition,
        "order": view.order,
        "shared": view.shared,
        "team": view.team_id,
        "owner": view.owner.email,
        "may_change": saved.may_change(user, view),
        "problem": gone.sentence if gone else "",
    }


def of_hits(hits: dict[int, Hit]) -> list[dict[str, Any]]:
    return [
        {"ticket": ticket, "pieces": [{"text": piece.text, "hit": piece.hit} for piece in pieces]}
        for ticket, pieces in hits.items()
    ]
