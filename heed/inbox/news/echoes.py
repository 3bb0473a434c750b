"""Our own messages come back, or what a colleague wrote in the network's own app."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import F, Q, QuerySet

from heed.channels import base
from heed.channels.base import MATTER, Echo, Person, Sent
from heed.channels.models import Account
from heed.inbox import early, events, receipts
from heed.inbox.arrivals import WAITS, attachment_row, show_last
from heed.inbox.arriving import arrived, catch_up
from heed.inbox.models import Attachment, EarlyNews, Identity, Message, Ticket
from heed.inbox.news.finding import find, held_with_its_end, known_person, new_person
from heed.lib import clock, live
from heed.lib.text import clean, first_words

log = logging.getLogger("heed.echoes")

_CLOCKS_APART = timedelta(seconds=10)
_TOLD_TO_THE_SECOND = timedelta(seconds=1)
_SEND_MAY_TAKE = timedelta(minutes=3)
_NEAR = timedelta(hours=1)
"""So near to it an answer was tried that an echo is believed to be of, where a person settled it."""
_AT_ONCE = 500
"""Parked echoes that one round looks at."""


def came_back(account: Account, echo: Echo) -> None:
    """Our own message came back: attach it to the row that sent it, else it was sent outside Heed.

    While it cannot be told (a request that may have made it is still under way, or the comment it
    answers has not come), it is parked; `apply_parked` looks again.
    """
    if not _place_echo(account, echo):
        early.keep(account.pk, echo.external_id, "echo", echo.at, echo=_kept(echo))


def apply_parked() -> None:
    """Look again at the echoes of which it could not be told whose they are: first at those nobody has
    looked at yet, then at those it is longest ago for, so that none stands in the way of another."""
    parked = EarlyNews.objects.filter(what="echo").order_by(F("looked_at").asc(nulls_first=True), "id")
    for pk in list(parked.values_list("pk", flat=True)[:_AT_ONCE]):
        try:
            with transaction.atomic():
                _look_at(pk)
        except Exception:  # the others have their turn all the same, and this one again
            log.exception("the echo kept as %s", pk)
            EarlyNews.objects.filter(pk=pk).update(looked_at=clock.now())


def _look_at(pk: int) -> None:
    rows = EarlyNews.objects.select_for_update(of=("self",), skip_locked=True).select_related("account")
    row = rows.filter(pk=pk).first()
    if row is None:
        return
    if _place_echo(row.account, _echo_of(row)):
        row.delete()
    else:
        EarlyNews.objects.filter(pk=pk).update(looked_at=clock.now())


def _place_echo(account: Account, echo: Echo) -> bool:
    """Put an echo where it belongs; False when that cannot be told yet."""
    known = find(account, echo.external_id)
    if known is not None:
        _take_time(known, echo)
        return True
    if receipts.whole_of(account.pk, echo.external_id) is not None:
        return True
    ours = _by_key(account, echo) if echo.key else None
    if ours is not None:
        if ours.external_id or (clean(echo.text) != ours.text and ours.attachments.exists()):
            _attach_part(ours, echo)
        else:
            _attach(ours, echo)
        return True
    if _may_be_under_way(account, echo):
        return False
    unknown = _of_unknown_outcome(account, echo)
    if unknown is not None:
        _attach(unknown, echo)
        return True
    return _answered_outside(account, echo)


def _kept(echo: Echo) -> dict[str, Any]:
    """An echo as JSON."""
    facts: dict[str, Any] = orjson.loads(orjson.dumps(replace(echo, refs=dict(echo.refs))))
    return facts


def _echo_of(row: EarlyNews) -> Echo:
    facts = dict(row.data["echo"])
    person = Person(**facts["person"]) if facts.get("person") else None
    files = tuple(base.Attachment(**each) for each in facts.get("attachments", ()))
    return Echo(**{**facts, "at": row.at, "person": person, "attachments": files})


def _ours(account: Account) -> QuerySet[Message]:
    return Message.objects.select_related("ticket", "identity", "account", "author").filter(
        account=account, direction="out", send_key__isnull=False
    )


def _by_key(account: Account, echo: Echo) -> Message | None:
    try:
        return _ours(account).filter(send_key=UUID(echo.key)).first()
    except ValueError:
        return None


def _begun_before(account: Account, echo: Echo) -> QuerySet[Message]:
    """Answers of ours without an id yet whose request may have made this echo."""
    rows = _ours(account).filter(
        visibility=echo.visibility, external_id="", started_at__lte=echo.at + _CLOCKS_APART
    )
    if echo.visibility == "private":
        person = echo.person.external_id if echo.person else ""
        return rows.filter(Q(identity__external_id=person) | Q(identity__private_id=person))
    if echo.parent:
        return rows.filter(Q(answers__external_id=echo.parent) | Q(answers__parent=echo.parent))
    return rows.filter(ticket__post__external_id=echo.post)


def _may_be_under_way(account: Account, echo: Echo) -> bool:
    """Whether a request that is under way may have made it, whatever its words: the network may
    change them. Its own answer will say."""
    return (
        _begun_before(account, echo)
        .filter(state=Message.State.SENDING, lease_until__gt=clock.now())
        .filter(started_at__gt=clock.now() - _SEND_MAY_TAKE)
        .exists()
    )


def _of_unknown_outcome(account: Account, echo: Echo) -> Message | None:
    """The answer with these words that may have arrived, whatever came back, or of which a person said so; of
    several, the one begun first."""
    states = (Message.State.UNKNOWN, Message.State.SENDING, Message.State.FAILED)
    said_so = Q(state__in=Message.ARRIVED, at__gte=echo.at - _NEAR)
    rows = _begun_before(account, echo).filter(Q(state__in=states) | said_so, text=clean(echo.text))
    return rows.order_by("started_at", "id").first()


def _take_time(known: Message, echo: Echo) -> None:
    """Our answer stands by the network's clock, as what is around it does, also where the network named its
    id before its time."""
    if known.send_key is None or abs(known.at - echo.at) < _TOLD_TO_THE_SECOND:
        return
    row = receipts.locked(known)
    if row is None:
        return
    row.at = echo.at
    row.save(update_fields=["at"])
    show_last(row.ticket)
    catch_up(row)
    live.tell(events.topics_of([row.ticket_id]))


def _attach(ours: Message, echo: Echo) -> None:
    """The network shows our answer: it arrived, whatever became of the request."""
    arrived(ours, Sent(echo.external_id, at=echo.at, refs=echo.refs))
    Message.objects.filter(pk=ours.pk, permalink="").update(permalink=echo.permalink)


def _attach_part(ours: Message, echo: Echo) -> None:
    """An answer with files goes out in several messages: this is one of them, not yet the whole."""
    row = receipts.locked(ours)
    if row is None:
        return
    more = row.refs.get("more", [])
    if echo.external_id not in (row.external_id, *more):
        Message.objects.filter(pk=row.pk).update(refs={**row.refs, "more": [*more, echo.external_id]})


def _answered_outside(account: Account, echo: Echo) -> bool:
    """A colleague answered in the network's own app. False when its ticket is not here yet."""
    home = _ticket_of_echo(account, echo)
    if home is None:
        return echo.visibility == "public" and not echo.parent
    home, ticket = held_with_its_end(home)
    with transaction.atomic():
        message, made = Message.objects.get_or_create(
            account=account,
            external_id=echo.external_id,
            defaults={
                "ticket": ticket,
                "home": home if home != ticket else None,
                "identity_id": home.identity_id,
                "direction": "out",
                "visibility": echo.visibility,
                "kind": echo.kind[:20],
                "text": clean(echo.text),
                "at": echo.at,
                "parent": echo.parent[:255],
                "permalink": echo.permalink,
                "refs": dict(echo.refs),
                "state": Message.State.SENT,
                "automatic": echo.automatic,
            },
        )
    if not made:
        return True
    rows = [attachment_row(message.pk, position, each) for position, each in enumerate(echo.attachments)]
    Attachment.objects.bulk_create(rows, ignore_conflicts=True)
    before = {} if echo.automatic else _count_as_answered(ticket, message)
    early.apply_to({(account.pk, message.external_id): message.pk})
    catch_up(message)
    if echo.automatic:
        events.record("answered_by_machine", ticket=ticket, message=message, at=message.at)
        return True
    events.record("answered_outside", ticket=ticket, message=message, at=message.at, before=before)
    return True


