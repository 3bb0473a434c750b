"""A condition, taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from heed.inbox.search.lexicon import Phrase


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an operator as it was written, and where."""

    text: str
    position: int
    end: int = 0
    """Where it stops, with its quotation marks; 0 for one that stands in no text."""


@dataclass(frozen=True, slots=True)
class Term:
    """An operator with its values, of which one must fit."""

    operator: str
    values: tuple[Value, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words that must stand in the ticket one after the other."""

    phrase: Phrase
    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """The ticket with this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Everything:
    """Nothing was asked."""


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Tree


Tree = Everything | Term | Words | Number | And | Or | Not


def leaves(tree: Tree) -> list[Term | Words | Number]:
    """What a condition asks, without how it is joined."""
    match tree:
        case And(parts) | Or(parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Not(part):
            return leaves(part)
        case Everything():
            return []
    return [tree]


def wanted(tree: Tree) -> list[Words]:
    """The words a ticket is found by: those that are not denied."""
    match tree:
        case And(parts) | Or(parts):
            return [words for part in parts for words in wanted(part)]
        case Words():
            return [tree]
    return []
