"""What a ticket is about and how much it matters: priority, tags, the company's own fields, language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.events import Happened
from heed.inbox.models import Customer, Field, Tag, Ticket
from heed.inbox.statements import columns, run
from heed.inbox.verbs.groups import group_name
from heed.inbox.verbs.refusals import CannotTend
from heed.inbox.verbs.tending import change, locked, write
from heed.lib import clock, live
from heed.lib.text import clean

MOST_TAGS = 30
_LONGEST_TAG = 60
_LONGEST_TEXT = 500
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@transaction.atomic
def set_priority(ticket: Ticket, user: User | None, priority: int) -> None:
    if priority not in Ticket.Priority.values:
        raise ValueError(f"A priority is one of {Ticket.Priority.values}.")
    if change(ticket, priority=priority):
        events.record("priority_changed", ticket=ticket, actor=user, priority=priority)


@transaction.atomic
def set_language(ticket: Ticket, user: User | None, language: str) -> None:
    """Say in which language the customer writes; empty where it cannot be told."""
    if language and not _LANGUAGE.fullmatch(language):
        raise CannotTend(_("A language is a code of two letters, like “en”."))
    if change(ticket, language=language):
        events.record("language_told", ticket=ticket, actor=user, language=language)


@transaction.atomic
def tell_languages(told: Mapping[int, str]) -> None:
    """Say of many tickets, by their numbers, in which language their customers were found to write."""
    changed = run(_SET_LANGUAGES, *columns(told.items())) if told else []
    now = clock.now()
    with events.told_together():
        events.write(
            Happened("language_told", account, ticket, now, {"language": language})
            for account, ticket, language in sorted(changed)
        )
        events.tell_pages(ticket for _account, ticket, _language in changed)


_SET_LANGUAGES = """
WITH told AS (SELECT * FROM unnest(%s::bigint[], %s::text[]) AS new (id, language)),
locked AS (
    SELECT t.id, told.language FROM inbox_ticket t JOIN told ON told.id = t.id AND told.language <> t.language
    ORDER BY t.id FOR UPDATE OF t
)
UPDATE inbox_ticket AS t SET language = locked.language FROM locked WHERE t.id = locked.id
RETURNING t.account_id, t.id, t.language
"""


@transaction.atomic
def tag(ticket: Ticket, user: User | None, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Add tags, made where there are none of the name, and take others away."""
    wanted, unwanted = {tag_name(each) for each in add}, {tag_name(each) for each in remove}
    before = set(locked(ticket).tags)
    after = (before | wanted) - unwanted
    if after == before:
        return
    if len(after) > MOST_TAGS:
        raise too_many_tags()
    Tag.objects.bulk_create([Tag(name=name) for name in sorted(after - before)], ignore_conflicts=True)
    write(ticket, tags=sorted(after))
    events.record(
        "tags_changed",
        ticket=ticket,
        actor=user,
        added=sorted(after - before),
        removed=sorted(before - after),
    )


def too_many_tags() -> CannotTend:
    return CannotTend(_("A ticket has at most %(most)d tags.") % {"most": MOST_TAGS})


def tag_name(text: str) -> str:
    """A tag as it is kept: small letters, single blanks. Raises `CannotTend`."""
    name = " ".join(clean(text).replace('"', " ").replace(",", " ").split()).lower().removeprefix("#")
    if not name:
        raise CannotTend(_("A tag needs a name."))
    if len(name) > _LONGEST_TAG:
        raise CannotTend(_("A tag has at most %(most)d letters.") % {"most": _LONGEST_TAG})
    return name


@transaction.atomic
def fill(ticket: Ticket, user: User | None, key: str, given: object) -> None:
    """Answer one of the company's own questions; empty takes the answer away. Raises `CannotTend`."""
    field = Field.objects.filter(key=key, archived=False).first()
    if field is None:
        raise CannotTend(_("There is no such field."))
    value = checked(field, given)
    fields = dict(locked(ticket).fields)
    if fields.get(key) == value and type(fields.get(key)) is type(value):
        return
    if value is None:
        fields.pop(key, None)
    else:
        fields[key] = value
    write(ticket, fields=fields)
    events.record("field_changed", ticket=ticket, actor=user, field=key, title=field.title, value=value)


def checked(field: Field, given: object) -> str | int | float | bool | None:
    """A value as a field of this kind keeps it; None for empty. Raises `CannotTend`."""
    text = clean(str(given)).strip() if given is not None else ""
    if not text:
        return None
    match field.kind:
        case Field.Kind.NUMBER:
            return _number(field, text)
        case Field.Kind.CHOICE:
            if text not in field.choices:
                raise CannotTend(
                    _("“%(field)s” is one of: %(choices)s.")
                    % {"field": field.title, "choices": ", ".join(field.choices)}
                )
            return text
        case Field.Kind.YES_NO:
            return _yes_or_no(field, text)
        case Field.Kind.DATE:
            return _day(field, text)
    if len(text) > _LONGEST_TEXT:
        raise CannotTend(
            _("“%(field)s” takes at most %(most)d characters.")
            % {"field": field.title, "most": _LONGEST_TEXT}
        )
    return text


def _number(field: Field, text: str) -> int | float:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**15:
        raise CannotTend(_("“%(field)s” takes a number.") % {"field": field.title})
    return int(number) if number == number.to_integral_value() else float(number)


def _yes_or_no(field: Field, text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise CannotTend(_("“%(field)s” is either yes or no.") % {"field": field.title})
    return known[text.lower()]


def _day(field: Field, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise CannotTend(_("“%(field)s” takes a day, like 2026-11-30.") % {"field": field.title}) from None


@transaction.atomic
def set_group(ticket: Ticket, user: User | None, group: str) -> None:
    """Say what kind of customer this is. It holds for all their tickets."""
    name = group_name(group)
    customer = Customer.objects.select_for_update().get(pk=ticket.customer_id)
    if customer.group == name:
        return
    Customer.objects.filter(pk=customer.pk).update(group=name)
    ticket.customer.group = name
    facts = {"group": name, **customer.regrouped(customer.group)}
    events.record("field_changed", ticket=ticket, actor=user, field="", title="", **facts)
    others = Ticket.objects.filter(customer_id=customer.pk).order_by("-last_at").values_list("pk", flat=True)
    live.tell(events.topics_of(others[:50]))
