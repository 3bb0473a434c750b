"""Tags, fields, notices, and what is done to many tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from heed.api.shapes.given import Given, Text, View
from heed.api.shapes.shape import Shape
from heed.inbox.models import Field as Asked
from heed.inbox.models import FollowUpQuestion, Notice, Sweep, Tag
from heed.inbox.verbs.many import MOST

Kind = Literal["text", "number", "choice", "yes_no", "date"]
Deed = Literal["assign", "team", "status", "priority", "tag", "untag", "snooze", "answered", "spam"]


class TagOut(Shape):
    id: int
    name: str
    tickets: int | None = Field(
        description="How many have it, counted up to 1,001; null for those who may not change tags."
    )


class Tags(Shape):
    items: list[TagOut]


class TagGiven(Given):
    name: Annotated[Text, Field(max_length=60)]


class GroupOut(Shape):
    name: str
    people: int | None = Field(
        description="How many customers are in it; null for those who may not change groups."
    )


class Groups(Shape):
    items: list[GroupOut]


class GroupGiven(Given):
    name: Annotated[Text, Field(max_length=60)]


class FieldOut(Shape):
    id: int
    key: str
    title: str
    kind: Kind
    choices: list[str]
    required_on_solve: bool
    archived: bool


class Fields(Shape):
    items: list[FieldOut]


class FieldGiven(Given):
    title: Annotated[Text, Field(max_length=80)]
    kind: Kind = "text"
    choices: list[Text] = Field(default=[], max_length=100)
    required_on_solve: bool = False


class FieldChange(Given):
    title: Annotated[Text, Field(max_length=80)] | None = None
    choices: list[Text] | None = Field(default=None, max_length=100)
    required_on_solve: bool | None = None
    archived: bool | None = None


class QuestionOut(Shape):
    account: int
    after_days: int
    text: str
    texts: dict[str, str]
    rates: bool


class QuestionGiven(Given):
    after_days: int = 3
    text: Annotated[Text, Field(max_length=1000)]
    texts: dict[str, Text] = Field(default={}, description="The same in other languages, by ISO 639-1 code.")
    rates: bool = Field(default=False, description="Offer 👍 and 👎 to tap, where the network can.")


class NoticeOut(Shape):
    id: int
    kind: Literal["mentioned", "assigned", "follow_up", "due", "rule", "failed", "unknown"]
    ticket: int
    message: int | None
    by: str | None
    text: str
    at: datetime
    seen_at: datetime | None


class Notices(Shape):
    items: list[NoticeOut]
    next: str
    unseen: int
    unseen_mentions: int


class SeenGiven(Given):
    ticket: int | None = Field(default=None, description="Only those about this ticket; all by default.")


class SweepGiven(Given):
    deed: Deed
    value: Text = Field(
        default="",
        description="Who (an id), which team (an id), status, priority (1 to 4), tag, or until when.",
    )
    numbers: list[int] = Field(default=[], max_length=MOST)
    view: View | None = Field(default=None, description="All tickets of this view instead of `numbers`.")
    account: int | None = Field(default=None, description="Of the view, only those of this account.")
    condition: Annotated[Text, Field(max_length=2000)] = Field(
        default="", description="Of the view, or of all, those that fit, such as `is:unanswered tag:zip`."
    )


class SweepOut(Shape):
    id: int
    deed: Deed
    value: str
    state: Literal["waiting", "done", "undoing", "undone"]
    tickets: int
    changed: int
    unchanged: int
    refused: int = Field(description="On these it may not or cannot be done.")
    taken_back: int
    kept: int = Field(description="Not taken back, because somebody changed them since.")


def of_tag(tag: Tag, uses: int | None) -> dict[str, Any]:
    return {"id": tag.pk, "name": tag.name, "tickets": uses}


def of_field(field: Asked) -> dict[str, Any]:
    return {
        "id": field.pk,
        "key": field.key,
        "title": field.title,
        "kind": field.kind,
        "choices": field.choices,
        "required_on_solve": field.required_on_solve,
        "archived": field.archived,
    }


def of_question(question: FollowUpQuestion) -> dict[str, Any]:
    return {
        "account": question.account_id,
        "after_days": question.after_days,
        "text": question.text,
        "texts": question.texts,
        "rates": question.rates,
    }


def of_notice(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.pk,
        "kind": notice.kind,
        "ticket": notice.ticket_id,
        "message": notice.message_id,
        "by": notice.by.name if notice.by else None,
        "text": notice.text,
        "at": notice.at,
        "seen_at": notice.seen_at,
    }


def of_sweep(sweep: Sweep) -> dict[str, Any]:
    names = ("deed", "value", "state", "changed", "unchanged", "refused", "taken_back", "kept")
    facts = {name: getattr(sweep, name) for name in names}
    return {"id": sweep.pk, "tickets": sweep.tickets.count(), **facts}
