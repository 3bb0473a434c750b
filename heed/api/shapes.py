"""What goes in and out: the documented shapes, and how our records are told in them.

Times are ISO 8601 in UTC. Lists are `{items, next}`; an empty `next` means the end.
Credentials never go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, prefetch_related_objects
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from heed.accounts.models import User
from heed.channels import reach as channels
from heed.channels.base import Action, Capabilities, Files, Late, Limit, Network, Writing
from heed.channels.models import Account
from heed.inbox.models import Attachment, Delivery, Identity, Message, Post, Ticket
from heed.inbox.possible import Act, Way
from heed.lib.text import clean

Text = Annotated[str, AfterValidator(clean)]
View = Literal["mine", "unanswered", "unassigned", "open", "all"]
Status = Literal["new", "open", "pending", "solved"]
DeliveryState = Literal["pending", "done", "set_aside", "not_understood"]
_BODY_IN_LISTS = 10_000


class Given(Schema):
    """Something sent to us. A misspelt field is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")


# -------------------------------------------------------------------------------- networks


class FieldOut(Schema):
    name: str
    label: str
    help: str
    secret: bool
    required: bool


class LimitOut(Schema):
    unit: str
    most: int


class FilesOut(Schema):
    types: list[str]
    most_bytes: dict[str, int]
    count: int
    with_text: bool
    fetched: bool = Field(description="The network fetches files from us: a public address is needed.")


class LateOut(Schema):
    name: str
    until: int = Field(description="Seconds after the customer's last message.")
    note: str


class WritingOut(Schema):
    limits: list[LimitOut]
    files: FilesOut | None
    window: int | None
    sends: int | None
    late: LateOut | None
    templates: bool


class CapabilitiesOut(Schema):
    public: WritingOut | None
    private: WritingOut | None
    private_reply: bool
    private_reply_within: int | None
    on_theirs: list[str]
    on_ours: list[str]
    on_private: list[str]
    on_private_ours: list[str]
    reactions: list[str]
    quote: bool
    edit_within: int | None
    delete_within: int | None
    why_not: dict[str, str]
    receipts: list[str]


class NetworkOut(Schema):
    name: str
    label: str
    base_url: str
    polls: bool
    fields: list[FieldOut]
    capabilities: CapabilitiesOut


class Networks(Schema):
    items: list[NetworkOut]
    next: str


def of_network(network: Network) -> dict[str, Any]:
    can = network.capabilities
    return {
        "name": network.name,
        "label": str(network.label),
        "base_url": network.base_url,
        "polls": network.polls,
        "fields": [
            {
                "name": field.name,
                "label": str(field.label),
                "help": str(field.help),
                "secret": field.secret,
                "required": field.required,
            }
            for field in network.fields
        ],
        "capabilities": of_capabilities(can),
    }


def of_capabilities(can: Capabilities) -> dict[str, Any]:
    return {
        "public": _writing(can.public),
        "private": _writing(can.private),
        "private_reply": can.private_reply,
        "private_reply_within": can.private_reply_within,
        "on_theirs": sorted(can.on_theirs),
        "on_ours": sorted(can.on_ours),
        "on_private": sorted(can.on_private),
        "on_private_ours": sorted(can.on_private_ours),
        "reactions": list(can.reactions),
        "quote": can.quote,
        "edit_within": can.edit_within,
        "delete_within": can.delete_within,
        "why_not": {action: str(sentence) for action, sentence in can.why_not.items()},
        "receipts": sorted(can.receipts),
    }


def _writing(writing: Writing | None) -> dict[str, Any] | None:
    if writing is None:
        return None
    return {
        "limits": _limits(writing.limits),
        "files": _files(writing.files),
        "window": writing.window,
        "sends": writing.sends,
        "late": _late(writing.late),
        "templates": writing.templates,
    }


def _limits(limits: Sequence[Limit]) -> list[dict[str, Any]]:
    return [{"unit": limit.unit, "most": limit.most} for limit in limits]


def _files(files: Files | None) -> dict[str, Any] | None:
    if files is None:
        return None
    return {
        "types": list(files.types),
        "most_bytes": dict(files.most_bytes),
        "count": files.count,
        "with_text": files.with_text,
        "fetched": files.fetched,
    }