def _ticket_of_echo(account: Account, echo: Echo) -> Ticket | None:
    """Where an answer given outside belongs: beside the comment or mail it answers, else with the person."""
    if echo.visibility == "public" or MATTER in echo.refs:
        answered = find(account, echo.parent) if echo.parent else None
        if answered or echo.visibility == "public":
            return (answered.home or answered.ticket) if answered else None
    if echo.person is None:
        return None
    identity = known_person(account, echo.person) or new_person(account, echo.person)
    mine = Ticket.objects.filter(identity=identity, running=True).order_by("id")
    found = mine.filter(kind=Ticket.Kind.PRIVATE).first() or mine.filter(took_private=True).first()
    return found or _private_ticket(account, identity, echo)


def _private_ticket(account: Account, identity: Identity, echo: Echo) -> Ticket:
    """We wrote first, outside Heed: a ticket that waits for nobody."""
    ticket = Ticket(
        account=account,
        identity=identity,
        customer_id=identity.customer_id,
        kind=Ticket.Kind.PRIVATE,
        status=Ticket.Status.OPEN,
        unanswered=False,
        subject=first_words(clean(echo.text), 80),
        opened_at=echo.at,
        last_at=echo.at,
    )
    Ticket.objects.bulk_create([ticket], ignore_conflicts=True)
    return Ticket.objects.get(identity=identity, kind=Ticket.Kind.PRIVATE, running=True)


def _count_as_answered(ticket: Ticket, message: Message) -> dict[str, Any]:
    """An answer outside Heed answers what customers wrote before it, whatever comes in first here.
    Gives back how it stood before."""
    row = ticket
    before = {
        "unanswered": row.unanswered,
        "waiting_since": row.waiting_since.isoformat() if row.waiting_since else None,
        "outside_until": row.outside_until.isoformat() if row.outside_until else None,
    }
    row.outside_until = max(row.outside_until or message.at, message.at)
    later = row.messages.filter(WAITS, at__gt=row.outside_until)
    waits = later.order_by("at").values_list("at", flat=True).first()
    row.unanswered = row.unanswered and waits is not None
    row.waiting_since = waits if row.unanswered else None
    if message.at >= row.last_at:
        row.last_at, row.last_text = message.at, first_words(message.text, 180)
        row.last_direction, row.last_author = "out", ""
    row.save()
    return before
