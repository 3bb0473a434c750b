"""Saying by itself that the desk is away, that a message has come in, hello to somebody new.

At most one for a customer's message: away outside the hours, else a greeting to somebody new, else the
instant reply to a new matter. Its key is made of the message it answers, so that two workers, or one that
runs twice, send it once.

Most messages get none. Which ones may get one is found for all that came together at once; for those it is
decided anew, each under its customer's lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction

from heed.channels.models import Account
from heed.inbox.models import Event, Identity, Message, Ticket
from heed.inbox.statements import among, run
from heed.inbox.verbs.automatic import Origin, send_automatic
from heed.inbox.verbs.refusals import CannotAnswer
from heed.inbox.verbs.tending import locked
from heed.lib import clock
from heed.routing import desk_hours
from heed.routing.automatic import Filling, filled, words_for
from heed.routing.desk_hours import DeskHours, place_of
from heed.routing.models import AutomaticMessage, AutomaticSent

Kind = AutomaticMessage.Kind
Rows = Mapping[tuple[str, int], AutomaticMessage]
"""The automatic messages by kind and account; 0 is for all."""

_NAMES = UUID("7d1a8c52-2f0e-4c6c-9a55-0d4b2c9f51e3")
TOO_LATE = timedelta(hours=1)
"""What came so long ago and is only seen now gets no automatic message: it would seem out of place."""


def say_by_itself(batch: Sequence[Event]) -> None:
    """The reaction to customers' messages."""
    rows = {(row.kind, row.account_id or 0): row for row in AutomaticMessage.objects.all()}
    if not any(row.on for row in rows.values()):
        return
    came = Message.objects.filter(
        pk__in=among(event.message_id for event in batch), direction="in", automatic_reply=None
    )
    beside = came.select_related("ticket__account__brand", "ticket__team", "identity").order_by("id")
    messages = _of_others([each for each in beside if _may_be_answered(each)])
    if not messages:
        return
    desk, known = desk_hours.read(), _known(messages, rows)
    for message in messages:
        if _fitting(message, message.ticket, known[message.pk], rows, desk) is not None:
            _answer(message, rows, desk)


def _may_be_answered(message: Message) -> bool:
    """Whether a person wrote it just now, who may hear from us."""
    ticket, who = message.ticket, message.identity
    return (
        who is not None
        and not message.automatic
        and message.removed_at is None
        and message.kind != "standby"
        and not ticket.spam
        and not who.blocked
        and not who.unknown
        and message.at > clock.now() - TOO_LATE
    )


def _of_others(messages: Collection[Message]) -> list[Message]:
    """Without what one of our accounts wrote to another of ours: they would talk without end."""
    ids = {each.pk: _ids(each) for each in messages}
    ours = Account.objects.filter(external_id__in={name for names in ids.values() for name in names})
    known = set(ours.values_list("network", "external_id")) if messages else set()
    return [
        each
        for each in messages
        if not any((each.ticket.account.network, name) in known for name in ids[each.pk])
    ]


def _ids(message: Message) -> list[str]:
    who = message.identity
    return [each for each in (who.external_id, who.private_id, who.also_id) if each] if who else []


# ------------------------------------------------------------------------- which one, if any


@dataclass(frozen=True, slots=True)
class Known:
    """What decides which automatic message a customer's message gets."""

    wrote_before: bool
    """We heard from this person before, on this account."""
    said_before: bool
    """They have said something in this matter already."""
    answered: bool
    """Somebody has answered already, here or outside Heed."""
    got: Sequence[tuple[str, datetime]]
    """The kinds they got lately, on whichever of their identities, and when."""


def _known(messages: Collection[Message], rows: Rows) -> dict[int, Known]:
    longest = max(row.again_after for row in rows.values())
    since = clock.now() - timedelta(seconds=longest) - TOO_LATE
    customers = {each.pk: each.identity.customer_id for each in messages if each.identity}
    got: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for customer, kind, at in run(_GOT, [*{*customers.values()}], since):
        got[customer].append((kind, at))
    return {
        pk: Known(wrote, said, answered, got[customers[pk]])
        for pk, wrote, said, answered in run(_BEFORE, [each.pk for each in messages])
    }


