"""Where in a ticket the words stand that were looked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from heed.inbox.conditions.tree import Words
from heed.inbox.search.lexicon import Phrase
from heed.inbox.statements import run
from heed.lib.tokens import Token, tokens

_LOOKED_THROUGH = 60
"""Messages of a ticket, from the newest back."""
_BEFORE, _LONG = 40, 180
"""Letters shown before the first hit, and in all."""


class Piece(NamedTuple):
    """A part of a message's text, and whether it was looked for."""

    text: str
    hit: bool


Hit = list[Piece]


def hits(tickets: Iterable[int], asked: Sequence[Words]) -> dict[int, Hit]:
    """For each ticket where words were found in a message, the part of the best one around them."""
    phrases = [words.phrase for words in asked]
    if not phrases:
        return {}
    said: dict[int, list[str]] = defaultdict(list)
    for ticket, text in run(_SAID, list(tickets), _LOOKED_THROUGH):
        said[ticket].append(text)
    found = {ticket: _best(texts, phrases) for ticket, texts in said.items()}
    return {ticket: hit for ticket, hit in found.items() if hit}


_SAID = """
SELECT ticket, said.text FROM unnest(%s::bigint[]) AS wanted (ticket), LATERAL (
    SELECT text, at, id FROM inbox_message
    WHERE ticket_id = wanted.ticket AND removed_at IS NULL AND text <> ''
    ORDER BY at DESC, external_id DESC, id DESC LIMIT %s
) AS said
ORDER BY ticket, said.at DESC, said.id DESC
"""


def _best(texts: list[str], phrases: list[Phrase]) -> Hit:
    """The newest message with the most of what was looked for."""
    best: tuple[int, str, list[tuple[int, int]]] = (0, "", [])
    for text in texts:
        standing = list(tokens(text))
        found = [spans for phrase in phrases if (spans := _spans(standing, phrase))]
        if len(found) > best[0]:
            best = (len(found), text, _joined([span for spans in found for span in spans]))
        if len(found) == len(phrases):
            break
    return _cut(best[1], best[2]) if best[0] else []


def _spans(standing: list[Token], phrase: Phrase) -> list[tuple[int, int]]:
    """Where in the text the words of a phrase stand."""
    by_place: dict[int, list[Token]] = defaultdict(list)
    for token in standing:
        by_place[token.place].append(token)
    found = []
    first, last = phrase.words[0], phrase.words[-1]
    for start in by_place:
        each = [
            _at(by_place.get(start + place - first[1], []), word, phrase.prefix and (word, place) == last)
            for word, place in phrase.words
        ]
        if all(each):
            found += [(token.start, token.end) for token in each if token]
    return found


def _at(here: list[Token], word: str, prefix: bool) -> Token | None:
    return next((each for each in here if each.word == word or (prefix and each.word.startswith(word))), None)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, without overlaps."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _cut(text: str, spans: list[tuple[int, int]]) -> Hit:
    """The text around the first hit, cut between words."""
    start = max(0, spans[0][0] - _BEFORE)
    if start:
        start = text.find(" ", start, spans[0][0]) + 1 or start
    end = min(len(text), start + _LONG)
    if end < len(text):
        end = max(text.rfind(" ", spans[0][1], end), spans[0][1])
    pieces: Hit = [Piece("…", False)] if start else []
    at = start
    for first, last in spans:
        if first >= end:
            break
        pieces += [Piece(text[at:first], False), Piece(text[first:last], True)]
        at = last
    pieces += (
        [Piece(text[at:end], False), Piece("…", False)]
        if at < end < len(text)
        else [Piece(text[at:end], False)]
    )
    return [piece for piece in pieces if piece.text]
