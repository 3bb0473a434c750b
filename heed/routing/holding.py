"""For which tickets a rule's condition holds now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet

from heed.inbox.conditions import Condition, Test, of_rule, parse
from heed.inbox.conditions.meanings import AllOf, AnyOf, NotThis, OneOf, Says
from heed.inbox.models import Ticket
from heed.inbox.search import index as search_index
from heed.inbox.search.lexicon import Lexicon, Phrase
from heed.inbox.statements import among
from heed.routing import desk_hours
from heed.routing.models import Rule


class Words:
    """The words of tickets, read when they are asked for, and once."""

    def __init__(self) -> None:
        self._known: dict[int, Lexicon] = {}

    def with_phrase(self, asked: Phrase, numbers: Iterable[int]) -> frozenset[int]:
        """Those of these tickets that say it."""
        wanted = set(numbers)
        self._known |= search_index.lexicons_of(wanted - self._known.keys())
        return frozenset(each for each in wanted if each in self._known and self._known[each].holds(asked))

    def forget(self, numbers: Iterable[int]) -> None:
        """Something was done to these: what they say is to be read anew."""
        for each in numbers:
            self._known.pop(each, None)


def understood(text: str, now: datetime) -> tuple[Condition, Test]:
    """The condition of a rule, and what it means now: its days are the desk's, wherever whoever wrote it is.
    Raises `BadCondition`."""
    condition = parse(text)
    return condition, condition.test_of_rule(of_rule(now, desk_hours.zone() if condition.moves else UTC))


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule whose condition was understood."""

    rule: Rule
    condition: Condition
    test: Test

    @property
    def tickets(self) -> QuerySet[Ticket]:
        """The tickets for which the condition holds now. Spam, merged ones and those of blocked people only
        where it asks for them."""
        return self._allowed(Ticket.objects.filter(self.test.q()))

    def among(self, numbers: Iterable[int], words: Words) -> set[int]:
        """Those of these tickets for which the condition holds now. Where it asks for words they are read
        from the messages: what search looks in is written a moment after a message has come. All else is
        asked first, so that only of those few the words are read for which it holds."""
        wanted = list(numbers)
        if not wanted:
            return set()
        said, other = _apart(self.test)
        rows = Ticket.objects.filter(_read_in(other, wanted, words).q(), pk__in=among(wanted))
        found = frozenset(self._allowed(rows).values_list("pk", flat=True))
        return set(_saying(said, found, words))

    def _allowed(self, rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if not self.condition.asks("is", "merged"):
            rows = rows.filter(merged_into=None)
        if not self.condition.asks("is", "blocked"):
            rows = rows.filter(identity__blocked=False)
        return rows if self.condition.asks("is", "spam") else rows.filter(spam=False)


def _apart(test: Test) -> tuple[AllOf, AllOf]:
    """What a test asks of the words alone, and the rest of it."""
    tests = test.tests if isinstance(test, AllOf) else (test,)
    said = tuple(each for each in tests if _is_of_words(each))
    return AllOf(said), AllOf(tuple(each for each in tests if each not in said))


def _is_of_words(test: Test) -> bool:
    match test:
        case Says():
            return True
        case AllOf(tests) | AnyOf(tests):
            return all(map(_is_of_words, tests))
        case NotThis(inside):
            return _is_of_words(inside)
    return False


def _saying(test: Test, numbers: frozenset[int], words: Words) -> frozenset[int]:
    """Those of these tickets for which a test of words alone holds."""
    match test:
        case Says(phrase):
            return words.with_phrase(phrase, numbers)
        case AllOf(tests):
            for each in tests:
                numbers = _saying(each, numbers, words)
            return numbers
        case AnyOf(tests):
            return frozenset().union(*(_saying(each, numbers, words) for each in tests))
        case NotThis(inside):
            return numbers - _saying(inside, numbers, words)
    raise TypeError(f"{type(test).__name__} asks for more than words")


def _read_in(test: Test, numbers: Sequence[int], words: Words) -> Test:
    """The same test, with the tickets in the place of each phrase that say it."""
    match test:
        case Says(phrase):
            return OneOf("pk", words.with_phrase(phrase, numbers))
        case AllOf(tests):
            return AllOf(tuple(_read_in(each, numbers, words) for each in tests))
        case AnyOf(tests):
            return AnyOf(tuple(_read_in(each, numbers, words) for each in tests))
        case NotThis(inside):
            return NotThis(_read_in(inside, numbers, words))
    return test
