"""The operators of the condition language: one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from heed.channels.registry import networks
from heed.inbox.conditions import values
from heed.inbox.conditions.meanings import AnyOf, Test
from heed.inbox.conditions.names import Asker
from heed.inbox.conditions.tree import Term
from heed.inbox.conditions.values import Meaning
from heed.inbox.models import Ticket

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


_NOBODY_ASKS = Asker(None, datetime(2026, 1, 1, tzinfo=UTC), UTC)
"""For looking at values that are the same for everybody."""


def _fixed(*words: str) -> Words:
    return lambda _asker: list(words)


_AGES = _fixed("today", "yesterday", "<1h", "<1d", "<7d", ">30d")

OPERATORS: dict[str, Operator] = {
    each.name: each
    for each in (
        Operator("is", gettext_lazy("How it stands"), values.standing, _fixed(*values.STANDINGS), True),
        Operator("from", gettext_lazy("The network"), values.network, lambda _asker: list(networks()), True),
        Operator(
            "account",
            gettext_lazy("The account"),
            values.account,
            lambda asker: [a.name for a in asker.accounts],
        ),
        Operator(
            "brand",
            gettext_lazy("The brand"),
            values.brand,
            lambda asker: [name for name, _pk in asker.brands],
        ),
        Operator(
            "team",
            gettext_lazy("The team"),
            values.team,
            lambda asker: [*(name for name, _pk in asker.teams), "none"],
        ),
        Operator(
            "assignee",
            gettext_lazy("Who has it"),
            values.assignee,
            lambda asker: ["me", "nobody", *(each.name for each in asker.people if each.is_active)],
        ),
        Operator("customer", gettext_lazy("The customer's name or handle"), values.customer, _fixed()),
        Operator(
            "author",
            gettext_lazy("Who wrote in it"),
            values.author,
            lambda asker: ["me", "@bot", *(each.name for each in asker.people if each.is_active)],
        ),
        Operator("group", gettext_lazy("The customer's group"), values.group, _fixed("none")),
        Operator("tag", gettext_lazy("A tag"), values.tag, lambda asker: [*asker.tags, "none"]),
        Operator("status", gettext_lazy("The status"), values.status, _fixed(*Ticket.Status.values), True),
        Operator(
            "priority",
            gettext_lazy("The priority"),
            values.priority,
            _fixed(*values.PRIORITIES, ">=high"),
            True,
        ),
        Operator("kind", gettext_lazy("Public or private"), values.kind, _fixed(*Ticket.Kind.values), True),
        Operator(
            "lang",
            gettext_lazy("The language"),
            values.lang,
            _fixed("sl", "en", "ar", "mn", "de", "unknown"),
            True,
        ),
        Operator(
            "waiting",
            gettext_lazy("How long the customer waits"),
            values.when("waiting_since"),
            _fixed(">30m", ">2h", ">1d"),
            True,
        ),
        Operator(
            "due",
            gettext_lazy("When an answer is due"),
            values.when("due_at", ahead=True),
            _fixed("<30m", "<2h", "today", "none"),
            True,
        ),
        Operator("created", gettext_lazy("When it began"), values.when("opened_at"), _AGES, True),
        Operator(
            "updated", gettext_lazy("When something was last said"), values.when("last_at"), _AGES, True
        ),
        Operator("solved", gettext_lazy("When it was solved"), values.when("solved_at"), _AGES, True),
        Operator(
            "snoozed",
            gettext_lazy("Until when it sleeps"),
            values.when("snoozed_until", ahead=True),
            _fixed("<1d", "today", "tomorrow"),
            True,
        ),
        Operator(
            "closes",
            gettext_lazy("When the reply window closes"),
            values.when("window_closes_at", ahead=True),
            _fixed("<1h", "<6h", "today"),
            True,
        ),
        Operator(
            "has",
            gettext_lazy("What is in it"),
            values.has,
            _fixed(*values.FILES, "note", "tag", "due"),
            True,
        ),
        Operator("in", gettext_lazy("Where the words stand"), values.place, _fixed("note", "subject"), True),
        Operator(
            "field",
            gettext_lazy("A field of your own"),
            values.field,
            lambda asker: [f"{key}:" for key in asker.fields],
        ),
        Operator("number", gettext_lazy("The ticket's number"), values.number, _fixed(), True),
    )
}
NAMES = frozenset(OPERATORS)