def _late(late: Late | None) -> dict[str, Any] | None:
    return {"name": late.name, "until": late.until, "note": str(late.note)} if late else None


# -------------------------------------------------------------------------------- accounts


class AccountGiven(Given):
    network: Text
    name: Annotated[Text, Field(max_length=120)] = ""
    external_id: Annotated[Text, Field(max_length=255)] = ""
    credentials: dict[Text, Text]
    base_url: Annotated[Text, Field(max_length=500)] = ""
    settings: dict[Text, Any] = {}
    after_solved: Literal["reopen", "new"] = "reopen"


class AccountChange(Given):
    name: Annotated[Text, Field(max_length=120)] | None = None
    credentials: dict[Text, Text] | None = None
    after_solved: Literal["reopen", "new"] | None = None


class AccountProblem(Schema):
    reason: str
    sentence: str
    way_out: str
    detail: str


class QuotaOut(Schema):
    what: str
    left: int
    of: int | None
    resets_at: datetime | None


class AccountOut(Schema):
    id: int
    network: str
    name: str
    external_id: str
    handle: str
    base_url: str
    state: Literal["connecting", "connected", "broken"]
    problem: AccountProblem | None
    after_solved: str
    last_delivery_at: datetime | None
    collected_at: datetime | None
    refused: int
    hook_url: str | None = Field(description="Only for owners and admins.")
    missing: list[str] = Field(description="Permissions the network has not granted, by its names.")
    quotas: list[QuotaOut]
    expires_at: datetime | None = Field(description="When the sign-in ends unless it is renewed.")
    checked_at: datetime | None
    paused_until: datetime | None
    capabilities: CapabilitiesOut = Field(description="What this account can do at its level.")
    created_at: datetime


class Accounts(Schema):
    items: list[AccountOut]
    next: str


def of_account(account: Account, asking: User) -> dict[str, Any]:
    words = channels.words(account)
    return {
        "id": account.pk,
        "network": account.network,
        "name": account.name,
        "external_id": account.external_id,
        "handle": account.handle,
        "base_url": account.base_url,
        "state": account.state,
        "problem": words
        and {
            "reason": account.problem,
            "sentence": str(words.sentence),
            "way_out": str(words.way_out),
            "detail": account.problem_detail,
        },
        "after_solved": account.after_solved,
        "last_delivery_at": account.last_delivery_at,
        "collected_at": account.collected_at,
        "refused": account.refused,
        "hook_url": account.hook_url if asking.may_administer else None,
        "missing": account.missing,
        "quotas": account.quotas,
        "expires_at": account.expires_at,
        "checked_at": account.checked_at,
        "paused_until": account.paused_until,
        "capabilities": of_capabilities(account.able),
        "created_at": account.created_at,
    }


class AccountShort(Schema):
    id: int
    name: str
    network: str


def _short(account: Account) -> dict[str, Any]:
    return {"id": account.pk, "name": account.name, "network": account.network}


# --------------------------------------------------------------------------------- tickets


class IdentityOut(Schema):
    network: str
    account: int
    external_id: str
    name: str
    handle: str


class CustomerOut(Schema):
    id: int
    name: str
    identities: list[IdentityOut]


class PostOut(Schema):
    external_id: str
    text: str
    author: str
    picture: str | None
    permalink: str
    likes: int | None
    comments: int | None
    shares: int | None
    removed: bool


class LastMessage(Schema):
    text: str
    direction: Literal["in", "out"]
    author: str
    at: datetime


class Colleague(Schema):
    id: int
    email: str
    name: str


class TicketOut(Schema):
    number: int
    status: Status
    unanswered: bool
    waiting_since: datetime | None
    account: AccountShort
    network: str
    kind: Literal["public", "private"]
    customer: CustomerOut
    post: PostOut | None
    subject: str
    last_message: LastMessage
    last_message_at: datetime
    assignee: Colleague | None
    window_closes_at: datetime | None = Field(description="Until then one may write freely in private.")
    opened_at: datetime
    solved_at: datetime | None
    url: str


class Tickets(Schema):
    items: list[TicketOut]
    next: str


class TicketChange(Given):
    status: Status | None = None
    assignee: int | Text | None = Field(
        default=None, description='An id, an e-mail address, "me", or null for nobody.'
    )


