"""Writing to customers, and notes to colleagues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.channels.base import Choices, FilledTemplate
from heed.channels.models import Account
from heed.inbox import events, notices, receipts
from heed.inbox.jobs import send_answers
from heed.inbox.mentions import mentioned
from heed.inbox.models import Attachment, Message, Notice, Ticket
from heed.inbox.models.merging import gone_on_in
from heed.inbox.possible import Way, answered_newest, leaves_from, possible, whom
from heed.inbox.reach.seeing import sight
from heed.inbox.reach.threads import just_written
from heed.inbox.verbs.fitting import as_it_goes
from heed.inbox.verbs.refusals import CannotAnswer, CannotSettle, Overtaken, WouldNotKnow
from heed.inbox.verbs.tending import locked, mark_answered
from heed.lib import clock, live
from heed.lib.rows import Insertion, Joined
from heed.lib.text import clean, first_words


@transaction.atomic
def answer(
    ticket: Ticket,
    user: User,
    text: str,
    visibility: str,
    *,
    to: int | None = None,
    files: Sequence[int] = (),
    mark: bool = False,
    key: UUID | None = None,
    quote: bool = False,
    template: FilledTemplate | None = None,
    choices: Choices | None = None,
    seen: int | None = None,
    hold: float = 0,
    account: Account | None = None,
) -> Message:
    """Queue an answer: the message and its job in one transaction.

    `visibility` is public or private; `to` the id of the message answered (the customer's newest
    by default); `files` ids of one's own draft attachments; `mark` marks the ticket answered. `quote`
    quotes the message publicly; a `template` is sent instead of `text`, also after the window; `choices`
    are offered under the text.
    The same `key` again gives back the same message. `seen` is the id of the newest message its writer has
    seen: when the customer or a colleague wrote since, nothing is sent. For `hold` seconds it can be taken
    back. `account` is another one of ours that answers, where that is not clear by itself (`possible.py`).
    Raises `CannotAnswer`, `Overtaken`.
    """
    if visibility not in ("public", "private"):
        raise CannotAnswer(_("Choose whether to answer publicly or privately."))
    ticket = locked(ticket)
    again = _written_with(key, ticket)
    if again is not None:
        return again
    _check_running(ticket)
    _check_overtaken(ticket, user, seen)
    text = clean(text).strip()
    attachments = _draft_files(user, ticket, files)
    answered = _answered(ticket, visibility, to)
    sender = _sender(ticket, user, answered, visibility, account)
    way = possible(ticket, answered, account=sender).way(visibility)
    text, attachments, choices = as_it_goes(way, text, attachments, template, choices)
    if quote and not (way.quote and answered is not None):
        raise CannotAnswer(_("This message cannot be quoted here."))
    message = Message(
        account_id=sender.pk,
        ticket=ticket,
        home_id=answered.home_id if answered is not None else None,
        identity=whom(ticket, answered, sender),
        direction="out",
        visibility=visibility,
        author=user,
        text=text,
        at=_after_all(ticket),
        state=Message.State.QUEUED,
        try_at=clock.now() + timedelta(seconds=min(hold, MOST_HELD)) if hold > 0 else None,
        send_key=key or uuid4(),
        answers=answered,
        manner=_manner(to is not None, quote, way, template, choices),
    )
    _queue(message)
    _move_files(attachments, message)
    if mark:
        mark_answered(ticket, user, message)
    return just_written(message, attachments)


def _queue(message: Message) -> None:
    """Write an answer and the job that sends it, show it as the ticket's last words and drop its draft, by
    one statement: it is one way to the database and back."""
    ticket, user = message.ticket, message.author
    shown = {
        "last_at": message.at,
        "last_text": first_words(message.text, 180),
        "last_direction": "out",
        "last_author": str(user or ""),
        "status": Ticket.Status.OPEN if ticket.status == Ticket.Status.NEW else ticket.status,
    }
    job = {"queue": send_answers.queue, "task": send_answers.name}
    values = {**_MESSAGE.values(message), **shown, **job}
    _written(message, _QUEUED, values, "answer_queued")
    for name, value in shown.items():
        setattr(ticket, name, value)


def _written(message: Message, parts: str, values: dict[str, Any], kind: events.Kind) -> bool:
    """Write a message of ours with what goes with it and its event. False where nothing was written."""
    written = events.record_with(
        parts % _MESSAGE.sql, values, kind, ticket=message.ticket, actor=message.author, at=message.at
    )
    if written is None:
        return False
    message.pk, message._state.adding, message._state.db = written[1], False, "default"
    return True


_MESSAGE = Insertion(Message)
_QUEUED = """
happened AS (%s RETURNING account_id, ticket_id, author_id, visibility, id AS message_id),
shown AS (
    UPDATE inbox_ticket
    SET last_at = %%(last_at)s::timestamptz, last_text = %%(last_text)s::text,
        last_direction = %%(last_direction)s::text, last_author = %%(last_author)s::text,
        status = %%(status)s::text
    FROM happened WHERE inbox_ticket.id = happened.ticket_id),
