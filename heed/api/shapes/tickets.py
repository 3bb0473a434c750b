"""Tickets, with their customer, post and last message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast

from django.conf import settings
from pydantic import Field

from heed.accounts.models import User
from heed.api.shapes.accounts import AccountShort, of_account_in_short
from heed.api.shapes.given import Given, Priority, Status, Text
from heed.api.shapes.shape import Shape
from heed.inbox.models import About, Post, Ticket
from heed.lib.rows import prepared


class IdentityOut(Shape):
    network: str
    account: int
    external_id: str
    name: str
    handle: str


class CustomerOut(Shape):
    id: int
    name: str
    group: str
    blocked: bool = Field(description="What they write here is kept but wakes nobody.")
    identities: list[IdentityOut]


class PostOut(Shape):
    external_id: str
    text: str
    author: str
    picture: str | None
    permalink: str
    likes: int | None
    comments: int | None
    shares: int | None
    removed: bool


class LastMessage(Shape):
    text: str
    direction: Literal["in", "out"]
    author: str
    at: datetime


class Colleague(Shape):
    id: int
    email: str
    name: str


class TeamOut(Shape):
    id: int
    name: str


class TicketOut(Shape):
    number: int
    status: Status
    unanswered: bool
    waiting_since: datetime | None
    account: AccountShort
    network: str
    kind: Literal["public", "private"]
    about: About = Field(description="What the customer came with.")
    customer: CustomerOut
    post: PostOut | None
    subject: str
    last_message: LastMessage
    last_message_at: datetime
    assignee: Colleague | None
    team: TeamOut | None
    priority: Priority
    tags: list[str]
    fields: dict[str, Any] = Field(description="The company's own fields that are filled in, by their keys.")
    language: str = Field(description="What the customer writes in, as an ISO 639-1 code; empty if unknown.")
    spam: bool
    rating: Literal["good", "bad"] | None = Field(
        description="What the customer tapped last under the follow-up question."
    )
    snoozed_until: datetime | None
    follow_up_at: datetime | None
    window_closes_at: datetime | None = Field(description="Until then one may write freely in private.")
    opened_at: datetime
    solved_at: datetime | None
    url: str


class Tickets(Shape):
    items: list[TicketOut]
    next: str


class TicketChange(Given):
    status: Status | None = None
    assignee: int | Text | None = Field(
        default=None, description='An id, an e-mail address, "me", or null for nobody.'
    )
    team: int | None = Field(default=None, description="The id of a team, or null for none.")
    priority: Priority | None = None
    add_tags: list[Text] = Field(default=[], max_length=30)
    remove_tags: list[Text] = Field(default=[], max_length=30)
    fields: dict[str, str | int | float | bool | None] = Field(
        default={}, description="Values by the keys of fields; null empties one."
    )
    language: str | None = None
    group: Text | None = Field(
        default=None, description="The kind of customer; it holds for all their tickets."
    )
    snoozed_until: datetime | None = Field(default=None, description="With a zone; null wakes it.")
    follow_up_at: datetime | None = Field(default=None, description="When to be reminded; null: no more.")


PRIORITIES = {each.value: cast(Priority, each.name.lower()) for each in Ticket.Priority}


def of_tickets(tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """As `inbox.reach` reads them, with their customers, posts and teams."""
    identities = _identities(tickets)
    return [_of_ticket(ticket, identities[ticket.customer_id]) for ticket in tickets]


def of_ticket(ticket: Ticket) -> dict[str, Any]:
    return of_tickets([ticket])[0]


def _identities(tickets: Sequence[Ticket]) -> dict[int, list[dict[str, Any]]]:
    """All identities of the tickets' customers, by customer."""
    found: dict[int, list[dict[str, Any]]] = {ticket.customer_id: [] for ticket in tickets}
    with prepared() as cursor:
        cursor.execute(_OF_CUSTOMERS, [list(found)])
        for customer, *values in cursor.fetchall():
            found[customer].append(dict(zip(_OF_IDENTITY, values, strict=True)))
    return found


_OF_IDENTITY = ("network", "account", "external_id", "name", "handle")
_OF_CUSTOMERS = """
SELECT customer_id, channels_account.network, account_id, inbox_identity.external_id, inbox_identity.name,
    inbox_identity.handle
FROM inbox_identity JOIN channels_account ON channels_account.id = account_id
WHERE customer_id = ANY(%s) ORDER BY inbox_identity.id
"""


def _of_ticket(ticket: Ticket, identities: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "status": ticket.status,
        "unanswered": ticket.unanswered,
        "waiting_since": ticket.waiting_since,
        "account": of_account_in_short(ticket.account),
        "network": ticket.account.network,
        "kind": ticket.kind,
        "about": ticket.about,
        "customer": {
            "id": ticket.customer_id,
            "name": ticket.customer.name or str(ticket.identity),
            "group": ticket.customer.group,
            "blocked": ticket.identity.blocked,
            "identities": identities,
        },
        "post": _post(ticket.post, ticket.number),
        "subject": ticket.subject or ticket.last_text,
        "last_message": {
            "text": ticket.last_text,
            "direction": ticket.last_direction,
            "author": ticket.last_author or (str(ticket.identity) if ticket.last_direction == "in" else ""),
            "at": ticket.last_at,
        },
        "last_message_at": ticket.last_at,
        "assignee": _colleague(ticket.assignee),
        "team": {"id": ticket.team.pk, "name": ticket.team.name} if ticket.team else None,
        "priority": PRIORITIES[ticket.priority],
        "tags": ticket.tags,
        "fields": ticket.fields,
        "language": ticket.language,
        "spam": ticket.spam,
        "rating": _RATINGS[ticket.rating],
        "snoozed_until": ticket.snoozed_until,
        "follow_up_at": ticket.follow_up_at,
        "window_closes_at": ticket.window_closes_at,
        "opened_at": ticket.opened_at,
        "solved_at": ticket.solved_at,
        "url": f"{settings.HEED_PUBLIC_URL}/tickets/{ticket.number}/",
    }


_RATINGS = {True: "good", False: "bad", None: None}


def _post(post: Post | None, number: int) -> dict[str, Any] | None:
    if post is None:
        return None
    return {
        "external_id": post.external_id,
        "text": post.text,
        "author": post.author_name,
        "picture": f"/api/v1/tickets/{number}/picture" if post.picture else post.picture_url or None,
        "permalink": post.permalink,
        "likes": post.likes,
        "comments": post.comments,
        "shares": post.shares,
        "removed": post.removed,
    }


def _colleague(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "email": user.email, "name": user.name} if user else None
