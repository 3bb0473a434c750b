"""Merging, splitting, joining, and taking each back; who is at a ticket; second thoughts."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from heed.api.bearer import Asking
from heed.api.shapes.merging import (
    Here,
    HereGiven,
    Matters,
    OtherTicket,
    SplitGiven,
    of_joining,
    of_merge,
    of_presence,
    of_split,
)
from heed.api.shapes.tickets import TicketOut, of_ticket
from heed.inbox import presence, reach, verbs

router = Router(tags=["merging"])


@router.get("/tickets/{number}/matters", response=Matters, summary="What can be taken apart again")
def list_matters(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number)
    source = reach.split_from(ticket)
    return {
        "merges": [of_merge(each) for each in reach.merges(ticket)],
        "splits": [of_split(each, each.ticket_id) for each in reach.splits(ticket)],
        "split_from": of_split(source, source.source_id) if source else None,
        "joinings": [of_joining(each) for each in reach.joinings(ticket)],
    }


@router.post("/tickets/{number}/merges", response={201: TicketOut}, summary="Merge another ticket into this")
def merge(request: Asking, number: int, given: OtherTicket) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    verbs.merge(reach.ticket(request.auth, given.number, "tend"), ticket, request.auth)
    return Status(201, of_ticket(reach.ticket(request.auth, number)))


@router.delete("/tickets/{number}/merges/{record}", response=TicketOut, summary="Take a merge back")
def unmerge(request: Asking, number: int, record: int) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    verbs.unmerge(reach.merge(ticket, record), request.auth)
    return of_ticket(reach.ticket(request.auth, ticket.number))


@router.post(
    "/tickets/{number}/splits", response={201: TicketOut}, summary="Make a ticket of its own of messages"
)
def split(request: Asking, number: int, given: SplitGiven) -> Any:
    """Gives back the new ticket. What the customer writes from now on still comes to the old one."""
    ticket = reach.ticket(request.auth, number, "tend")
    new = verbs.split(ticket, given.messages, request.auth)
    return Status(201, of_ticket(reach.ticket(request.auth, new.number)))


@router.delete("/tickets/{number}/splits/{record}", response=TicketOut, summary="Put a split-off ticket back")
def unsplit(request: Asking, number: int, record: int) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    verbs.unsplit(reach.split(ticket, record), request.auth)
    return of_ticket(reach.ticket(request.auth, ticket.number))


@router.post(
    "/tickets/{number}/joinings",
    response={201: TicketOut},
    summary="Two customers are one person",
)
def join(request: Asking, number: int, given: OtherTicket) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    other = reach.ticket(request.auth, given.number, "tend")
    verbs.join(other.customer, ticket.customer, request.auth)
    return Status(201, of_ticket(reach.ticket(request.auth, number)))


@router.delete("/tickets/{number}/joinings/{record}", response=TicketOut, summary="They were two after all")
def part(request: Asking, number: int, record: int) -> Any:
    ticket = reach.ticket(request.auth, number, "tend")
    verbs.part(reach.joining(ticket, record), request.auth)
    return of_ticket(reach.ticket(request.auth, number))


@router.get("/tickets/{number}/here", response=Here, summary="Who else looks at it or writes there")
def list_here(request: Asking, number: int) -> Any:
    ticket = reach.ticket(request.auth, number)
    return {"items": [of_presence(each) for each in presence.others(ticket, request.auth)]}


@router.post("/tickets/{number}/here", response=Here, summary="Say that one looks or types")
def say_here(request: Asking, number: int, given: HereGiven) -> Any:
    """Believed for some seconds; say it again while it holds, with `idle` when nothing was done since. From
    here on until one leaves counts as work on the ticket, idle time of more than five minutes left out."""
    ticket = reach.ticket(request.auth, number)
    found = presence.come(ticket, request.auth, given.doing, active=not given.idle)
    return {"items": [of_presence(each) for each in found]}


@router.delete("/tickets/{number}/here", response={204: None}, summary="Say that one has left")
def say_gone(request: Asking, number: int) -> Any:
    presence.go(reach.ticket(request.auth, number), request.auth)
    return Status(204, None)


@router.post("/messages/{message_id}/undo", response={204: None}, summary="Take back an answer that is held")
def take_back(request: Asking, message_id: int) -> Any:
    verbs.take_back(reach.message(request.auth, message_id, "answer"), request.auth)
    return Status(204, None)