begun AS (
    DELETE FROM inbox_draft USING happened
    WHERE inbox_draft.ticket_id = happened.ticket_id AND inbox_draft.user_id = happened.author_id
        AND inbox_draft.visibility = happened.visibility),
leaving AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
    SELECT %%(queue)s::text, %%(task)s::text, jsonb_build_object('ticket', ticket_id),
        %%(message_try_at)s::timestamptz
    FROM happened)
"""


def _sender(
    ticket: Ticket, user: User, answered: Message | None, visibility: str, chosen: Account | None
) -> Account:
    """The account of ours that answers."""
    own = leaves_from(ticket, answered) if visibility == "private" else ticket.account
    if chosen in (None, own, ticket.account) or sight(user, "answer").holds_on(chosen.pk):
        return chosen or own
    raise CannotAnswer(_("You may not answer from this account."))


MOST_HELD = 30
"""For how many seconds an answer can be held back at most."""


def note(ticket: Ticket, user: User, text: str, *, key: UUID | None = None, anyway: bool = False) -> Message:
    """Write an internal note, and tell whom it mentions. It never leaves Heed. Raises `CannotAnswer` when
    it is empty, `WouldNotKnow` when somebody it mentions may not see the ticket, unless `anyway`."""
    again = _written_with(key, ticket)
    if again is not None:
        return again
    _check_running(ticket)
    text = clean(text).strip()
    if not text:
        raise CannotAnswer(_("Write something first."))
    if "@" not in text:
        return _noted(ticket, user, text, key)
    with transaction.atomic():
        ticket = locked(ticket)
        meant = mentioned(text, ticket, user)
        if meant.strangers and not anyway:
            raise WouldNotKnow(meant.strangers)
        message = _noted(ticket, user, text, key)
        if meant.told:
            told = [each.pk for each in meant.told]
            notices.tell(told, Notice.Kind.MENTIONED, ticket, message=message, by=user)
    return message


def _noted(ticket: Ticket, user: User, text: str, key: UUID | None) -> Message:
    """Write it and what goes with it by one statement, which holds the ticket meanwhile: it is one commit and
    one way to the database and back. Nothing is written where the ticket was merged at the same moment, or
    the same note written."""
    message = Message(
        account_id=ticket.account_id,
        ticket=ticket,
        direction="out",
        visibility="note",
        author=user,
        text=text,
        at=clock.now(),
        state=Message.State.NOTED,
        send_key=key or uuid4(),
    )
    values = {"held": ticket.pk, "writer": user.pk, **_MESSAGE.values(message)}
    if not _written(message, _NOTED, values, "note_written"):
        return note(locked(ticket), user, text, key=key, anyway=True)
    return just_written(message)


_NOTED = """
held AS (
    SELECT id FROM inbox_ticket WHERE id = %%(held)s AND merged_into_id IS NULL FOR UPDATE),
happened AS (
    %s FROM held ON CONFLICT (send_key) WHERE send_key IS NOT NULL DO NOTHING
    RETURNING account_id, ticket_id, id AS message_id),
begun AS (
    DELETE FROM inbox_draft USING happened
    WHERE inbox_draft.ticket_id = happened.ticket_id AND user_id = %%(writer)s AND visibility = 'note')
