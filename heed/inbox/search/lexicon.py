"""The words of a ticket and their places, and what can be asked of them.

Beside each word of a note stands the same one marked as a note's, and so for the subject and for the
names of the customer: that is how a word can be looked for there alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from heed.lib.tokens import is_written_together, placed, tokens

Mark = Literal["", "note", "subject", "customer"]

_SIGNS: dict[Mark, str] = {"": "", "note": "~", "subject": "^", "customer": "@"}
"""No folded word holds such a letter, nor that of `CROWDED`."""
_WEIGHTS: dict[Mark, str] = {"": "", "note": "", "subject": "A", "customer": "B"}
_NONE = ""
MOST_BYTES = 480_000
"""Of the words of a ticket: less than half of what fits, so that what comes later fits, too."""
MOST_PLACES, LAST_PLACE = 256, 16_383
"""Of one word, that the database keeps, and the last one it knows: what stands behind that stands there."""
CROWDED = "!"
"""Stands among the words of a ticket so long that the database does not know all their places."""
_APART = 10
"""Places between two texts: a phrase never reaches from one into the other."""
_SHORT = 2


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand one after the other; the last may be the beginning of one."""

    words: tuple[tuple[str, int], ...]
    prefix: bool = False
    mark: Mark = ""

    @property
    def tsquery(self) -> str:
        """Where the database does not know all places (see `CROWDED`) it is enough that all are there."""
        if not self.guessed:
            return self.known
        return f"({self.known}) | ('{CROWDED}' & {' & '.join(self._asked)})"

    @property
    def known(self) -> str:
        """The same, only where the database knows that they stand so."""
        return " <1> ".join(self._asked)

    @property
    def guessed(self) -> bool:
        """Whether the database may not know how they stand. Subjects and names stand before all else."""
        return len(self.words) > 1 and self.mark in ("", "note")

    @property
    def _asked(self) -> list[str]:
        words = [f"'{_SIGNS[self.mark]}{word}'" for word, _place in self.words]
        words[-1] += ":*" if self.prefix else ""
        return words


def phrase(text: str, *, prefix: bool = False, mark: Mark = "") -> Phrase | None:
    """What to ask for a text; None where it has nothing that can be looked for. Of two letters alone
    many words begin."""
    found = tuple((token.word, token.place) for token in tokens(text, asking=True))
    if not found:
        return None
    word = found[0][0]
    short = len(found) == 1 and len(word) <= (1 if is_written_together(word) else _SHORT)
    return Phrase(found, prefix or (short and not mark), mark)


Said = tuple[str, str]
"""A message that is still there: its text, and its visibility."""


class Lexicon:
    """The words of a ticket, or of some of its messages."""

    def __init__(self) -> None:
        self._places: dict[str, list[int]] = defaultdict(list)
        self._weights: dict[int, str] = {}
        self._end = 0

    def add(self, text: str, mark: Mark = "") -> None:
        self.add_placed(placed(text), mark)

    def add_placed(self, words: Iterable[tuple[str, int]], mark: Mark = "") -> None:
        """Add a text whose words were told apart already."""
        start, sign, weight = self._end + _APART, _SIGNS[mark], _WEIGHTS[mark]
        for word, place in words:
            self._end = at = start + place
            self._places[word].append(at)
            if sign:
                self._places[sign + word].append(at)
            if weight:
                self._weights[at] = weight

    def holds(self, asked: Phrase) -> bool:
        sign = _SIGNS[asked.mark]
        standing = [
            {at - place for at in self._standing(sign + word, asked.prefix and last)}
            for last, word, place in _marked_last(asked)
        ]
        return bool(set.intersection(*standing))

    def tsvector(self) -> str:
        """All words with their places, as the text of a `tsvector`; the first ones where there are more
        than the database can hold in one."""
        weights, size = self._weights, 0
        found = []
        for word, places in self._places.items():
            size += len(word.encode()) + 6 + 2 * min(len(places), MOST_PLACES)
            if size > MOST_BYTES:
                break
            if weights:
                found.append(f"'{word}':{','.join([f'{at}{weights.get(at, _NONE)}' for at in places])}")
            else:
                found.append(f"'{word}':{','.join(map(str, places))}")
        return " ".join(found)

    def _standing(self, word: str, prefix: bool) -> set[int]:
        if not prefix:
            return set(self._places.get(word, ()))
        return {at for each, places in self._places.items() if each.startswith(word) for at in places}


def _marked_last(asked: Phrase) -> list[tuple[bool, str, int]]:
    last = len(asked.words) - 1
    return [(index == last, word, place) for index, (word, place) in enumerate(asked.words)]


def of_ticket(
    subject: str, customer: str, identity: str, handle: str, tags: Iterable[str], said: Iterable[Said]
) -> Lexicon:
    """All words of a ticket: its subject, who it is about, its tags, and what was said in it."""
    found = Lexicon()
    opening = list(placed(subject))
    found.add_placed(opening, "subject")
    handle = handle.lstrip("@")
    for name in dict.fromkeys((customer, identity, f"@{handle}" if handle else "")):
        found.add(name, "customer")
    for tag in tags:
        found.add(tag)
    for text, visibility in said:
        words = opening if text == subject else placed(text)  # short messages are the subject of their ticket
        found.add_placed(words, "note" if visibility == "note" else "")
    return found
