"""From what somebody typed to a tree.

condition = any of, joined by OR
all of    = parts side by side, or joined by AND
part      = [- or NOT] ( "(" condition ")" | operator:value,value | "a phrase" | #4182 | word | beginn* )
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Literal

import regex
from django.utils.translation import gettext as _

from heed.inbox.conditions.refusals import BadCondition
from heed.inbox.conditions.tree import And, Everything, Not, Number, Or, Term, Tree, Value, Words
from heed.inbox.search.lexicon import Mark, phrase

LONGEST = 2000
_DEEPEST = 20
_MOST_TERMS = 60

_OPERATOR = regex.compile(r"([^\W\d_][\w-]*):(?!//)")
_NUMBER = regex.compile(r"#(\d{1,18})(?=[\s()]|$)")
_PLAIN = regex.compile(r"[^\s()]+")
_VALUE = regex.compile(r'"([^"]*)"|[^\s(),"]+')
_NO_LETTER = regex.compile(r"[\0\ud800-\udfff]")
"""What the database cannot keep, and so cannot be asked for."""
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})
_ALIASES = {"network": "from", "number": "number"}

Kind = Literal["open", "close", "and", "or", "not", "leaf", "end"]


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    position: int
    word: str
    tree: Tree | None = None


def read(text: str, names: frozenset[str], *, unfinished: bool = False) -> Tree:
    """The tree of a condition. `names` are the operators there are; `unfinished` while somebody types:
    the last word may be the beginning of one, the last quotation mark may be missing."""
    if len(text) > LONGEST:
        raise BadCondition(
            LONGEST, "", _("This condition is too long: %(most)d letters are the most.") % {"most": LONGEST}
        )
    if bad := _NO_LETTER.search(text):
        sentence = _("There is no letter or number here that could be looked for.")
        raise BadCondition(bad.start(), "", sentence)
    pieces = _Scanner(text, names, unfinished).pieces()
    if sum(piece.kind == "leaf" for piece in pieces) > _MOST_TERMS:
        raise BadCondition(
            0,
            text,
            _("This condition asks for too much at once: %(most)d things are the most.")
            % {"most": _MOST_TERMS},
        )
    return _Parser(pieces).whole()


class _Scanner:
    """Cuts the text into pieces."""

    def __init__(self, text: str, names: frozenset[str], unfinished: bool) -> None:
        self.text = text.translate(_QUOTES)
        self.names = names
        self.unfinished = unfinished
        self.at = 0

    def pieces(self) -> list[Piece]:
        found = []
        while self._skip_space():
            found.append(self._next())
        return [*found, Piece("end", len(self.text), "")]

    def _skip_space(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _next(self) -> Piece:
        start, letter = self.at, self.text[self.at]
        if letter in "()":
            self.at += 1
            return Piece("open" if letter == "(" else "close", start, letter)
        if letter == "-" and self.text[start + 1 : start + 2].strip(" -"):
            self.at += 1
            return Piece("not", start, "-")
        if letter == '"':
            return self._phrase()
        if number := _NUMBER.match(self.text, start):
            self.at = number.end()
            return Piece("leaf", start, number[0], Number(int(number[1])))
        return self._operator() or self._word()

    def _phrase(self) -> Piece:
        start = self.at
        end = self.text.find('"', start + 1)
        if end < 0 and not self.unfinished:
            word = self.text[start:]
            raise BadCondition(start, word, _("This quotation mark is never closed."), f'{word.rstrip()}"')
        inside = self.text[start + 1 : end if end >= 0 else len(self.text)]
        self.at = end + 1 if end >= 0 else len(self.text)
        return self._words(inside, start, prefix=end < 0)

    def _word(self) -> Piece:
        start = self.at
        found = _PLAIN.match(self.text, start)
        assert found is not None
        word = found[0].split('"', 1)[0] or found[0]
        self.at = start + len(word)
        if word in ("AND", "OR", "NOT"):
            return Piece(word.lower(), start, word)
        typing = self.unfinished and self.at == len(self.text)
        return self._words(word, start, prefix=typing or word.endswith("*"))

    def _words(self, text: str, start: int, prefix: bool) -> Piece:
        asked = phrase(text, prefix=prefix)
        written = self.text[start : self.at]
        if asked is None:
            if self.unfinished:
                return Piece("leaf", start, written, Everything())
            raise BadCondition(
                start, written, _("There is no letter or number here that could be looked for.")
            )
        return Piece("leaf", start, written, Words(asked, text))

    def _operator(self) -> Piece | None:
        start = self.at
        found = _OPERATOR.match(self.text, start)
        if found is None:
            return None
        name = _ALIASES.get(found[1].lower(), found[1].lower())
        if name not in self.names:
            raise self._unknown(found[1], start)
        self.at = found.end()
        values = tuple(self._values())
        if not values or not values[0].text:
            raise BadCondition(start, found[0], _("What should “%(name)s” be?") % {"name": found[0]})
        return Piece("leaf", start, self.text[start : self.at], Term(name, values, start))

    def _values(self) -> list[Value]:
        found: list[Value] = []
        while True:
            start, text = self.at, ""
            while part := _VALUE.match(self.text, self.at):
                text += part[1] if part[1] is not None else part[0]
                self.at = part.end()
            if self.text[self.at : self.at + 1] == '"':
                if not self.unfinished:
                    raise BadCondition(
                        self.at, self.text[self.at :], _("This quotation mark is never closed.")
                    )
                text, self.at = text + self.text[self.at + 1 :], len(self.text)
            if text:
                found.append(Value(text.strip(), start, self.at))
            if self.text[self.at : self.at + 1] != ",":
                return found
            self.at += 1

    def _unknown(self, name: str, start: int) -> BadCondition:
        close = nearest(name.lower(), self.names | _ALIASES.keys())
        sentence = _("There is no “%(name)s:”. To look for these letters, put them in quotation marks.")
        return BadCondition(start, name + ":", sentence % {"name": name}, f"{close}:" if close else "")


class _Parser:
    """Puts the pieces together."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces
        self.at = 0

    def whole(self) -> Tree:
        if self._next().kind == "end":
            return Everything()
        tree = self._any_of(0)
        if self._next().kind != "end":
            raise BadCondition(self._next().position, self._next().word, _("This bracket closes nothing."))
        return tree

    def _next(self) -> Piece:
        return self.pieces[self.at]

    def _take(self) -> Piece:
        self.at += 1
        return self.pieces[self.at - 1]

    def _any_of(self, depth: int) -> Tree:
        parts = [self._all_of(depth)]
        while self._next().kind == "or":
            self._take()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self, depth: int) -> Tree:
        parts = [self._part(depth)]
        while self._next().kind not in ("or", "close", "end"):
            if self._next().kind == "and":
                self._take()
            parts.append(self._part(depth))
        return _joined(parts)

    def _part(self, depth: int) -> Tree:
        piece = self._take()
        if depth > _DEEPEST:
            raise BadCondition(piece.position, piece.word, _("Too many brackets stand in one another here."))
        match piece.kind:
            case "leaf":
                assert piece.tree is not None
                return piece.tree
            case "not":
                return Not(self._part(depth + 1))
            case "open":
                inside = self._any_of(depth + 1)
                if self._next().kind != "close":
                    raise BadCondition(piece.position, "(", _("This bracket is never closed."))
                self._take()
                return inside
            case "end":
                self.at -= 1
                raise BadCondition(max(0, piece.position - 1), "", _("Something is missing at the end."))
        raise BadCondition(
            piece.position, piece.word, _("Something is missing before “%(word)s”.") % {"word": piece.word}
        )


def _joined(parts: list[Tree]) -> Tree:
    """All of these. `in:note` beside words says where the words must stand."""
    places = [part for part in parts if isinstance(part, Term) and part.operator == "in"]
    if len(places) == 1 and any(_is_words(part) for part in parts):
        mark = places[0].values[0].text.lower()
        if mark in ("note", "subject") and len(places[0].values) == 1:
            parts = [_marked(part, mark) for part in parts if part is not places[0]]  # type: ignore[arg-type]
    parts = [part for part in parts if not isinstance(part, Everything)] or parts[:1]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _is_words(tree: Tree) -> bool:
    return isinstance(tree.part if isinstance(tree, Not) else tree, Words)


def _marked(tree: Tree, mark: Mark) -> Tree:
    if isinstance(tree, Not):
        return Not(_marked(tree.part, mark))
    if isinstance(tree, Words):
        return replace(tree, phrase=replace(tree.phrase, mark=mark))
    return tree


def nearest(word: str, known: frozenset[str] | set[str] | list[str]) -> str:
    """The known word most like this one; empty where none is."""
    return next(iter(difflib.get_close_matches(word, sorted(known), 1, 0.6)), "")
