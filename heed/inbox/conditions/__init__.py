"""The condition language: one way to say which tickets are meant, for search, views and rules.

    is:unanswered team:returns waiting:>2h tag:zip,heel "broken zip" -author:@bot

`parse` reads it, `Condition.q` asks the database, `Condition.holds` tests one ticket, with one verdict.
Whoever shows tickets adds the person's `Sight`: a condition never widens what they may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import Q
from django.utils import timezone

from heed.accounts.models import User
from heed.inbox.conditions import completion, operators, reading, values
from heed.inbox.conditions.completion import Completion
from heed.inbox.conditions.meanings import AllOf, Always, AnyOf, Facts, NotThis, OneOf, Says, Test
from heed.inbox.conditions.names import NOBODY, Asker, meant, tags_named
from heed.inbox.conditions.refusals import BadCondition
from heed.inbox.conditions.tree import (
    And,
    Everything,
    Not,
    Number,
    Or,
    Term,
    Tree,
    Value,
    Words,
    leaves,
    wanted,
)
from heed.inbox.models import Ticket
from heed.lib import clock

__all__ = [
    "NOBODY",
    "BadCondition",
    "Completion",
    "Condition",
    "Facts",
    "Test",
    "complete",
    "names_group",
    "of_rule",
    "parse",
    "with_group_renamed",
    "with_name_changed",
    "with_tag_renamed",
]


_MOMENTS = ("waiting", "due", "created", "updated", "solved", "snoozed", "closes", "field")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was understood. `text` is as somebody wrote it."""

    text: str
    tree: Tree

    def q(self, user: User | None = None, *, now: datetime | None = None) -> Q:
        """The condition on `Ticket`, for this person (`assignee:me`) at this time. A name that nobody
        has (any more) fits no ticket."""
        return self.test(user, now).q()

    def holds(self, ticket: Ticket, user: User | None = None, now: datetime | None = None) -> bool:
        """Whether it holds for a ticket as it is in memory. Words are read from its messages."""
        moment = now or clock.now()
        return self.test(user, moment).holds(Facts(ticket, user.pk if user else None, moment))

    def test(self, user: User | None = None, now: datetime | None = None) -> Test:
        """The condition with its names looked up, to be put to many tickets (see `Facts`)."""
        return _meaning(self.tree, _asker(user, now))

    def sure(self, user: User | None = None, now: datetime | None = None) -> Q:
        """As `q`, but where the database does not know how words stand it finds too little, not too much."""
        return _meaning(self.tree, _asker(user, now), denied=True).q()

    def test_of_rule(self, asker: Asker) -> Test:
        """The same for a rule (see `of_rule`). Raises `BadCondition` for a name that nobody has any more, and
        for `me`: denied, these would fit every ticket."""
        return _meaning(self.tree, asker)

    def check(self, user: User | None = None) -> None:
        """Raises `BadCondition` where it names something that is not there for this person."""
        asker = _asker(user, None)
        asker.strict = True
        _meaning(self.tree, asker)

    @property
    def everything(self) -> bool:
        return isinstance(self.tree, Everything)

    @property
    def words(self) -> list[Words]:
        """What it is to be found by."""
        return wanted(self.tree)

    @property
    def reads(self) -> bool:
        """Whether it asks for words at all, also for those that are not to be there."""
        return self.asks("customer") or any(isinstance(leaf, Words) for leaf in leaves(self.tree))

    @property
    def guessed(self) -> bool:
        """Whether the database may find tickets for which it does not hold (see `Says`)."""
        return any(isinstance(leaf, Words) and leaf.phrase.guessed for leaf in leaves(self.tree))

    def asks(self, operator: str, value: str = "") -> bool:
        """Whether it asks for this at all, such as `is` `spam`."""
        terms = [leaf for leaf in leaves(self.tree) if isinstance(leaf, Term) and leaf.operator == operator]
        return any(not value or value == each.text.lower() for term in terms for each in term.values)

    @property
    def moves(self) -> bool:
        """Whether what it means depends on when it is asked."""
        return any(self.asks(each) for each in _MOMENTS) or self.asks("is", "overdue")

    def needs(self, operator: str, value: str) -> bool:
        """Whether nothing fits it but what this holds for, such as `is` `open`."""
        parts = self.tree.parts if isinstance(self.tree, And) else (self.tree,)
        terms = [part for part in parts if isinstance(part, Term) and part.operator == operator]
        return any([each.text.lower() for each in term.values] == [value] for term in terms)