def of_tickets(tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    identities = Identity.objects.select_related("account").order_by("pk")
    prefetch_related_objects(tickets, Prefetch("customer__identities", identities))
    return [_of_ticket(ticket) for ticket in tickets]


def of_ticket(ticket: Ticket) -> dict[str, Any]:
    return of_tickets([ticket])[0]


def _of_ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "status": ticket.status,
        "unanswered": ticket.unanswered,
        "waiting_since": ticket.waiting_since,
        "account": _short(ticket.account),
        "network": ticket.account.network,
        "kind": ticket.kind,
        "customer": {
            "id": ticket.customer_id,
            "name": ticket.customer.name or str(ticket.identity),
            "identities": [_identity(identity) for identity in ticket.customer.identities.all()],
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
        "window_closes_at": ticket.window_closes_at,
        "opened_at": ticket.opened_at,
        "solved_at": ticket.solved_at,
        "url": f"{settings.HEED_PUBLIC_URL}/tickets/{ticket.number}/",
    }


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "network": identity.account.network,
        "account": identity.account_id,
        "external_id": identity.external_id,
        "name": identity.name,
        "handle": identity.handle,
    }


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


# -------------------------------------------------------------------------------- messages


class AttachmentOut(Schema):
    id: int
    kind: str
    name: str
    mime: str
    size: int | None
    text: str
    state: Literal["waiting", "kept", "failed", "link"]
    url: str | None


class AuthorOut(Schema):
    type: Literal["customer", "colleague", "account"]
    name: str
    handle: str
    external_id: str
    email: str


class Earlier(Schema):
    at: datetime
    text: str


class MessageOut(Schema):
    id: int
    ticket: int
    external_id: str
    direction: Literal["in", "out"]
    visibility: Literal["public", "private", "note"]
    kind: str
    author: AuthorOut
    text: str
    attachments: list[AttachmentOut]
    at: datetime = Field(description="The network's time.")
    created_at: datetime
    state: str
    reason: str
    sentence: str
    way_out: str
    answers: int | None
    edited: bool
    edited_at: datetime | None
    earlier: list[Earlier] = Field(description="What an edited message said before.")
    removed: bool
    removed_at: datetime | None
    hidden: bool
    liked: bool
    reposted: bool
    likes: int
    permalink: str
    automatic: bool = Field(description="A machine of the network sent it; never counted as an answer.")
    manner: dict[str, Any] = Field(description="How an answer went out: chosen, quote, late, template.")


class Messages(Schema):
    items: list[MessageOut]
    next: str


class TemplateGiven(Given):
    name: Text
    language: Text
    values: list[Text] = []


class TemplateOut(Schema):
    name: str
    language: str
    text: str
    blanks: int


class MessageGiven(Given):
    text: Text = ""
    visibility: Literal["public", "private", "note"]
    to: int | None = Field(
        default=None, description="The message answered; the customer's newest by default."
    )
    key: UUID | None = Field(default=None, description="The same key again gives back the same message.")
    attachments: list[int] = []
    mark_answered: bool = False
    quote: bool = Field(default=False, description="Quote the message publicly.")
    template: TemplateGiven | None = Field(
        default=None, description="An approved template instead of text; it may be sent after the window."
    )


class ActionGiven(Given):
    action: Action
    value: Annotated[Text, Field(max_length=70_000)] = Field(
        default="", description="The emoji of `react`, the new text of `edit`."
    )


class ActOut(Schema):
    action: str
    allowed: bool
    sentence: str
    choices: list[str]
    limits: list[LimitOut]


class Acts(Schema):
    items: list[ActOut]
    next: str


def of_act(act: Act) -> dict[str, Any]:
    return {
        "action": act.action,
        "allowed": act.allowed,
        "sentence": str(act.sentence),
        "choices": list(act.choices),
        "limits": _limits(act.limits),
    }


class Outcome(Given):
    outcome: Literal["resend", "sent"]


class WayOut(Schema):
    allowed: bool
    sentence: str
    way_out: str
    reason: str
    limits: list[LimitOut]
    files: FilesOut | None
    no_files: str
    closes_at: datetime | None
    sends_left: int | None
    late: LateOut | None
    templates: list[TemplateOut]
    quote: bool


