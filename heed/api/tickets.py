"""Tickets and what people do with them."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, Literal, cast

from django.db import transaction
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from heed.accounts.models import User
from heed.accounts.reach import colleagues
from heed.api.bearer import Asking
from heed.api.files import sent_file
from heed.api.problems import Problem
from heed.api.shapes.given import View
from heed.api.shapes.messages import (
    AttachmentOut,
    MessageGiven,
    MessageOut,
    Messages,
    PossibleOut,
    TemplateGiven,
    of_attachment,
    of_message,
    of_way,
)
from heed.api.shapes.tickets import TicketChange, TicketOut, Tickets, of_ticket, of_tickets
from heed.channels.base import FilledTemplate
from heed.inbox import reach, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.possible import possible

router = Router(tags=["tickets"])


@router.get("/tickets", response=Tickets, summary="A view, newest news first")
def list_tickets(
    request: Asking,
    view: View = "open",
    account: int | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    order: Literal["newest", "closing"] = "newest",
) -> Any:
    """By `order` "closing", the unanswered whose window closes first come first."""
    page = reach.tickets(request.auth, view, account=account, after=after, limit=limit, order=order)
    return {"items": of_tickets(page.items), "next": page.next}


@router.get("/tickets/{number}", response=TicketOut, summary="One ticket")
def read_ticket(request: Asking, number: int) -> Any:
    return of_ticket(reach.ticket(request.auth, number))


@router.patch("/tickets/{number}", response=TicketOut, summary="Set the status, give it to someone")
def change_ticket(request: Asking, number: int, change: TicketChange) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    with transaction.atomic():
        if "assignee" in change.model_fields_set:
            verbs.assign(ticket, request.auth, _colleague(change.assignee, request.auth))
        if change.status is not None:
            verbs.set_status(ticket, request.auth, change.status)
    return _told(request.auth, ticket)


@router.post("/tickets/{number}/answered", response=TicketOut, summary="Mark answered")
def mark_answered(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number, "answer")
    verbs.mark_answered(ticket, request.auth)
    return _told(request.auth, ticket)


@router.delete("/tickets/{number}/answered", response=TicketOut, summary="Mark unanswered")
def mark_unanswered(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number, "answer")
    verbs.mark_unanswered(ticket, request.auth)
    return _told(request.auth, ticket)


@router.get("/tickets/{number}/picture", summary="The picture of the ticket's post")
def read_picture(request: Asking, number: int) -> HttpResponseBase:
    post = reach.ticket(request.auth, number).post
    return sent_file(request, post.picture if post else "", "picture")


@router.get(
    "/tickets/{number}/possible", response=PossibleOut, summary="How it can be answered now, and why not"
)
def read_possible(request: Asking, number: int) -> Any:
    ways = possible(reach.ticket(request.auth, number))
    return {"public": of_way(ways.public), "private": of_way(ways.private)}


@router.get("/tickets/{number}/messages", response=Messages, summary="The thread, in the network's order")
def list_messages(
    request: Asking, number: int, after: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 500
) -> Any:
    page = reach.messages(reach.ticket(request.auth, number), after=after, limit=limit)
    return {"items": [of_message(message) for message in page.items], "next": page.next}


@router.post("/tickets/{number}/messages", response={201: MessageOut}, summary="Answer, or write a note")
def write(request: Asking, number: int, given: MessageGiven) -> Any:
    ticket = reach.ticket(request.auth, number, "note" if given.visibility == "note" else "answer")
    if given.visibility == "note":
        message = _note(ticket, request.auth, given)
    else:
        message = verbs.answer(
            ticket,
            request.auth,
            given.text,
            given.visibility,
            to=given.to,
            files=given.attachments,
            mark=given.mark_answered,
            key=given.key,
            quote=given.quote,
            template=_filled(given.template),
        )
    return Status(201, of_message(reach.message(request.auth, message.pk)))


@router.post("/tickets/{number}/typing", response={202: None}, summary="Show the customer that one types")
def show_typing(request: Asking, number: int) -> Any:
    """Where the network has a sign for it; elsewhere nothing happens."""
    verbs.type_along(reach.ticket(request.auth, number, "answer"))
    return Status(202, None)


@router.post("/tickets/{number}/attachments", response={201: AttachmentOut}, summary="Upload a file to send")
def upload(
    request: Asking,
    number: int,
    file: Annotated[UploadedFile, File()],
    alt: Annotated[str, Form(description="What a picture shows, in words.", max_length=2000)] = "",
) -> Any:
    ticket = reach.ticket(request.auth, number, "answer")
    content = cast(BinaryIO, file.file)
    return Status(201, of_attachment(verbs.attach(request.auth, ticket, file.name or "file", content, alt)))


def _filled(given: TemplateGiven | None) -> FilledTemplate | None:
    return FilledTemplate(given.name, given.language, tuple(given.values)) if given else None


def _told(person: User, ticket: Ticket) -> dict[str, Any]:
    return of_ticket(reach.ticket(person, ticket.number))


@transaction.atomic
def _note(ticket: Ticket, person: User, given: MessageGiven) -> Message:
    if given.attachments:
        raise Problem(422, "cannot-answer", _("A note is only text."))
    message = verbs.note(ticket, person, given.text, key=given.key)
    if given.mark_answered:
        verbs.mark_answered(ticket, person)
    return message


def _colleague(wanted: int | str | None, asking: User) -> User | None:
    """The colleague meant by an id, an address or "me"; None for nobody."""
    if wanted is None:
        return None
    if wanted == "me":
        return asking
    for colleague in colleagues():
        if wanted == colleague.pk or str(wanted).lower() == colleague.email.lower():
            return colleague
    raise Problem(
        422,
        "no-such-colleague",
        _("“%(wanted)s” is nobody here. Give an id, an e-mail address, “me”, or null for nobody.")
        % {"wanted": wanted},
    )