def parse(text: str, *, unfinished: bool = False) -> Condition:
    """Read a condition; an empty one means every ticket. `unfinished` while it is being typed: its last
    word may be the beginning of one. Raises `BadCondition`."""
    tree = reading.read(text, operators.NAMES, unfinished=unfinished)
    for leaf in leaves(tree):
        if isinstance(leaf, Term):
            operators.check(leaf)
    return Condition(text, tree)


def with_tag_renamed(text: str, old: str, new: str) -> str:
    """A condition as somebody wrote it, with a tag's new name wherever it names the tag. What cannot be
    understood stays as it is. Raises `BadCondition` where it would become too long."""
    if new in NOBODY:
        return text
    written = f'"{new}"' if set(new) & set(" ()") else new
    changed = text
    for each in sorted(_values_of("tag", text), key=lambda each: -each.position):
        if each.text.lower() == old:
            changed = changed[: each.position] + written + changed[each.end :]
        elif tags_named(each.text, [old]) and not each.text.endswith("*"):  # another spelling, of others too
            changed = f"{changed[: each.end]},{written}{changed[each.end :]}"
    return _readable(changed, text)


def with_group_renamed(text: str, old: str, new: str) -> str:
    """The same with a customer group's new name. What is spelled in another way may mean other groups, too,
    and goes on to."""
    changed = text
    for each in sorted(_values_of("group", text), key=lambda each: -each.position):
        meant = values.ways_to_write(each.text)
        if old not in meant or new in meant or each.text.lower() in NOBODY:
            continue
        if each.text == old:
            changed = changed[: each.position] + values.quoted(new) + changed[each.end :]
        else:
            changed = f"{changed[: each.end]},{values.quoted(new)}{changed[each.end :]}"
    return _readable(changed, text)


def _readable(changed: str, text: str) -> str:
    """What became of a text, which can be read as it could before. Raises `BadCondition`."""
    return changed if changed == text else parse(changed).text


def names_group(text: str, name: str) -> bool:
    """Whether a condition asks for this customer group. What cannot be understood asks for nothing."""
    return any(
        each.text.lower() not in NOBODY and name in values.ways_to_write(each.text)
        for each in _values_of("group", text)
    )


def with_name_changed(text: str, operator: str, pk: int, old: str, user: User | None = None) -> str:
    """A condition as `user` wrote it (or nobody: a rule) that goes on meaning the same after a team, brand or
    account (`operator`) got another name; it was called `old`. What cannot be understood, or would become too
    long, stays as it is."""
    asker, changed = _asker(user, None), text
    for each in sorted(_values_of(operator, text), key=lambda each: -each.position):
        before = meant(operator, each.text, asker, {pk: old})
        if before and before != meant(operator, each.text, asker):
            written = values.written(operator, before, asker)
            changed = changed[: each.position] + written + changed[each.end :]
    return changed if len(changed) <= reading.LONGEST else text


def names_tag(text: str, name: str) -> bool:
    """Whether a condition asks for this very tag, in any spelling; one that asks for all that begin alike
    does not. What cannot be understood asks for nothing."""
    return any(
        bool(tags_named(each.text, [name])) for each in _values_of("tag", text) if not each.text.endswith("*")
    )


def _values_of(operator: str, text: str) -> list[Value]:
    try:
        terms = [leaf for leaf in leaves(parse(text).tree) if isinstance(leaf, Term)]
    except BadCondition:
        return []
    return [value for term in terms if term.operator == operator for value in term.values]


def complete(text: str, position: int, user: User | None = None) -> list[Completion]:
    """What could stand at this place of a text somebody types: operators, then values of one, with only
    the names this person may know."""
    return completion.complete(text, position, _asker(user, None))


def of_rule(now: datetime, zone: tzinfo) -> Asker:
    """Nobody asks, for a rule: it knows all names, and its days are those of this zone."""
    return Asker(None, now, zone, strict=True)


def _asker(user: User | None, now: datetime | None) -> Asker:
    return Asker(user, now or clock.now(), timezone.get_current_timezone())


def _meaning(tree: Tree, asker: Asker, denied: bool = False) -> Test:
    """What it asks; `denied` for what is under a NOT: its words stand so where the database knows it."""
    match tree:
        case And(parts):
            return AllOf(tuple(_meaning(part, asker, denied) for part in parts))
        case Or(parts):
            return AnyOf(tuple(_meaning(part, asker, denied) for part in parts))
        case Not(part):
            return NotThis(_meaning(part, asker, not denied))
        case Term():
            return operators.means(tree, asker)
        case Words(asked, _text):
            return Says(asked, denied)
        case Number(number):
            return OneOf("pk", frozenset({number}))
    return Always()
