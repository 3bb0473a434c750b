"""What the values of each operator mean."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import regex
from django.utils.translation import gettext as _

from heed.channels.registry import networks
from heed.inbox.conditions import times
from heed.inbox.conditions.meanings import (
    AllOf,
    AnyOf,
    Attached,
    Between,
    Empty,
    FieldDate,
    FieldNumber,
    FieldSet,
    FieldText,
    Mentioned,
    Noted,
    NotThis,
    OneOf,
    Says,
    Tagged,
    Test,
    Untagged,
    WrittenBy,
    WrittenByMachine,
)
from heed.inbox.conditions.names import NOBODY, Asker, meant, people_called, tags_named
from heed.inbox.conditions.reading import nearest
from heed.inbox.conditions.refusals import BadCondition
from heed.inbox.conditions.tree import Value
from heed.inbox.models import Field, Ticket
from heed.inbox.search.lexicon import phrase
from heed.lib.text import whole

Meaning = Callable[[Value, Asker], Test]


STANDINGS: dict[str, Callable[[Asker], Test]] = {
    "unanswered": lambda _asker: OneOf("unanswered", frozenset({True})),
    "answered": lambda _asker: OneOf("unanswered", frozenset({False})),
    "open": lambda _asker: _OPEN,
    "solved": lambda _asker: OneOf("status", frozenset({"solved"})),
    "new": lambda _asker: OneOf("status", frozenset({"new"})),
    "pending": lambda _asker: OneOf("status", frozenset({"pending"})),
    "hold": lambda _asker: OneOf("status", frozenset({"hold"})),
    "snoozed": lambda _asker: NotThis(Empty("snoozed_until")),
    "overdue": lambda asker: Between("due_at", until=asker.now, closed=True),
    "assigned": lambda _asker: NotThis(Empty("assignee_id")),
    "unassigned": lambda _asker: Empty("assignee_id"),
    "mine": lambda asker: OneOf("assignee_id", frozenset({asker.user_id} - {None})),
    "mentioned": lambda asker: Mentioned(asker.user_id),
    "public": lambda _asker: OneOf("kind", frozenset({"public"})),
    "private": lambda _asker: OneOf("kind", frozenset({"private"})),
    "urgent": lambda _asker: OneOf("priority", frozenset({Ticket.Priority.URGENT})),
    "spam": lambda _asker: OneOf("spam", frozenset({True})),
    "blocked": lambda _asker: OneOf("identity__blocked", frozenset({True})),
    "merged": lambda _asker: NotThis(Empty("merged_into_id")),
}
_OPEN: Test = AllOf((NotThis(OneOf("status", frozenset({"solved"}))), Empty("snoozed_until")))
PRIORITIES = {each.name.lower(): each.value for each in Ticket.Priority}
FILES = ("attachment", "image", "video", "audio", "file")
_SIGNED = regex.compile(r"(>=|<=|>|<)?(.+)")
_LANGUAGE = regex.compile(r"[a-z]{2,3}(-[a-z]{2,4})?")


def _needs_me(value: Value, asker: Asker) -> None:
    if asker.strict and asker.user is None:
        sentence = _("A rule has no “me”. Write a colleague's name.")
        raise BadCondition(value.position, value.text, sentence)


def standing(value: Value, asker: Asker) -> Test:
    wanted = value.text.lower()
    found = STANDINGS.get(wanted)
    if found is None:
        raise _not_one_of(value, list(STANDINGS))
    if wanted in ("mine", "mentioned"):
        _needs_me(value, asker)
    return found(asker)


def network(value: Value, asker: Asker) -> Test:
    by_label = {str(each.label).lower(): name for name, each in networks().items()}
    wanted = value.text.lower()
    name = wanted if wanted in networks() else by_label.get(wanted, "")
    if not name:
        raise _not_one_of(value, list(networks()))
    return OneOf("account__network", frozenset({name}))


def account(value: Value, asker: Asker) -> Test:
    found = meant("account", value.text, asker)
    _must_be(found, value, asker, [each.name for each in asker.accounts])
    return OneOf("account_id", found)


def brand(value: Value, asker: Asker) -> Test:
    found = meant("brand", value.text, asker)
    _must_be(found, value, asker, [name for name, _pk in asker.brands])
    return OneOf("account__brand_id", found)


def team(value: Value, asker: Asker) -> Test:
    if value.text.lower() in NOBODY:
        return Empty("team_id")
    found = meant("team", value.text, asker)
    _must_be(found, value, asker, [name for name, _pk in asker.teams])
    return OneOf("team_id", found)


def assignee(value: Value, asker: Asker) -> Test:
    wanted = value.text.lower()
    if wanted in NOBODY:
        return Empty("assignee_id")
    if wanted == "me":
        return standing(Value("mine", value.position, value.end), asker)
    found = people_called(value.text, asker.people)
    _must_be(found, value, asker, [each.name for each in asker.people])
    return OneOf("assignee_id", found)


def customer(value: Value, asker: Asker) -> Test:
    asked = phrase(value.text, prefix=value.text.endswith("*"), mark="customer")
    if asked is None:
        raise BadCondition(value.position, value.text, _("This is no name."))
    return Says(asked)


def author(value: Value, asker: Asker) -> Test:
    """Whoever wrote: the customer, a colleague, or with `@bot` a machine."""
    if value.text.lower() in ("bot", "@bot"):
        return WrittenByMachine()
    if value.text.lower() == "me":
        _needs_me(value, asker)
        return WrittenBy(frozenset({asker.user_id}) - {None})  # type: ignore[arg-type]
    colleagues = people_called(value.text, asker.people)
    called = customer(value, asker)
    return AnyOf((called, WrittenBy(colleagues))) if colleagues else called


def group(value: Value, asker: Asker) -> Test:
    if value.text.lower() in NOBODY:
        return OneOf("customer__group", frozenset({""}))
    return OneOf("customer__group", ways_to_write(value.text))


def status(value: Value, asker: Asker) -> Test:
    if value.text.lower() not in Ticket.Status.values:
        raise _not_one_of(value, list(Ticket.Status.values))
    return OneOf("status", frozenset({value.text.lower()}))


def priority(value: Value, asker: Asker) -> Test:
    found = _SIGNED.fullmatch(value.text.lower())
    level = PRIORITIES.get(found[2]) if found else None
    if found is None or level is None:
        raise _not_one_of(value, list(PRIORITIES))
    return _compared("priority", found[1] or "", level)


def kind(value: Value, asker: Asker) -> Test:
    if value.text.lower() not in Ticket.Kind.values:
        raise _not_one_of(value, list(Ticket.Kind.values))
    return OneOf("kind", frozenset({value.text.lower()}))


def tag(value: Value, asker: Asker) -> Test:
    if value.text.lower() in NOBODY:
        return Untagged()
    found = tags_named(value.text, asker.tags) or frozenset({value.text})
    if (
        asker.strict
        and asker.user is not None  # for a rule a tag that is gone is one that no ticket has
        and not found.intersection(asker.tags)
        and not Ticket.objects.filter(Tagged(found).q()).exists()
    ):
        raise _unknown(value, asker.tags)
    return Tagged(found)


def lang(value: Value, asker: Asker) -> Test:
    wanted = value.text.lower()
    if wanted in ("unknown", "none"):
        return OneOf("language", frozenset({""}))
    if not _LANGUAGE.fullmatch(wanted):
        sentence = _("“%(word)s” is no code of a language. They look like: sl, en, ar, mn.")
        raise BadCondition(value.position, value.text, sentence % {"word": value.text})
    return OneOf("language", frozenset({wanted}))


def number(value: Value, asker: Asker) -> Test:
    wanted = whole(value.text.lstrip("#"))
    if wanted is None:
        raise BadCondition(value.position, value.text, _("A ticket has a whole number, such as #4182."))
    return OneOf("pk", frozenset({wanted}))


def has(value: Value, asker: Asker) -> Test:
    match value.text.lower():
        case "attachment":
            return Attached()
        case "image" | "video" | "audio" | "file" as kind:
            return Attached(kind)
        case "note":
            return Noted()
        case "tag":
            return NotThis(Untagged())
        case "due":
            return NotThis(Empty("due_at"))
    raise _not_one_of(value, [*FILES, "note", "tag", "due"])


def place(value: Value, asker: Asker) -> Test:
    """Beside words it says where they stand (see `reading`); alone, that there is such a place."""
    match value.text.lower():
        case "note":
            return Noted()
        case "subject":
            return NotThis(OneOf("subject", frozenset({""})))
    raise _not_one_of(value, ["note", "subject"])


def field(value: Value, asker: Asker) -> Test:
    key, _colon, rest = value.text.partition(":")
    own = asker.fields.get(key)
    if own is None:
        _must_be(frozenset(), Value(key, value.position), asker, list(asker.fields))
        return FieldSet(key) if not rest else FieldText(key, ways_to_write(rest))
    if not rest:
        return FieldSet(key)
    return _field_is(own, Value(rest, value.position + len(key) + 1), asker)


def _field_is(own: Field, value: Value, asker: Asker) -> Test:
    match own.kind:
        case Field.Kind.NUMBER:
            return FieldNumber(own.key, _numbers(value))
        case Field.Kind.DATE:
            return FieldDate(own.key, _time(value, lambda: times.days_of(value.text, asker.now, asker.zone)))
        case Field.Kind.YES_NO:
            answers = {"yes": "true", "true": "true", "no": "false", "false": "false"}
            if value.text.lower() not in answers:
                raise _not_one_of(value, ["yes", "no"])
            return FieldText(own.key, frozenset({answers[value.text.lower()]}))
    return FieldText(own.key, ways_to_write(value.text))


def _numbers(value: Value) -> Between:
    try:
        if ".." in value.text:
            first, last = value.text.split("..", 1)
            since, until = (_decimal(each) if each else None for each in (first, last))
            return Between("", since, until, closed=True)
        found = _SIGNED.fullmatch(value.text)
        if found is not None:
            return _compared("", found[1] or "", _decimal(found[2]))
    except InvalidOperation:
        pass
    raise BadCondition(value.position, value.text, _("A number goes here, such as 40, >40 or 40..42."))


def _decimal(text: str) -> Decimal:
    """A number that a field could hold. Raises `InvalidOperation` for what is none or out of all bounds."""
    number = Decimal(text)
    if not number.is_finite() or abs(number) >= 10**15 or abs(int(number.as_tuple().exponent)) > 15:
        raise InvalidOperation(text)
    return number


def when(column: str, *, ahead: bool = False) -> Meaning:
    def meaning(value: Value, asker: Asker) -> Test:
        if value.text.lower() == "none":
            return Empty(column)
        return _time(value, lambda: times.range_of(value.text, column, asker.now, asker.zone, ahead=ahead))

    return meaning


def _time(value: Value, read: Callable[[], Between]) -> Between:
    try:
        return read()
    except times.NoSign as error:
        sentence = _("Longer or shorter? Write > or < before “%(word)s”.")
        raise BadCondition(
            value.position, value.text, sentence % {"word": value.text}, f">{value.text}"
        ) from error
    except (times.NotATime, OverflowError) as error:
        sentence = _("“%(word)s” is no time. Write for example >2h, <3d, 2026-11, 2026-11-05.. or today.")
        raise BadCondition(value.position, value.text, sentence % {"word": value.text}) from error


def _compared(column: str, sign: str, level: int | Decimal) -> Between:
    match sign:
        case ">":
            return Between(column, since=level, after=True)
        case ">=":
            return Between(column, since=level)
        case "<":
            return Between(column, until=level)
        case "<=":
            return Between(column, until=level, closed=True)
    return Between(column, since=level, until=level, closed=True)


def ways_to_write(word: str) -> frozenset[str]:
    """A word as people write it: as it stands, in small letters, in large ones."""
    return frozenset({word, word.lower(), word.upper(), word.capitalize(), word.title()})


def _must_be(
    found: frozenset[object] | frozenset[int] | frozenset[str], value: Value, asker: Asker, known: list[str]
) -> None:
    if asker.strict and not found:
        raise _unknown(value, known)


def _unknown(value: Value, known: list[str]) -> BadCondition:
    by_folded = {name.lower(): name for name in known}
    close = nearest(value.text.lower(), set(by_folded))
    sentence = _("Nothing here is called “%(word)s”.") % {"word": value.text}
    return BadCondition(value.position, value.text, sentence, quoted(by_folded[close]) if close else "")


def _not_one_of(value: Value, known: list[str]) -> BadCondition:
    sentence = _("“%(word)s” is not one of: %(known)s.")
    facts = {"word": value.text, "known": ", ".join(known)}
    return BadCondition(value.position, value.text, sentence % facts, nearest(value.text.lower(), known))


def quoted(value: str) -> str:
    """A value as it is written in a condition."""
    return value if regex.fullmatch(r"[^\s(),\"]+", value) else '"' + value.replace('"', "") + '"'


def written(operator: str, ids: frozenset[int], asker: Asker) -> str:
    """Teams, brands or accounts as values of a condition; an account whose name is not its own by number."""
    rows = {"team": asker.teams, "brand": asker.brands}.get(operator)
    names = {pk: name for name, pk in rows} if rows is not None else {a.pk: a.name for a in asker.accounts}
    alone = operator != "account"
    return ",".join(
        quoted(names[pk]) if alone or meant(operator, names[pk], asker) == {pk} else str(pk)
        for pk in sorted(ids)
    )
