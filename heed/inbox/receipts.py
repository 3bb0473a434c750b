"""What the network says of an answer of ours after it left, and what follows when it failed."""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.db import transaction

from heed.channels.base import Reason
from heed.inbox import events, marks, notices
from heed.inbox.models import Attachment, Draft, Message, Notice, Ticket

State = Message.State
_RANK = {State.SENT: 1, State.DELIVERED: 2, State.SEEN: 3}


class Why(TypedDict, total=False):
    """Why an answer failed: our reason, and the network's own code and words."""

    reason: Reason
    code: str
    detail: str


def receipt(row: Message, state: str, *, part: str = "", receiver: str = "", **why: Unpack[Why]) -> None:
    """The network reports on our message, or on a `part` of one that went out as several. A state only moves
    forward, but to failed; that another part than the first named arrived or was seen changes none. Nor does
    what became of a copy, to another `receiver`: that it did not arrive is a remark."""
    if receiver and _is_copy(row, receiver):
        if state == State.FAILED:
            _note_lost_copy(row, receiver, f"{why.get('code', '')} {why.get('detail', '')}".strip())
        return
    if state == State.FAILED:
        told = {"code": why.get("code", ""), "detail": why.get("detail", "")}
        fail(row, why.get("reason", "bad_request"), part=part, **told)
        return
    if part not in ("", row.external_id):
        return
    below = [each for each, rank in _RANK.items() if rank < _RANK[State(state)]]
    Message.objects.filter(pk=row.pk, state__in=below).update(state=state)


def whole_of(account: int, part: str) -> Message | None:
    """The answer of which this is another part, where it went out as several messages."""
    ours = Message.objects.filter(account_id=account, direction="out", refs__has_key="more")
    return next(iter(ours.filter(refs__more__contains=[part])), None)


@transaction.atomic
def fail(message: Message, reason: Reason, *, part: str = "", code: str = "", detail: str = "") -> None:
    """It, or this part of it, did not arrive. The text returns to its author as a draft, with the reason, and
    they are told; the ticket waits as it did before this answer had marked it answered."""
    row = locked(message)
    if row is None:
        return
    _note_lost_part(row, part)
    if row.state == State.FAILED:
        return
    row.state, row.reason, row.detail = State.FAILED, reason, f"{code} {detail}".strip()[:500]
    row.lease_until = row.try_at = None
    row.save()
    _return_as_draft(row)
    events.record("answer_failed", ticket=row.ticket, message=row, actor=row.author, reason=reason)
    marks.take_back(row.ticket, row, why=State.FAILED)
    _tell_author(row, Notice.Kind.FAILED)


@transaction.atomic
def doubt(message: Message) -> None:
    """Nobody knows whether it arrived: until that is settled, the ticket waits as it did before."""
    row = locked(message)
    if row is not None and row.state == State.UNKNOWN:
        events.record("answer_unknown", ticket=row.ticket, message=row, actor=row.author)
        marks.take_back(row.ticket, row, why=State.UNKNOWN)


def tell_of_doubt(message: Message) -> None:
    """The network could not say at once, either: its author should know."""
    _tell_author(message, Notice.Kind.UNKNOWN)


def settled(row: Message) -> None:
    """It arrived, whatever was thought of it meanwhile: its mark holds, and there is nothing more to tell.
    The row is one that `locked` gave."""
    marks.give_again(row.ticket, row)
    notices.withdraw(row, Notice.Kind.FAILED, Notice.Kind.UNKNOWN)


def _tell_author(row: Message, kind: Notice.Kind) -> None:
    """Tell who wrote it, instead of what they were told of it before."""
    notices.withdraw(row, Notice.Kind.UNKNOWN)
    if row.author_id is not None:
        notices.tell([row.author_id], kind, row.ticket, message=row)


def _note_lost_part(row: Message, part: str) -> None:
    """Which of its parts did not arrive, so that whoever sends it again can leave out the others."""
    lost = row.refs.get("lost", [])
    if part and row.refs.get("more") and part not in lost:
        row.refs = {**row.refs, "lost": [*lost, part]}
        row.save(update_fields=["refs"])


def _is_copy(row: Message, receiver: str) -> bool:
    """Whether somebody else than the one it is written to had a copy of it, and this is about that."""
    answered = row.answers.refs if row.answers else {}
    if not (row.refs.get("cc") or answered.get("cc")):
        return False
    own = [row.refs.get("to"), answered.get("reply_to"), row.identity and row.identity.external_id]
    return receiver.lower() not in own


@transaction.atomic
def _note_lost_copy(message: Message, receiver: str, why: str) -> None:
    row = locked(message)
    if row is not None:
        row.refs = {**row.refs, "lost_copies": {**row.refs.get("lost_copies", {}), receiver: why[:300]}}
        row.save(update_fields=["refs"])


def take_draft_back(row: Message) -> None:
    """It arrived after all: the draft that its failure gave back must not be sent again."""
    for draft in Draft.objects.filter(failed=row):
        rest = draft.text.removeprefix(row.text).lstrip("\n")
        offers = {} if draft.choices == row.manner.get("choices") else draft.choices
        Draft.objects.filter(pk=draft.pk).update(text=rest, choices=offers, failed=None)
    Draft.objects.filter(ticket=row.ticket, text="", choices={}).delete()
    paths = list(row.attachments.values_list("path", flat=True))
    Attachment.objects.filter(message=None, owner=row.author, ticket=row.ticket, path__in=paths).delete()


def locked(message: Message) -> Message | None:
    """The message as it is now. Its ticket is locked before it, as whoever works on a ticket does; where a
    merge took it to another while that was waited for, that other one."""
    rows = Message.objects.select_for_update(of=("self",))
    rows = rows.select_related("ticket", "identity", "author", "account").filter(pk=message.pk)
    tickets = Ticket.objects.select_for_update(of=("self",)).filter(messages=message.pk).order_by()
    while (ticket := tickets.first()) is not None:
        row = rows.filter(ticket=ticket).first()
        if row is not None:
            return row
    return None


def _return_as_draft(row: Message) -> None:
    """Give the text, the choices and the files back to their author, above what they have begun meanwhile."""
    if row.author is None:
        return
    begun = Draft.objects.filter(user=row.author, ticket=row.ticket, visibility=row.visibility).first()
    text = row.text if begun is None or not begun.text else f"{row.text}\n\n{begun.text}"
    Draft.objects.update_or_create(
        user=row.author,
        ticket=row.ticket,
        visibility=row.visibility,
        defaults={
            "text": text,
            "choices": (begun.choices if begun else {}) or row.manner.get("choices", {}),
            "failed": row,
        },
    )
    for attachment in row.attachments.all():
        attachment.pk, attachment.message = None, None
        attachment.owner, attachment.ticket = row.author, row.ticket
        attachment.save(force_insert=True)
