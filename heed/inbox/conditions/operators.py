"""The operators of the condition language: one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import regex
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
from heed.inbox.conditions.tree import Term, Value
from heed.inbox.models import Field, Ticket
from heed.inbox.search.lexicon import phrase
from heed.lib.text import whole

Meaning = Callable[[Value, Asker], Test]
Words = Callable[[Asker], list[str]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: what it asks, in a few words; what each value means; which values there are."""

    name: str
    sentence: Promise
    meaning: Meaning
    values: Words
    fixed: bool = False
    """Only the values listed are possible, whoever asks: a wrong one is wrong at once."""


def means(term: Term, asker: Asker) -> Test:
    """What an operator with its values means: one of them."""
    operator = OPERATORS[term.operator]
    tests = tuple(operator.meaning(value, asker) for value in term.values)
    return tests[0] if len(tests) == 1 else AnyOf(tests)


def check(term: Term) -> None:
    """Raises `BadCondition` where a value is wrong whoever asks and when."""
    operator = OPERATORS[term.operator]
    if operator.fixed:
        for value in term.values:
            operator.meaning(value, _NOBODY_ASKS)


_IS: dict[str, Callable[[Asker], Test]] = {
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
_NOBODY_ASKS = Asker(None, datetime(2026, 1, 1, tzinfo=UTC), UTC)
"""For looking at values that are the same for everybody."""
_OPEN: Test = AllOf((NotThis(OneOf("status", frozenset({"solved"}))), Empty("snoozed_until")))
_PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
_FILES = ("attachment", "image", "video", "audio", "file")
_SIGNED = regex.compile(r"(>=|<=|>|<)?(.+)")
_LANGUAGE = regex.compile(r"[a-z]{2,3}(-[a-z]{2,4})?")


def _needs_me(value: Value, asker: Asker) -> None:
    if asker.strict and asker.user is None:
        sentence = _("A rule has no “me”. Write a colleague's name.")
        raise BadCondition(value.position, value.text, sentence)


def _is(value: Value, asker: Asker) -> Test:
    wanted = value.text.lower()
    found = _IS.get(wanted)
    if found is None:
        raise _not_one_of(value, list(_IS))
    if wanted in ("mine", "mentioned"):
        _needs_me(value, asker)
    return found(asker)


def _from(value: Value, asker: Asker) -> Test:
    by_label = {str(each.label).lower(): name for name, each in networks().items()}
    wanted = value.text.lower()
    name = wanted if wanted in networks() else by_label.get(wanted, "")
    if not name:
        raise _not_one_of(value, list(networks()))
    return OneOf("account__network", frozenset({name}))


def _account(value: Value, asker: Asker) -> Test:
    found = meant("account", value.text, asker)
    _must_be(found, value, asker, [each.name for each in asker.accounts])
    return OneOf("account_id", found)


def _brand(value: Value, asker: Asker) -> Test:
    found = meant("brand", value.text, asker)
    _must_be(found, value, asker, [name for name, _pk in asker.brands])
    return OneOf("account__brand_id", found)


def _team(value: Value, asker: Asker) -> Test:
    if value.text.lower() in NOBODY:
        return Empty("team_id")
    found = meant("team", value.text, asker)
    _must_be(found, value, asker, [name for name, _pk in asker.teams])
    return OneOf("team_id", found)


def _assignee(value: Value, asker: Asker) -> Test:
    wanted = value.text.lower()
    if wanted in NOBODY:
        return Empty("assignee_id")
    if wanted == "me":
        return _is(Value("mine", value.position, value.end), asker)
    found = people_called(value.text, asker.people)
    _must_be(found, value, asker, [each.name for each in asker.people])
    return OneOf("assignee_id", found)


def _customer(value: Value, asker: Asker) -> Test:
    asked = phrase(value.text, prefix=value.text.endswith("*"), mark="customer")
    if asked is None:
        raise BadCondition(value.position, value.text, _("This is no name."))
    return Says(asked)


def _author(value: Value, asker: Asker) -> Test:
    """Whoever wrote: the customer, a colleague, or with `@bot` a machine."""
    if value.text.lower() in ("bot", "@bot"):
        return WrittenByMachine()
    if value.text.lower() == "me":
        _needs_me(value, asker)
        return WrittenBy(frozenset({asker.user_id}) - {None})  # type: ignore[arg-type]
    colleagues = people_called(value.text, asker.people)
    customer = _customer(value, asker)
    return AnyOf((customer, WrittenBy(colleagues))) if colleagues else customer


def _group(value: Value, asker: Asker) -> Test:
    if value.text.lower() in NOBODY:
        return OneOf("customer__group", frozenset({""}))
    return OneOf("customer__group", _ways_to_write(value.text))


def _status(value: Value, asker: Asker) -> Test:
    if value.text.lower() not in Ticket.Status.values:
        raise _not_one_of(value, list(Ticket.Status.values))
    return OneOf("status", frozenset({value.text.lower()}))


def _priority(value: Value, asker: Asker) -> Test:
    found = _SIGNED.fullmatch(value.text.lower())
    level = _PRIORITIES.get(found[2]) if found else None
    if found is None or level is None:
        raise _not_one_of(value, list(_PRIORITIES))
    return _compared("priority", found[1] or "", level)


def _kind(value: Value, asker: Asker) -> Test:
    if value.text.lower() not in Ticket.Kind.values:
        raise _not_one_of(value, list(Ticket.Kind.values))
    return OneOf("kind", frozenset({value.text.lower()}))


def _tag(value: Value, asker: Asker) -> Test:
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


def _lang(value: Value, asker: Asker) -> Test:
    wanted = value.text.lower()
    if wanted in ("unknown", "none"):
        return OneOf("language", frozenset({""}))
    if not _LANGUAGE.fullmatch(wanted):
        sentence = _("“%(word)s” is no code of a language. They look like: sl, en, ar, mn.")
        raise BadCondition(value.position, value.text, sentence % {"word": value.text})
    return OneOf("language", frozenset({wanted}))


def _number(value: Value, asker: Asker) -> Test:
    wanted = whole(value.text.lstrip("#"))
    if wanted is None:
        raise BadCondition(value.position, value.text, _("A ticket has a whole number, such as #4182."))
    return OneOf("pk", frozenset({wanted}))


def _has(value: Value, asker: Asker) -> Test:
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
    raise _not_one_of(value, [*_FILES, "note", "tag", "due"])


def _in(value: Value, asker: Asker) -> Test:
    """Beside words it says where they stand (see `reading`); alone, that there is such a place."""
    match value.text.lower():
        case "note":
            return Noted()
        case "subject":
            return NotThis(OneOf("subject", frozenset({""})))
    raise _not_one_of(value, ["note", "subject"])


def _field(value: Value, asker: Asker) -> Test:
    key, _colon, rest = value.text.partition(":")
    own = asker.fields.get(key)
    if own is None:
        _must_be(frozenset(), Value(key, value.position), asker, list(asker.fields))
        return FieldSet(key) if not rest else FieldText(key, _ways_to_write(rest))
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
    return FieldText(own.key, _ways_to_write(value.text))


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


def _when(column: str, *, ahead: bool = False) -> Meaning:
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


def _ways_to_write(word: str) -> frozenset[str]:
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


def _fixed(*words: str) -> Words:
    return lambda _asker: list(words)


_AGES = _fixed("today", "yesterday", "<1h", "<1d", "<7d", ">30d")

OPERATORS: dict[str, Operator] = {
    each.name: each
    for each in (
        Operator("is", gettext_lazy("How it stands"), _is, _fixed(*_IS), True),
        Operator("from", gettext_lazy("The network"), _from, lambda _asker: list(networks()), True),
        Operator(
            "account", gettext_lazy("The account"), _account, lambda asker: [a.name for a in asker.accounts]
        ),
        Operator(
            "brand", gettext_lazy("The brand"), _brand, lambda asker: [name for name, _pk in asker.brands]
        ),
        Operator(
            "team",
            gettext_lazy("The team"),
            _team,
            lambda asker: [*(name for name, _pk in asker.teams), "none"],
        ),
        Operator(
            "assignee",
            gettext_lazy("Who has it"),
            _assignee,
            lambda asker: ["me", "nobody", *(each.name for each in asker.people if each.is_active)],
        ),
        Operator("customer", gettext_lazy("The customer's name or handle"), _customer, _fixed()),
        Operator(
            "author",
            gettext_lazy("Who wrote in it"),
            _author,
            lambda asker: ["me", "@bot", *(each.name for each in asker.people if each.is_active)],
        ),
        Operator("group", gettext_lazy("The customer's group"), _group, _fixed("none")),
        Operator("tag", gettext_lazy("A tag"), _tag, lambda asker: [*asker.tags, "none"]),
        Operator("status", gettext_lazy("The status"), _status, _fixed(*Ticket.Status.values), True),
        Operator("priority", gettext_lazy("The priority"), _priority, _fixed(*_PRIORITIES, ">=high"), True),
        Operator("kind", gettext_lazy("Public or private"), _kind, _fixed(*Ticket.Kind.values), True),
        Operator(
            "lang", gettext_lazy("The language"), _lang, _fixed("sl", "en", "ar", "mn", "de", "unknown"), True
        ),
        Operator(
            "waiting",
            gettext_lazy("How long the customer waits"),
            _when("waiting_since"),
            _fixed(">30m", ">2h", ">1d"),
            True,
        ),
        Operator(
            "due",
            gettext_lazy("When an answer is due"),
            _when("due_at", ahead=True),
            _fixed("<30m", "<2h", "today", "none"),
            True,
        ),
        Operator("created", gettext_lazy("When it began"), _when("opened_at"), _AGES, True),
        Operator("updated", gettext_lazy("When something was last said"), _when("last_at"), _AGES, True),
        Operator("solved", gettext_lazy("When it was solved"), _when("solved_at"), _AGES, True),
        Operator(
            "snoozed",
            gettext_lazy("Until when it sleeps"),
            _when("snoozed_until", ahead=True),
            _fixed("<1d", "today", "tomorrow"),
            True,
        ),
        Operator(
            "closes",
            gettext_lazy("When the reply window closes"),
            _when("window_closes_at", ahead=True),
            _fixed("<1h", "<6h", "today"),
            True,
        ),
        Operator("has", gettext_lazy("What is in it"), _has, _fixed(*_FILES, "note", "tag", "due"), True),
        Operator("in", gettext_lazy("Where the words stand"), _in, _fixed("note", "subject"), True),
        Operator(
            "field",
            gettext_lazy("A field of your own"),
            _field,
            lambda asker: [f"{key}:" for key in asker.fields],
        ),
        Operator("number", gettext_lazy("The ticket's number"), _number, _fixed(), True),
    )
}
NAMES = frozenset(OPERATORS)
