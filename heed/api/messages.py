"""Single messages: actions on the network, what became of an answer, files."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from ninja import Router, Status

from heed.api.bearer import Asking
from heed.api.files import sent_file
from heed.api.shapes.messages import ActionGiven, Acts, MessageOut, Outcome, of_act, of_message
from heed.inbox import reach, verbs
from heed.inbox.looking import looked_at, looked_into
from heed.inbox.possible_actions import actions

router = Router(tags=["messages"])


@router.get("/messages/{message_id}", response=MessageOut, summary="One message and its state")
def read_message(request: Asking, message_id: int) -> Any:
    message = reach.message(request.auth, message_id)
    looked_at(request.auth, message.ticket_id)
    return of_message(message)


@router.get("/messages/{message_id}/actions", response=Acts, summary="What can be done with it, and why not")
def list_actions(request: Asking, message_id: int) -> Any:
    message = reach.message(request.auth, message_id)
    return {"items": [of_act(act) for act in actions(message, request.auth)], "next": ""}


@router.post("/messages/{message_id}/actions", response={202: MessageOut}, summary="Like, hide, delete …")
def act(request: Asking, message_id: int, given: ActionGiven) -> Any:
    """Queued: the network is asked by the worker, and the message shows the outcome."""
    message = reach.message(request.auth, message_id, verbs.needed_for(given.action))
    verbs.act(message, request.auth, given.action, given.value)
    return Status(202, of_message(message))


@router.post("/messages/{message_id}/settle", response=MessageOut, summary="Say what became of an answer")
def settle(request: Asking, message_id: int, given: Outcome) -> Any:
    """For an answer in state `unknown`: send it again, or hold it for sent."""
    verbs.settle(reach.message(request.auth, message_id, "answer"), request.auth, given.outcome)
    return of_message(reach.message(request.auth, message_id))


@router.get("/attachments/{attachment_id}", summary="A file")
def read_attachment(request: Asking, attachment_id: int) -> HttpResponseBase:
    attachment = reach.attachment(request.auth, attachment_id)
    looked_into(request.auth, attachment)
    return sent_file(request, attachment.path, attachment.name)
