"""What the desk says by itself: that it is away, that a message has come in, hello to somebody new.

At most one for a customer's message: away outside the hours, else a greeting to somebody new, else the
instant reply to a new matter. Its key is made of the message it answers, so that two workers, or one that
runs twice, send it once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import formats, translation
from django.utils.translation import gettext

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.channels.models import Account
from heed.inbox.models import Customer, Event, Identity, Message, Ticket
from heed.inbox.verbs.automatic import Origin, send_automatic
from heed.inbox.verbs.refusals import CannotAnswer
from heed.inbox.verbs.tending import locked
from heed.lib import clock
from heed.library.filling import first_name
from heed.routing import desk_hours
from heed.routing.desk_hours import place_of
from heed.routing.hours import OpeningHours
from heed.routing.models import AutomaticMessage, AutomaticSent

Kind = AutomaticMessage.Kind

_NAMES = UUID("7d1a8c52-2f0e-4c6c-9a55-0d4b2c9f51e3")
TOO_LATE = timedelta(hours=1)
"""What came so long ago and is only seen now gets no automatic message: it would seem out of place."""

PLACEHOLDERS = ("first_name", "name", "next_opening", "hours_today", "team", "account", "brand")
_BLANK = re.compile(r"\{(\w+)\}")
SPOKEN = ("en", "sl", "ar", "mn")
"""The languages in which Heed can say a day and a time in words."""


# ----------------------------------------------------------------------------------- the words


@dataclass(frozen=True, slots=True)
class Filling:
    """What the blanks of a text are filled with."""

    hours: OpeningHours
    at: datetime
    name: str = ""
    team: str = ""
    account: str = ""
    brand: str = ""


def blanks_of(text: str) -> set[str]:
    """The names in curly brackets."""
    return set(_BLANK.findall(text))


def filled(text: str, language: str, filling: Filling) -> str:
    """The text with its blanks filled, as the customer reads it."""
    with translation.override(language if language in SPOKEN else "en"):
        values = {
            "first_name": first_name(filling.name),
            "name": filling.name,
            "next_opening": _opening(filling, language),
            "hours_today": hours_of_day(filling.hours, filling.at),
            "team": filling.team,
            "account": filling.account,
            "brand": filling.brand or filling.account,
        }
    words = _BLANK.sub(lambda blank: values.get(blank[1], blank[0]), text)
    return _tidy(words)


def _tidy(text: str) -> str:
    """Without the gaps that an empty blank leaves: `Hi ,` becomes `Hi,`."""
    text = re.sub(r"[ \t]+([,.!?;:،؟])", r"\1", text)
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _opening(filling: Filling, language: str) -> str:
    """When somebody will be there: today only the time, within a week the day, else the date too."""
    opens = filling.hours.next_opening(filling.at)
    if opens is None:
        return gettext("as soon as we can")
    there, now = opens.astimezone(filling.hours.tz), filling.at.astimezone(filling.hours.tz)
    time = formats.date_format(there, "H:i")
    days = (there.date() - now.date()).days
    if days == 0:
        return gettext("today at %(time)s") % {"time": time}
    if days == 1:
        return gettext("tomorrow at %(time)s") % {"time": time}
    if language not in SPOKEN:
        return f"{there:%d. %m. %Y} {time}"
    if days < 7:
        day = formats.date_format(there, "l")
        return gettext("%(weekday)s at %(time)s") % {"weekday": day, "time": time}
    return gettext("%(date)s at %(time)s") % {"date": formats.date_format(there, "DATE_FORMAT"), "time": time}


def hours_of_day(hours: OpeningHours, at: datetime) -> str:
    """The opening times of that day there, as `9:00–17:00`."""
    if hours.always:
        return gettext("around the clock")
    found = hours.stretches(at.astimezone(hours.tz).date())
    times = [f"{a.astimezone(hours.tz):%H:%M}–{b.astimezone(hours.tz):%H:%M}" for a, b in found]
    return ", ".join(times) or gettext("closed")


def words_for(row: AutomaticMessage, languages: Sequence[str]) -> tuple[str, str]:
    """The language and text for somebody who is known to use these, the likeliest first."""
    texts: Mapping[str, str] = row.texts
    wanted = [each.split("-")[0].lower() for each in (*languages, row.language) if each]
    found = next((each for each in wanted if texts.get(each)), None)
    if found is None:
        found = next((each for each, text in texts.items() if text), "")
    return found, texts.get(found, "")


# ------------------------------------------------------------------------------- the reaction


def say_by_itself(batch: Sequence[Event]) -> None:
    """The reaction to customers' messages."""
    rows = {(row.kind, row.account_id or 0): row for row in AutomaticMessage.objects.all()}
    if not any(row.on for row in rows.values()):
        return
    desk = desk_hours.read()
    wanted = [event.message_id for event in batch if event.message_id]
    messages = Message.objects.filter(pk__in=wanted, direction="in", automatic_reply=None)
    for message in messages.select_related("ticket__account__brand", "ticket__team", "identity").order_by(
        "id"
    ):
        if _may_be_answered(message):
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
        and not _is_our_own(message.account_id, who)
    )


