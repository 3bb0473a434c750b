"""What is written straight has the shape the API's document declares."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from pydantic import BaseModel

from heed.accounts.models import Team, User
from heed.api.shapes.messages import MessageOut, Messages
from heed.api.shapes.tickets import TicketOut, Tickets
from heed.api.tests.conftest import Answered, Caller, Desk
from heed.inbox.models import Attachment, Revision, Ticket
from heed.lib import clock


def check(answered: Answered, shape: type[BaseModel], status: int = 200) -> Any:
    """Every value is there, of the declared kind, and nothing else is."""
    assert answered.status == status
    assert answered.headers["Content-Type"] == "application/json; charset=utf-8"
    assert orjson.loads(shape.model_validate(answered.json).model_dump_json()) == _times(answered.json)
    return answered.json


def _times(value: Any) -> Any:
    """As pydantic writes times: with a Z."""
    match value:
        case dict():
            return {key: _times(each) for key, each in value.items()}
        case list():
            return [_times(each) for each in value]
        case str() if value.endswith("+00:00"):
            return value.removesuffix("+00:00") + "Z"
    return value


def full(desk: Desk, ana: User) -> Ticket:
    """A ticket that has all a ticket can have."""
    now = clock.now()
    return desk.ticket(
        post=desk.post(picture_url="https://pigeon.example/p.png", likes=3),
        assignee=ana,
        team=Team.objects.create(name="Returns"),
        tags=["zip"],
        fields={"order": "4182", "pairs": 2, "paid": True},
        language="sl",
        priority=4,
        waiting_since=now,
        window_closes_at=now + timedelta(hours=3),
        follow_up_at=now + timedelta(days=1),
    )


def test_lists_and_tickets(call: Caller, desk: Desk, ana: User) -> None:
    ticket = full(desk, ana)
    desk.ticket("Omar Badr", kind="private", status="solved", solved_at=clock.now(), unanswered=False)
    listed = check(call("GET", "tickets?view=all"), Tickets)
    assert len(listed["items"]) == 2
    assert check(call("GET", f"tickets/{ticket.pk}"), TicketOut) in listed["items"]


def test_threads_and_what_is_written(call: Caller, desk: Desk, ana: User) -> None:
    ticket = desk.ticket(kind="private")
    now = clock.now()
    edited = desk.message(ticket, "Hello", edited_at=now, permalink="https://pigeon.example/1")
    Revision.objects.create(message=edited, at=now - timedelta(minutes=1), text="Helo")
    Attachment.objects.create(message=edited, kind="image", name="boot.png", mime="image/png", state="kept")
    desk.message(ticket, "Seen.", direction="out", author=ana, state="failed", reason="slow_down")
    path = f"tickets/{ticket.pk}/messages"
    note = check(call("POST", path, {"text": "Batch 7.", "visibility": "note"}), MessageOut, 201)
    answer = check(call("POST", path, {"text": "Hello Lea.", "visibility": "private"}), MessageOut, 201)
    thread = check(call("GET", path), Messages)
    assert len(thread["items"]) == 5
    assert note in thread["items"]
    assert answer in thread["items"]
    assert call("GET", f"messages/{note['id']}").json == note