"""


@transaction.atomic
def settle(message: Message, user: User, outcome: str) -> None:
    """A person decides what became of an answer nobody can prove: `resend` or `sent`."""
    row = receipts.locked(message)
    changed = Message.objects.filter(pk=message.pk, state=Message.State.UNKNOWN)
    if outcome == "sent":
        done = changed.update(state=Message.State.SENT, lease_until=None, try_at=None, reason="", detail="")
    elif outcome == "resend":
        done = changed.update(
            state=Message.State.QUEUED,
            started_at=None,
            lease_until=None,
            try_at=None,
            attempts=0,
            reason="",
            detail="",
        )
        send_answers.defer(ticket=message.ticket_id)
    else:
        raise CannotSettle(_("Say either resend or sent."))
    if row is None or not done:
        raise CannotSettle(_("It is already known what became of this answer."))
    if outcome == "sent":
        receipts.settled(row)
    else:
        notices.withdraw(row, Notice.Kind.UNKNOWN)
    kind: events.Kind = "answer_sent" if outcome == "sent" else "answer_queued"
    events.record(kind, ticket=message.ticket, message=message, actor=user, settled=outcome)


@transaction.atomic
def dismiss(message: Message, user: User) -> None:
    """Take a failed answer out of the thread; its text stays in the draft until that is changed."""
    gone = Message.objects.filter(pk=message.pk, state=Message.State.FAILED).update(removed_at=clock.now())
    if not gone:
        raise CannotSettle(_("Only an answer that failed can be dismissed."))
    live.tell(events.topics_of([message.ticket_id]))


def _written_with(key: UUID | None, ticket: Ticket) -> Message | None:
    """What was written with this key before, if anything."""
    again = Message.objects.filter(send_key=key).first() if key else None
    if again is not None and ticket.pk not in (again.ticket_id, again.home_id):
        raise CannotAnswer(_("This key already belongs to an answer in another ticket."))
    return again


def _check_running(ticket: Ticket) -> None:
    if ticket.merged_into_id is not None:
        goes_on = _("This ticket was merged: it goes on in #%(number)d.") % {"number": ticket.merged_into_id}
        raise CannotAnswer(goes_on, _("Write there. Your text is kept."))


def _check_overtaken(ticket: Ticket, user: User, seen: int | None) -> None:
    """Under the ticket's lock: of two who send at once, the second finds what the first has said."""
    if seen is None:
        return
    found = _SAID.read(_OF_OTHERS, [ticket.pk, seen, user.pk])
    if found:
        raise Overtaken(found)


_SAID = Joined(Message, "author", "identity")
_OF_OTHERS = """WHERE inbox_message.ticket_id = %s AND inbox_message.id > %s
AND inbox_message.removed_at IS NULL AND NOT inbox_message.automatic AND inbox_message.origin = ''
AND inbox_message.visibility <> 'note'
AND (inbox_message.direction <> 'out' OR inbox_message.author_id IS DISTINCT FROM %s)
ORDER BY inbox_message.id LIMIT 20"""


def _draft_files(user: User, ticket: Ticket, wanted: Sequence[int]) -> list[Attachment]:
    if not wanted:
        return []
    begun = Attachment.objects.filter(ticket__in=gone_on_in(ticket.pk), owner=user, message=None)
    found = list(begun.filter(pk__in=wanted).order_by("id"))
    if len(found) != len(set(wanted)):
        raise CannotAnswer(_("An attachment is no longer there."), _("Attach it again."))
    return found


def _manner(
    chosen: bool, quote: bool, way: Way, template: FilledTemplate | None, choices: Choices | None
) -> dict[str, object]:
    """How the answer goes out, as far as it is not the usual way."""
    wanted = {
        "chosen": chosen,
        "quote": quote,
        "late": way.late.name if way.late else "",
        "template": asdict(template) if template else None,
        "choices": asdict(choices) if choices else None,
    }
    return {key: value for key, value in wanted.items() if value}


def _move_files(attachments: list[Attachment], message: Message) -> None:
    for position, attachment in enumerate(attachments):
        attachment.message, attachment.position, attachment.owner, attachment.ticket = (
            message,
            position,
            None,
            None,
        )
        attachment.save(update_fields=["message", "position", "owner", "ticket"])


def _answered(ticket: Ticket, visibility: str, to: int | None) -> Message | None:
    """The message an answer refers to: the chosen one, else the newest it can refer to."""
    if to is not None:
        chosen = ticket.messages.filter(pk=to, removed_at=None).exclude(external_id="").first()
        if chosen is None:
            raise CannotAnswer(_("The message you answer is not in this ticket."))
        return chosen
    return answered_newest(ticket, visibility)


def _after_all(ticket: Ticket) -> datetime:
    """Now, but never before what the answer follows: networks' clocks may run ahead of ours."""
    return max(clock.now(), ticket.last_at)
