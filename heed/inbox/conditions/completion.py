"""What could stand where somebody is typing."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from heed.inbox.conditions.names import Asker
from heed.inbox.conditions.operators import OPERATORS
from heed.inbox.conditions.values import quoted
from heed.lib.tokens import folded_name

MOST = 8
_HERE = regex.compile(r'(?:^|[\s(])(-?)((?:[^\s()":]+:)?(?:"[^"]*"?|[^\s()"])*)$')


@dataclass(frozen=True, slots=True)
class Completion:
    """What could be written instead of the letters from `start` to `end`, and what it means."""

    text: str
    start: int
    end: int
    hint: str = ""


def complete(text: str, position: int, asker: Asker) -> list[Completion]:
    """Operators, then the values of one, that go on with what stands before the cursor."""
    position = max(0, min(position, len(text)))
    found = _HERE.search(text[:position])
    if found is None:
        return []
    word, start = found[2], found.start(2)
    name, colon, rest = word.partition(":")
    if not colon:
        return _operators(word, start, position, asker)
    if name.lower() not in OPERATORS:
        return []
    begun = rest.rpartition(",")[2]
    return _values(name.lower(), begun, position - len(begun), position, asker)


def _operators(word: str, start: int, end: int, asker: Asker) -> list[Completion]:
    if word.startswith(('"', "#")):
        return []
    begun = word.lower()
    found = [
        Completion(f"{each.name}:", start, end, str(each.sentence))
        for each in OPERATORS.values()
        if each.name.startswith(begun)
    ]
    if begun:
        found += [
            Completion(f"is:{value}", start, end, str(OPERATORS["is"].sentence))
            for value in OPERATORS["is"].values(asker)
            if value.startswith(begun)
        ]
    return found[: MOST if begun else len(found)]


def _values(name: str, begun: str, start: int, end: int, asker: Asker) -> list[Completion]:
    operator = OPERATORS[name]
    asked = begun.strip('"').lower()
    folded = folded_name(asked)
    known = operator.values(asker)
    first = [each for each in known if each.lower().startswith(asked)]
    within = [each for each in known if each not in first and folded and folded in folded_name(each)]
    fitting = [each for each in (*first, *within) if each != begun]
    return [Completion(_written(each), start, end, str(operator.sentence)) for each in fitting[:MOST]]


def _written(value: str) -> str:
    """`size:` of a field goes on; everything else is done."""
    return value if value.endswith(":") else quoted(value)
