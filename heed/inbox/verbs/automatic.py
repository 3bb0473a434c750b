"""What Heed says by itself. It goes the same way out as an answer, and is never one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.channels.base import Choices
from heed.inbox import events
from heed.inbox.jobs import send_answers
from heed.inbox.models import Identity, Message, Ticket
from heed.inbox.possible import answered_newest, leaves_from, possible, too_long, whom
from heed.inbox.statements import columns, run
from heed.inbox.verbs.refusals import CannotAnswer
from heed.inbox.verbs.tending import locked
from heed.lib import clock
from heed.lib.text import clean

Origin = Literal["away", "instant", "greeting", "rule", "follow_up"]

MOST = 10
"""How often Heed writes to somebody by itself within `_LATELY`. No person needs more, and a machine that
does not say that it is one would have an answer to each."""

_LATELY = timedelta(hours=3)


@transaction.atomic
def send_automatic(
    ticket: Ticket, text: str, visibility: str, *, origin: Origin, key: UUID, to: Message | None = None,
    choices: Choices | None = None,
) -> Message:  # fmt: skip
    """Queue something that no person wrote: the message and its job in one transaction.

    `to` is the customer's message it answers (the newest by default), `choices` are offered under it. The
    ticket stays unanswered, and its row goes on showing what the customer said. The same `key` gives back the
    same message. Raises `CannotAnswer`, also when this person got `MOST` in the last hours: then a machine is
    answering ours.
    """
    ticket = locked(ticket)
    again = Message.objects.filter(send_key=key).first()
    if again is not None:
        return again
    text = clean(text).strip()
    answered = to or answered_newest(ticket, visibility)
    account = leaves_from(ticket, answered) if visibility == "private" else ticket.account
    who = whom(ticket, answered, account)
    if _said_to(who) >= MOST:
        raise CannotAnswer(_("Heed wrote to this person by itself too often in the last hours."))
    way = possible(ticket, answered, account=account, machine=True).way(visibility)
    if not way.allowed:
        raise CannotAnswer(way.sentence, way.way_out)
    if not text or too_long(text, way.limits) is not None:
        raise CannotAnswer(_("The text is empty, or longer than the network allows."))
    message = Message.objects.create(
        account=account,
        ticket=ticket,
        home_id=answered.home_id if answered is not None else None,
        identity=who,
        direction="out",
        visibility=visibility,
        text=text,
        at=max(clock.now(), ticket.last_at),
        state=Message.State.QUEUED,
        send_key=key,
        answers=answered,
        automatic=True,
        origin=origin,
        manner={"choices": asdict(choices)} if choices else {},
    )
    events.record("answer_queued", ticket=ticket, message=message, at=message.at, origin=origin)
    send_answers.defer(ticket=ticket.pk)
    return message


def _said_to(who: Identity) -> int:
    """How often we wrote to this person by ourselves lately."""
    lately = Message.objects.filter(identity=who, created_at__gt=clock.now() - _LATELY)
    return lately.filter(direction="out", automatic=True).exclude(origin="").count()


@transaction.atomic
def leave_notes(notes: Mapping[int, tuple[str, UUID]], *, origin: Origin) -> dict[int, CannotAnswer]:
    """Write an internal note that no person wrote into each of these tickets, by their numbers, with its key:
    the same key writes none again. Gives back those that refuse, because the words for them are empty."""
    texts = {number: clean(text).strip() for number, (text, _key) in notes.items()}
    empty = CannotAnswer(_("The text is empty, or longer than the network allows."))
    rows = [(number, text, str(notes[number][1])) for number, text in sorted(texts.items()) if text]
    now = clock.now()
    written = run(_NOTES, now, now, origin, *columns(rows)) if rows else []
    with events.told_together():
        events.write(
            events.Happened("note_written", account, ticket, now, {"origin": origin}, message)
            for message, account, ticket in sorted(written)
        )
        events.tell_pages(ticket for _message, _account, ticket in written)
    return {number: empty for number, text in texts.items() if not text}


_NOTES = """
INSERT INTO inbox_message (account_id, ticket_id, at, created_at, origin, text, send_key, direction,
    visibility, state, automatic, external_id, kind, parent, permalink, refs, hidden, liked, reposted,
    attempts, reason, detail)
SELECT t.account_id, t.id, %s, %s, %s, new.text, new.key, 'out', 'note', 'noted', true, '', '', '', '', '{}',
    false, false, false, 0, '', ''
FROM unnest(%s::bigint[], %s::text[], %s::uuid[]) AS new (ticket, text, key)
JOIN inbox_ticket t ON t.id = new.ticket ORDER BY t.id
ON CONFLICT DO NOTHING RETURNING id, account_id, ticket_id
"""