_GOT = """
SELECT who.customer_id, s.kind, s.at FROM inbox_identity who
JOIN routing_automaticsent s ON s.identity_id = who.id
WHERE who.customer_id = ANY(%s) AND s.at > %s
"""

_BEFORE = """
SELECT m.id,
    EXISTS (SELECT FROM inbox_message o WHERE o.identity_id = m.identity_id AND o.direction = 'in'
        AND o.at <= m.at AND o.id <> m.id),
    EXISTS (SELECT FROM inbox_message o WHERE o.ticket_id = m.ticket_id AND o.direction = 'in'
        AND o.at <= m.at AND o.id <> m.id AND o.at >= coalesce(reopened.at, '-infinity')),
    EXISTS (SELECT FROM inbox_message o WHERE o.ticket_id = m.ticket_id AND o.direction = 'out'
        AND o.visibility IN ('public', 'private') AND NOT o.automatic AND o.at >= m.at)
FROM inbox_message m
LEFT JOIN LATERAL (
    SELECT max(e.at) AS at FROM inbox_event e
    WHERE e.ticket_id = m.ticket_id AND e.kind = 'ticket_reopened' AND NOT e.data ? 'number'
) reopened ON true
WHERE m.id = ANY(%s)
"""


def _fitting(
    message: Message, ticket: Ticket, known: Known, rows: Rows, desk: DeskHours
) -> AutomaticMessage | None:
    """The one automatic message that this message gets: the account's own before the one for all."""
    row = _which(message, ticket, known, rows, desk)
    if row is None or known.answered or (message.visibility == "public" and not row.publicly):
        return None
    # An older message that came late counts as well, so the time is looked at in both directions.
    near = timedelta(seconds=row.again_after)
    lately = any(kind == row.kind and abs(at - message.at) < near for kind, at in known.got)
    return None if lately else row


def _which(
    message: Message, ticket: Ticket, known: Known, rows: Rows, desk: DeskHours
) -> AutomaticMessage | None:
    kinds: list[str] = []
    if not desk.hours(place_of(ticket), message.at).is_open(message.at):
        kinds = [Kind.AWAY]
    else:
        kinds += [] if known.wrote_before else [Kind.GREETING]
        kinds += [] if known.said_before else [Kind.INSTANT]
    for kind in kinds:
        row = rows.get((kind, ticket.account_id)) or rows.get((kind, 0))
        if row is not None and row.on:
            return row
    return None


@transaction.atomic
def _answer(message: Message, rows: Rows, desk: DeskHours) -> None:
    ticket = locked(message.ticket)
    one_at_a_time = Identity.objects.select_related("customer").select_for_update(of=("customer",))
    message.identity = who = one_at_a_time.get(pk=message.identity_id or 0)
    row = _fitting(message, ticket, _known([message], rows)[message.pk], rows, desk)
    if row is None:
        return
    language, text = words_for(row, (message.language, ticket.language, who.language))
    filling = Filling(
        hours=desk.hours(place_of(ticket), message.at),
        at=message.at,
        name=who.name,
        team=ticket.team.name if ticket.team else "",
        account=ticket.account.name,
        brand=ticket.account.brand.name if ticket.account.brand else "",
    )
    key = uuid5(_NAMES, f"{message.pk}")
    try:
        sent = send_automatic(
            ticket,
            filled(text, language, filling),
            message.visibility,
            origin=_origin(row),
            key=key,
            to=message,
        )
    except CannotAnswer:
        return  # the network does not let us write there now; a person will see that too
    Message.objects.filter(pk=sent.pk).update(language=language)
    known = AutomaticSent(to=message, identity=who, kind=row.kind, message=sent, at=message.at)
    AutomaticSent.objects.bulk_create([known], ignore_conflicts=True)


def _origin(row: AutomaticMessage) -> Origin:
    match row.kind:
        case Kind.AWAY:
            return "away"
        case Kind.INSTANT:
            return "instant"
    return "greeting"
