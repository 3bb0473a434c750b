"""What a part of a condition means: as a question to the database, and as a test of one ticket.

Both stand side by side in one class, so that they cannot drift apart: rules ask the one, lists the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from django.db.models import BooleanField, DecimalField, Exists, F, Func, OuterRef, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, LessThan, LessThanOrEqual

from heed.inbox.models import Attachment, Message, Notice, Ticket
from heed.inbox.search import lexicon
from heed.inbox.search.lexicon import Lexicon, Phrase

_READ_OF_MESSAGES = ("text", "visibility", "removed_at", "author_id", "automatic", "origin")


@dataclass
class Facts:
    """A ticket, and what a test may want to know about it, read when it is asked for."""

    ticket: Ticket
    user: int | None
    now: datetime

    @cached_property
    def messages(self) -> list[Message]:
        said = self.ticket.messages.only(*_READ_OF_MESSAGES)
        return list(said.order_by("id"))

    @cached_property
    def lexicon(self) -> Lexicon:
        ticket, identity = self.ticket, self.ticket.identity
        said = [(each.text, each.visibility) for each in self.messages if each.removed_at is None]
        names = (ticket.subject, ticket.customer.name, identity.name, identity.handle)
        return lexicon.of_ticket(*names, ticket.tags, said)

    @cached_property
    def files(self) -> frozenset[str]:
        found = Attachment.objects.filter(message__ticket=self.ticket).values_list("kind", flat=True)
        return frozenset(found)

    @cached_property
    def mentioned(self) -> bool:
        return bool(_mentions(self.user).filter(ticket=self.ticket).exists())


class Test(Protocol):
    """One meaning. `q` is never NULL: a denied one is exactly the rest."""

    def q(self) -> Q: ...

    def holds(self, facts: Facts) -> bool: ...


@dataclass(frozen=True)
class Always:
    def q(self) -> Q:
        return Q()

    def holds(self, facts: Facts) -> bool:
        return True


@dataclass(frozen=True)
class AllOf:
    tests: tuple[Test, ...]

    def q(self) -> Q:
        return Q(*(each.q() for each in self.tests))

    def holds(self, facts: Facts) -> bool:
        return all(each.holds(facts) for each in self.tests)


@dataclass(frozen=True)
class AnyOf:
    tests: tuple[Test, ...]

    def q(self) -> Q:
        # An empty Q falls out of an "or", though it means everything.
        if not self.tests:
            return Q(pk__in=[])
        parts = [each.q() for each in self.tests]
        return Q(*parts, _connector=Q.OR) if all(parts) else Q()

    def holds(self, facts: Facts) -> bool:
        return any(each.holds(facts) for each in self.tests)


@dataclass(frozen=True)
class NotThis:
    test: Test

    def q(self) -> Q:
        inside = self.test.q()
        return ~inside if inside else Q(pk__in=[])

    def holds(self, facts: Facts) -> bool:
        return not self.test.holds(facts)


@dataclass(frozen=True)
class OneOf:
    """A column, also of the account, identity or customer, holds one of these values."""

    column: str
    values: frozenset[Any]

    def q(self) -> Q:
        return Q(**{f"{self.column}__in": sorted(self.values, key=str)})

    def holds(self, facts: Facts) -> bool:
        return _read(facts.ticket, self.column) in self.values


@dataclass(frozen=True)
class Empty:
    column: str

    def q(self) -> Q:
        return Q(**{f"{self.column}__isnull": True})

    def holds(self, facts: Facts) -> bool:
        return _read(facts.ticket, self.column) is None


@dataclass(frozen=True)
class Between:
    """A time or number from here (this one counts) to there (that one does not, unless `closed`)."""

    column: str
    since: Any = None
    until: Any = None
    after: bool = False
    """The first one does not count."""
    closed: bool = False

    def q(self) -> Q:
        asked = {f"{self.column}__isnull": False}
        if self.since is not None:
            asked[f"{self.column}__{'gt' if self.after else 'gte'}"] = self.since
        if self.until is not None:
            asked[f"{self.column}__{'lte' if self.closed else 'lt'}"] = self.until
        return Q(**asked)

    def holds(self, facts: Facts) -> bool:
        return self.takes_in(_read(facts.ticket, self.column))

    def takes_in(self, value: Any) -> bool:
        if value is None:
            return False
        if self.since is not None and (value < self.since or (self.after and value == self.since)):
            return False
        return self.until is None or value < self.until or (self.closed and value == self.until)


@dataclass(frozen=True)
class Tagged:
    names: frozenset[str]

    def q(self) -> Q:
        """That there are any is said, too: the index holds only those."""
        return Q(tags__overlap=sorted(self.names)) & ~Q(tags=[]) if self.names else Q(pk__in=[])

    def holds(self, facts: Facts) -> bool:
        return not self.names.isdisjoint(facts.ticket.tags)


@dataclass(frozen=True)
class Untagged:
    def q(self) -> Q:
        return Q(tags=[])

    def holds(self, facts: Facts) -> bool:
        return not facts.ticket.tags


@dataclass(frozen=True)
class Says:
    """It says these words, one behind the other. In a long talk the database takes them as said when each
    stands anywhere in it (see `Phrase.tsquery`), and as not said where it does not know: it finds too much,
    never too little. The test of one ticket is exact."""

    phrase: Phrase
    denied: bool = False
    """Whether it is asked for those that do not say it."""

    def q(self) -> Q:
        return Q(worded__words__fit=self.phrase.known if self.denied else self.phrase.tsquery)

    def holds(self, facts: Facts) -> bool:
        return facts.lexicon.holds(self.phrase)


@dataclass(frozen=True)
class Noted:
    """It has a note."""

    def q(self) -> Q:
        return Q(Exists(_said(visibility="note")))

    def holds(self, facts: Facts) -> bool:
        return any(message.visibility == "note" for message in facts.messages)


@dataclass(frozen=True)
class WrittenBy:
    """One of these colleagues wrote in it."""

    people: frozenset[int]

    def q(self) -> Q:
        return Q(Exists(_said(author__in=sorted(self.people))))

    def holds(self, facts: Facts) -> bool:
        return any(message.author_id in self.people for message in facts.messages)


@dataclass(frozen=True)
class WrittenByMachine:
    """Heed, a rule or another machine wrote in it."""

    def q(self) -> Q:
        return Q(Exists(_said(automatic=True))) | Q(Exists(_said(origin__gt="")))

    def holds(self, facts: Facts) -> bool:
        return any(message.automatic or message.origin for message in facts.messages)


@dataclass(frozen=True)
class Attached:
    """It has a file, or one of this kind."""

    kind: str = ""

    def q(self) -> Q:
        kind = {"kind": self.kind} if self.kind else {}
        return Q(Exists(Attachment.objects.filter(message__ticket=OuterRef("pk"), **kind)))

    def holds(self, facts: Facts) -> bool:
        return self.kind in facts.files if self.kind else bool(facts.files)


@dataclass(frozen=True)
class Mentioned:
    """Somebody mentioned me here, and I have not looked."""

    user: int | None

    def q(self) -> Q:
        return Q(Exists(_mentions(self.user).filter(ticket=OuterRef("pk"))))

    def holds(self, facts: Facts) -> bool:
        return facts.mentioned


@dataclass(frozen=True)
class FieldSet:
    """A field of the company's own has an answer."""

    key: str

    def q(self) -> Q:
        return Q(fields__has_key=self.key) & ~_is(Exact(_kind_of(self.key), Value("null")))

    def holds(self, facts: Facts) -> bool:
        return facts.ticket.fields.get(self.key) is not None