class PossibleOut(Schema):
    public: WayOut
    private: WayOut


def of_message(message: Message) -> dict[str, Any]:
    """A message as `inbox.reach.thread` reads it."""
    words = message.words
    return {
        "id": message.pk,
        "ticket": message.ticket_id,
        "external_id": message.external_id,
        "direction": message.direction,
        "visibility": message.visibility,
        "kind": message.kind,
        "author": _author(message),
        "text": message.text,
        "attachments": [of_attachment(attachment) for attachment in message.attachments.all()],
        "at": message.at,
        "created_at": message.created_at,
        "state": message.state,
        "reason": message.reason,
        "sentence": str(words.sentence) if words else "",
        "way_out": str(words.way_out) if words else "",
        "answers": message.answers_id,
        "edited": message.edited_at is not None,
        "edited_at": message.edited_at,
        "earlier": _earlier(message),
        "removed": message.removed_at is not None,
        "removed_at": message.removed_at,
        "hidden": message.hidden,
        "liked": message.liked,
        "reposted": message.reposted,
        "likes": getattr(message, "like_count", 0),
        "permalink": message.permalink,
        "automatic": message.automatic,
        "manner": message.manner,
    }


def _earlier(message: Message) -> list[dict[str, Any]]:
    if message.edited_at is None:
        return []
    revisions = [{"at": each.at, "text": each.text} for each in message.revisions.all()]
    return revisions[:-1] if revisions and revisions[-1]["text"] == message.text else revisions


def _author(message: Message) -> dict[str, Any]:
    if message.direction == "in":
        who = message.identity
        return {
            "type": "customer",
            "name": str(who) if who else "",
            "handle": who.handle if who else "",
            "external_id": who.external_id if who else "",
            "email": "",
        }
    if message.author is not None:
        author = message.author
        return {
            "type": "colleague",
            "name": author.name,
            "handle": "",
            "external_id": "",
            "email": author.email,
        }
    account = message.account
    return {
        "type": "account",
        "name": account.name,
        "handle": account.handle,
        "external_id": account.external_id,
        "email": "",
    }


def of_attachment(attachment: Attachment) -> dict[str, Any]:
    kept = attachment.state == Attachment.State.KEPT
    return {
        "id": attachment.pk,
        "kind": attachment.kind,
        "name": attachment.name,
        "mime": attachment.mime,
        "size": attachment.size,
        "text": attachment.text,
        "state": attachment.state,
        "url": f"/api/v1/attachments/{attachment.pk}" if kept else attachment.url or None,
    }


def of_way(way: Way) -> dict[str, Any]:
    return {
        "allowed": way.allowed,
        "sentence": str(way.sentence),
        "way_out": str(way.way_out),
        "reason": way.reason or "",
        "limits": _limits(way.limits),
        "files": _files(way.files),
        "no_files": str(way.no_files),
        "closes_at": way.closes_at,
        "sends_left": way.sends_left,
        "late": _late(way.late),
        "templates": [asdict(template) for template in way.templates],
        "quote": way.quote,
    }


# ------------------------------------------------------------------------------ deliveries


class DeliveryProblem(Schema):
    what: str
    error: str


class DeliveryOut(Schema):
    id: int
    account: AccountShort
    at: datetime
    state: DeliveryState
    problems: list[DeliveryProblem]
    tries: int
    done_at: datetime | None
    headers: dict[str, str]
    body: str = Field(description="As text. A list shows the first 10,000 characters.")
    size: int = Field(description="Bytes of the whole body.")


class Deliveries(Schema):
    items: list[DeliveryOut]
    next: str


def of_delivery(delivery: Delivery, *, whole: bool = False) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "account": _short(delivery.account),
        "at": delivery.at,
        "state": delivery.state,
        "problems": [
            {"what": str(problem.get("what", "")), "error": str(problem.get("error", ""))}
            for problem in delivery.problems
        ],
        "tries": delivery.tries,
        "done_at": delivery.done_at,
        "headers": {str(name): str(value) for name, value in delivery.headers.items()},
        "body": delivery.text if whole else delivery.text[:_BODY_IN_LISTS],
        "size": len(bytes(delivery.body)),
    }