def _is_our_own(account: int, who: Identity) -> bool:
    """Whether one of our accounts wrote to another of ours: they would talk without end."""
    network = Account.objects.filter(pk=account).values("network")
    ids = [each for each in (who.external_id, who.private_id, who.also_id) if each]
    return Account.objects.filter(network__in=network, external_id__in=ids).exclude(external_id="").exists()


@transaction.atomic
def _answer(
    message: Message, rows: Mapping[tuple[str, int], AutomaticMessage], desk: desk_hours.DeskHours
) -> None:
    ticket = locked(message.ticket)
    who = Identity.objects.get(pk=message.identity_id or 0)
    Customer.objects.select_for_update().get(pk=who.customer_id)  # one at a time for each person
    hours = desk.hours(place_of(ticket), message.at)
    row = _which(message, ticket, rows, open_now=hours.is_open(message.at))
    if row is None or (message.visibility == "public" and not row.publicly):
        return
    if _had_it_lately(row, who, message.at) or _is_answered(ticket, message):
        return
    language, text = words_for(row, (message.language, ticket.language, who.language))
    filling = Filling(
        hours=hours,
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
    AutomaticSent.objects.get_or_create(
        to=message, defaults={"identity": who, "kind": row.kind, "message": sent, "at": message.at}
    )


def _origin(row: AutomaticMessage) -> Origin:
    match row.kind:
        case Kind.AWAY:
            return "away"
        case Kind.INSTANT:
            return "instant"
    return "greeting"


def _which(
    message: Message, ticket: Ticket, rows: Mapping[tuple[str, int], AutomaticMessage], *, open_now: bool
) -> AutomaticMessage | None:
    """The one automatic message that fits: the account's own before the one for all."""
    kinds = [Kind.AWAY] if not open_now else []
    if open_now and not _wrote_before(message):
        kinds.append(Kind.GREETING)
    if open_now and not _said_before(ticket, message):
        kinds.append(Kind.INSTANT)
    for kind in kinds:
        row = rows.get((kind, ticket.account_id)) or rows.get((kind, 0))
        if row is not None and row.on:
            return row
    return None


def _wrote_before(message: Message) -> bool:
    """Whether we heard from this person before, on this account."""
    before = Message.objects.filter(identity=message.identity, direction="in", at__lte=message.at)
    return before.exclude(pk=message.pk).exists()


def _said_before(ticket: Ticket, message: Message) -> bool:
    """Whether the customer has said something in this matter already."""
    earlier = ticket.messages.filter(direction="in", at__lte=message.at).exclude(pk=message.pk)
    solved = Event.objects.filter(ticket=ticket, kind="ticket_reopened").order_by("-at").first()
    return (earlier.filter(at__gte=solved.at) if solved else earlier).exists()


def _had_it_lately(row: AutomaticMessage, who: Identity, at: datetime) -> bool:
    """Whether this person got one of the kind a short while ago, on whichever of their identities. An
    older message that came late counts as well, so the time is looked at in both directions."""
    near = timedelta(seconds=row.again_after)
    sent = AutomaticSent.objects.filter(kind=row.kind, at__gt=at - near, at__lt=at + near)
    return sent.filter(identity__customer_id=who.customer_id).exists()


def _is_answered(ticket: Ticket, message: Message) -> bool:
    """Whether somebody has answered already, here or outside Heed."""
    return ticket.messages.filter(
        direction="out", visibility__in=("public", "private"), automatic=False, at__gte=message.at
    ).exists()


# --------------------------------------------------------------------------- for the settings


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be said now."""

    language: str
    text: str
    problems: tuple[str, ...] = field(default=())


def preview(row: AutomaticMessage, filling: Filling) -> list[Preview]:
    """What a message says in each language it has words for."""
    return [
        Preview(language, filled(text, language, filling), tuple(sorted(unknown_blanks(text))))
        for language, text in row.texts.items()
        if text
    ]


def unknown_blanks(text: str) -> set[str]:
    """Names in curly brackets that nothing is known for: they would be sent as they stand."""
    return blanks_of(text) - set(PLACEHOLDERS)


@transaction.atomic
def keep_message(row: AutomaticMessage, user: User) -> AutomaticMessage:
    """Make or change an automatic message. Raises `NotAllowed`."""
    need(user, "routing")
    before = audit.stood(row, *_TOLD)
    row.save()
    account = row.account.name if row.account else ""
    audit.kept(user, row, before, audit.stands(row, *_TOLD), kind=row.kind, account=account)
    return row


_TOLD = ("on", "texts", "language", "publicly", "again_after")
"""What the audit tells of an automatic message."""


@transaction.atomic
def remove_message(row: AutomaticMessage, user: User) -> None:
    """Take an account's own message away: the one for all accounts counts again. Raises `NotAllowed`."""
    need(user, "routing")
    audit.record(user, "removed", row, kind=row.kind)
    AutomaticMessage.objects.filter(pk=row.pk).delete()