@dataclass(frozen=True)
class FieldText:
    """A field's answer is one of these texts, or yes or no."""

    key: str
    values: frozenset[str]

    def q(self) -> Q:
        return _is(In(_text_of(self.key), sorted(self.values))) if self.values else Q(pk__in=[])

    def holds(self, facts: Facts) -> bool:
        value = facts.ticket.fields.get(self.key)
        if isinstance(value, bool):
            return ("true" if value else "false") in self.values
        return isinstance(value, str) and value in self.values


@dataclass(frozen=True)
class FieldNumber:
    """A field's number lies between these."""

    key: str
    range: Between

    def q(self) -> Q:
        return _within(_number_of(self.key), self.range, DecimalField())

    def holds(self, facts: Facts) -> bool:
        value = facts.ticket.fields.get(self.key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.range.takes_in(Decimal(str(value)))


@dataclass(frozen=True)
class FieldDate:
    """A field's day lies between these."""

    key: str
    range: Between

    def q(self) -> Q:
        # As text: days written this way stand in their order.
        written = _is(Exact(Length(_text_of(self.key)), Value(_LETTERS_OF_A_DAY)))
        return written & _within(_day_of(self.key), _as_text(self.range), TextField())

    def holds(self, facts: Facts) -> bool:
        value = facts.ticket.fields.get(self.key)
        if not isinstance(value, str) or len(value) != _LETTERS_OF_A_DAY:
            return False
        return _as_text(self.range).takes_in(value)


def _said(**facts: Any) -> Any:
    return Message.objects.filter(ticket=OuterRef("pk"), **facts)


def _mentions(user: int | None) -> Any:
    return Notice.objects.filter(user=user, kind=Notice.Kind.MENTIONED, seen_at=None)


def _read(ticket: Ticket, column: str) -> Any:
    """`identity__blocked` is `ticket.identity.blocked`."""
    value: Any = ticket
    for name in column.split("__"):
        value = getattr(value, name)
    return value


def _is(question: Any) -> Q:
    """A question to the database whose answer is yes or no, never unknown."""
    return Q(Coalesce(question, Value(False), output_field=BooleanField()))


def _json(key: str, template: str, output: Any) -> Func:
    return Func(F("fields"), Value(key, TextField()), template=template, output_field=output, arg_joiner="->")


def _kind_of(key: str) -> Func:
    return _json(key, "jsonb_typeof(%(expressions)s)", TextField())


def _text_of(key: str) -> Func:
    return Func(
        F("fields"),
        Value(key, TextField()),
        template="(%(expressions)s)",
        arg_joiner="->>",
        output_field=TextField(),
    )


def _number_of(key: str) -> Func:
    return _Shaped(key, "number", "numeric", DecimalField())


def _day_of(key: str) -> Func:
    return _Shaped(key, "string", 'text COLLATE "C"', TextField())


class _Shaped(Func):
    """A field's value where it has the right shape."""

    def __init__(self, key: str, kind: str, cast: str, output: Any) -> None:
        super().__init__(
            _json(key, "jsonb_typeof(%(expressions)s)", TextField()),
            Func(
                F("fields"),
                Value(key, TextField()),
                template=f"(%(expressions)s)::{cast}",
                arg_joiner="->>",
                output_field=output,
            ),
            template="CASE WHEN %(expressions)s END",
            arg_joiner=f" = '{kind}' THEN ",
            output_field=output,
        )


def _within(value: Combinable, range_: Between, output: Any) -> Q:
    found = Q()
    if range_.since is not None:
        more: Callable[..., Any] = GreaterThan if range_.after else GreaterThanOrEqual
        found &= _is(more(value, Value(range_.since, output)))
    if range_.until is not None:
        less: Callable[..., Any] = LessThanOrEqual if range_.closed else LessThan
        found &= _is(less(value, Value(range_.until, output)))
    return found


def _as_text(range_: Between) -> Between:
    def text(day: Any) -> str | None:
        return day.isoformat() if isinstance(day, date) else None

    return Between("", text(range_.since), text(range_.until), range_.after, range_.closed)


_LETTERS_OF_A_DAY = len("2026-11-22")
