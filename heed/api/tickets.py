"""Tickets and what people do with them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO, cast

from django.db import transaction
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from heed.accounts.models import Team, User
from heed.accounts.reach import colleagues
from heed.api.answers import straight
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
    chosen_from,
    of_attachment,
    of_message,
    of_way,
)
from heed.api.shapes.search import Order
from heed.api.shapes.tickets import PRIORITIES, TicketChange, TicketOut, Tickets, of_ticket, of_tickets
from heed.channels import reach as channels
from heed.channels.base import FilledTemplate
from heed.inbox import reach, verbs
from heed.inbox.looking import looked_at
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
    order: Order = "newest",
) -> Any:
    """By `order` "closing", the unanswered whose window closes first come first; by "waiting" and "due",
    those that wait longest or are due next; overdue and snoozed ones always come by their time."""
    page = reach.tickets(request.auth, view, account=account, after=after, limit=limit, order=order)
    return straight({"items": of_tickets(page.items), "next": page.next})


@router.get("/tickets/{number}", response=TicketOut, summary="One ticket")
def read_ticket(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number)
    looked_at(request.auth, ticket.pk)
    return straight(of_ticket(ticket))


@router.patch("/tickets/{number}", response=TicketOut, summary="Assign, sort, put off, set the status")
def change_ticket(request: Asking, number: int, change: TicketChange) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    with transaction.atomic():
        if "assignee" in change.model_fields_set:
            verbs.assign(ticket, request.auth, _colleague(change.assignee, request.auth))
        if "team" in change.model_fields_set:
            verbs.give_to_team(ticket, request.auth, _team(change.team))
        _sort(ticket, request.auth, change)
        _put_off(ticket, request.auth, change)
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


@router.post("/tickets/{number}/spam", response=TicketOut, summary="Mark as spam")
def mark_spam(request: Asking, number: int) -> Any:
    """It leaves all lists, counters and figures."""
    ticket = reach.ticket(request.auth, number, "block")
    verbs.mark_spam(ticket, request.auth)
    return _told(request.auth, ticket)


@router.delete("/tickets/{number}/spam", response=TicketOut, summary="It is no spam: be as it was")
def not_spam(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number, "block")
    verbs.not_spam(ticket, request.auth)
    return _told(request.auth, ticket)


@router.post("/tickets/{number}/block", response=TicketOut, summary="Block who wrote")
def block(request: Asking, number: int) -> Any:
    """What they write is kept but wakes nobody."""
    ticket = reach.ticket(request.auth, number, "block")
    verbs.block(ticket, request.auth)
    return _told(request.auth, ticket)


@router.delete("/tickets/{number}/block", response=TicketOut, summary="Unblock who wrote")
def unblock(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number, "block")
    verbs.unblock(ticket, request.auth)
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
    ticket = reach.ticket(request.auth, number)
    looked_at(request.auth, ticket.pk)
    page = reach.messages(ticket, after=after, limit=limit)
    return straight({"items": [of_message(message) for message in page.items], "next": page.next})


@router.post("/tickets/{number}/messages", response={201: MessageOut}, summary="Answer, or write a note")
def write(request: Asking, number: int, given: MessageGiven) -> Any:
    is_note = given.visibility == "note"
    ticket = reach.ticket(request.auth, number, "note" if is_note else "answer", alone=is_note)
    if is_note:
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
            seen=given.seen,
            hold=given.hold,
            template=_filled(given.template),
            choices=chosen_from(given.choices),
            account=channels.account(given.from_account) if given.from_account is not None else None,
        )
    if not hasattr(message, "like_count"):  # it was there before
        message = reach.message(request.auth, message.pk)
    return straight(of_message(message), 201)


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


def _sort(ticket: Ticket, person: User, change: TicketChange) -> None:
    if change.priority is not None:
        numbers = {word: number for number, word in PRIORITIES.items()}
        verbs.set_priority(ticket, person, numbers[change.priority])
    verbs.tag(ticket, person, add=change.add_tags, remove=change.remove_tags)
    for key, value in change.fields.items():
        verbs.fill(ticket, person, key, value)
    if change.language is not None:
        verbs.set_language(ticket, person, change.language)
    if change.group is not None:
        verbs.set_group(ticket, person, change.group)


def _put_off(ticket: Ticket, person: User, change: TicketChange) -> None:
    if change.snoozed_until is not None:
        verbs.snooze(ticket, person, _aware(change.snoozed_until))
    elif "snoozed_until" in change.model_fields_set:
        verbs.wake(ticket, person)
    if "follow_up_at" in change.model_fields_set:
        verbs.remind(ticket, person, _aware(change.follow_up_at) if change.follow_up_at else None)


def _aware(moment: datetime) -> datetime:
    """A time without a zone counts as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _team(wanted: int | None) -> Team | None:
    if wanted is None:
        return None
    found = Team.objects.filter(pk=wanted).first()
    if found is None:
        raise Problem(422, "no-such-team", _("There is no team with this id."))
    return found


def _filled(given: TemplateGiven | None) -> FilledTemplate | None:
    return FilledTemplate(given.name, given.language, tuple(given.values)) if given else None


def _told(person: User, ticket: Ticket) -> dict[str, Any]:
    """The ticket as it is now; as it was written where it was handed over out of one's own sight."""
    with suppress(reach.NoSuchTicket):
        ticket = reach.ticket(person, ticket.number)
    return of_ticket(ticket)


def _note(ticket: Ticket, person: User, given: MessageGiven) -> Message:
    if given.attachments:
        raise Problem(422, "cannot-answer", _("A note is only text."))
    if not given.mark_answered:
        return verbs.note(ticket, person, given.text, key=given.key, anyway=given.anyway)
    ticket = reach.ticket(person, ticket.number, "answer")
    with transaction.atomic():
        message = verbs.note(ticket, person, given.text, key=given.key, anyway=given.anyway)
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
